"""Other arrangements. ONNX runs through its own axes, we through the written ones: where these differ, values are
permuted, or a dense layer's weights."""

from __future__ import annotations

from math import prod

import numpy as np

from ....decompile.network import make
from ...unread import Unread
from ..pattern import Fixed, Found, X, node
from ..reader import Reader, reads
from ..source import View
from ..values import Map, Sizes, whole
from .merge import channel_axis
from .patterns import reads_as
from .resize import resampled


@reads("Transpose")
def transpose(to: Reader, view: View) -> Map:
    x = to.map(view.inputs[0])
    return to.transposed(x, view.attributes.get("perm") or list(reversed(range(len(x.axes) + 1))))


@reads("Flatten")
def flatten(to: Reader, view: View) -> Map:
    x = to.map(view.inputs[0])
    if view.attributes.get("axis", 1) != 1:
        raise Unread(f"it flattens from the axis {view.attributes['axis']} on")
    return to.flattened(x)


@reads("Reshape")
def reshape(to: Reader, view: View) -> Map:
    x = to.map(view.inputs[0])
    return to.reshaped(x, target(to, view, x))


def target(to: Reader, view: View, x: Map) -> list[int | None]:
    """The sizes behind the batch; one may follow from the others."""
    value = to.values.get(view.inputs[1])
    asked = list(value.items) if isinstance(value, Sizes) else [int(n) for n in whole(to.fixed(view.inputs[1]))]
    dims = to.dims(x)
    if not view.attributes.get("allowzero"):
        asked = [(None, *dims)[i] if n == 0 and i <= len(dims) else n for i, n in enumerate(asked)]
    batch, *rest = asked
    size = to.shape(x).size
    known = prod(n for n in rest if n is not None and n > 0)
    if rest.count(-1) == 1 and size is not None:
        rest = [size // known if n == -1 else n for n in rest]
    rest = [None if n == -1 else n for n in rest]
    whole_batch = batch in (None, -1) or batch in to.batches
    if not whole_batch or (size is not None and None not in rest and prod(n for n in rest if n) != size):
        raise Unread(f"it changes the batch: {asked}")
    return rest


@reads("Squeeze", "Unsqueeze")
def squeezed(to: Reader, view: View) -> Map:
    """Axes of size 1 that come or go."""
    x = to.map(view.inputs[0])
    axes = view.attributes.get("axes") or (whole(to.fixed(view.inputs[1])) if to.optional(view, 1) else [])
    dims = list(to.dims(x))
    if x.order is not None:
        raise Unread("it has a map flattened with its channels first")
    if view.kind == "Squeeze":
        gone = {a % (len(dims) + 1) - 1 for a in axes} if axes else {i for i, n in enumerate(dims) if n == 1}
        rest = [n for i, n in enumerate(dims) if i not in gone]
    else:
        total = len(dims) + 1 + len(axes)
        places = sorted(a % total for a in axes)
        rest = list(dims)
        for place in places:
            rest.insert(place - 1, 1)
    return to.reshaped(x, rest)


@reads("Split")
def split(to: Reader, view: View) -> list[Map]:
    x = to.first(view.inputs[0])
    if not channel_axis(x, view.attributes.get("axis", 0)):
        raise Unread(f"it splits the axis {view.attributes.get('axis', 0)}: only channels are split")
    sizes = view.attributes.get("split") or (whole(to.fixed(view.inputs[1])) if to.optional(view, 1) else [])
    if len(set(sizes)) > 1:
        return parted(to, x, sizes)
    return to.parts(x, len(view.outputs))


def parted(to: Reader, x: Map, sizes: list[int]) -> list[Map]:
    """Unequal shares of the channels."""
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    return [to.taken(x, range(start, start + size)) for start, size in zip(starts, sizes)]


ROW = node("Reshape", X, Fixed("row"))


@reads_as(node("Gather", ROW, Fixed("places")))
def strided(to: Reader, view: View, found: Found) -> Map | None:
    """All values in a row, batch included, and out of it again in order: `as_strided` of PyTorch's exporter."""
    places = to.fixed(found["places"])
    in_order = places.ndim > 1 and bool((places.reshape(-1) == np.arange(places.size)).all())
    if whole(to.fixed(found["row"])) != [-1] or not in_order or places.shape[0] not in to.batches:
        return None
    x = to.map(found["x"])
    return to.reshaped(x, places.shape[1:]) if to.shape(x).size == prod(places.shape[1:]) else None


@reads("Gather")
def gather(to: Reader, view: View) -> Map | None:
    if not to.is_map(view.inputs[0]):
        return None
    x = to.first(view.inputs[0])
    if not channel_axis(x, view.attributes.get("axis", 0)):
        return resampled(to, view)
    index = to.fixed(view.inputs[1])
    if index.ndim != 1:
        raise Unread("it takes one channel away from its axis")
    return to.taken(x, whole(index))


@reads("Slice")
def sliced(to: Reader, view: View) -> Map:
    """Some of the channels, or a map with its border cut away."""
    x = to.first(view.inputs[0])
    rank, dims = len(x.axes) - 1, to.dims(x)
    starts, ends = (whole(to.fixed(name)) for name in view.inputs[1:3])
    axes = whole(to.fixed(view.inputs[3])) if to.optional(view, 3) else list(range(len(starts)))
    if to.optional(view, 4) and set(whole(to.fixed(view.inputs[4]))) != {1}:
        raise Unread("it leaves places out")
    cut = [(0, 0)] * rank
    for start, end, axis in zip(starts, ends, (a % (rank + 2) for a in axes)):
        size = dims[axis - 1] if axis else None
        if size is None:
            raise Unread("it cuts the batch or an open size")
        start, end, _ = slice(start, end).indices(size)
        if axis == 1:
            x = to.share(x, start, end, size)
        else:
            cut[axis - 2] = (start, size - end)
    return to.layer(make("crop", border=tuple(cut)), [x], view) if any(map(any, cut)) else x
