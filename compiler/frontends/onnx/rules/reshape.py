"""Other arrangements. ONNX runs through its own axes, we through the written ones: where these differ, values are
permuted, or a dense layer's weights."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np

from ....decompile.network import make
from ....ops.geometry import Padding
from ...borders import worded
from ...unread import Unread
from ..pattern import Fixed, Found, X, node
from ..reader import Reader, reads
from ..source import View
from ..values import Map, first, last, whole
from .merge import channel_axis
from .open import centred
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
    asked: list[int | None] = to.sizes(view.inputs[1]) or list(whole(to.fixed(view.inputs[1])))
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
    axes = to.whole(view, "axes", 1) or []
    x = to.in_order(x)
    dims = list(to.dims(x))
    if view.kind == "Squeeze":
        gone = {a % (len(dims) + 1) - 1 for a in axes} if axes else {i for i, n in enumerate(dims) if n == 1}
        if -1 in gone:
            raise Unread("it takes the batch away")
        rest = [n for i, n in enumerate(dims) if i not in gone]
        narrow = narrowed(to, view, x, {x.axes[i] for i in gone})
        return narrow if narrow is not None else to.reshaped(x, rest)
    total = len(dims) + 1 + len(axes)
    places = sorted(a % total for a in axes)
    if 0 in places:
        raise Unread("it puts an axis before the batch")
    for place in places:
        dims.insert(place - 1, 1)
    return to.reshaped(x, dims)


def narrowed(to: Reader, view: View, x: Map, gone: set[int]) -> Map | None:
    """A convolution over a sequence that was given a second dimension for it, as TensorFlow has it; None for others."""
    layer = to.maker(x)
    if layer.op.word not in ("conv", "depthwise_conv") or len(x.axes) != 3 or len(gone) != 1 or 2 in gone:
        return None
    maker, (dead,), shape = to.build.layers[layer.inputs[0].layer], gone, to.build.shape(layer.inputs[0])
    (live,) = {0, 1} - gone
    if maker.op.word != "reshape" or to.build.shape(maker.inputs[0]) != (shape[live], shape.channels):
        return None
    over = layer.op.sliding(shape)  # type: ignore[attr-defined]
    if over.size[dead] != 1 or over.borders[live] is None:
        return None
    given = {
        "size": (over.size[live],),
        "stride": (over.stride[live],),
        "dilation": (over.dilation[live],),
        "pad": Padding("explicit", (over.borders[live],)),
    }
    op = worded(layer.op.changed(**given), to.build.shape(maker.inputs[0]))
    weights = {key: w if w.ndim < 4 else w.squeeze(dead + 2) for key, w in layer.weights.items()}
    return Map(to.build.add(op, maker.inputs, layer.path, weights), first(1) if x.axes == first(2) else last(1))


@reads("Split")
def split(to: Reader, view: View) -> list[Map]:
    """Shares of the channels, or pieces of a map."""
    x = to.map(view.inputs[0])
    axis, dims = view.attributes.get("axis", 0) % (len(x.axes) + 1), to.dims(x)
    size = dims[axis - 1] if axis else None
    sizes = to.whole(view, "split", 1) or equal(size, len(view.outputs))
    if not axis or x.order is not None or size is None or sum(sizes) != size:
        raise Unread(f"it splits {'the batch' if not axis else 'a flattened map or an open size'}")
    written, starts = x.axes[axis - 1], [sum(sizes[:i]) for i in range(len(sizes))]
    if written < len(x.axes) - 1:
        edges = [(start, size - start - length) for start, length in zip(starts, sizes)]
        return [cropped(to, x, {written: edge}) for edge in edges]
    if len(set(sizes)) == 1:
        return to.parts(x, len(view.outputs))
    return [to.taken(x, range(start, start + length)) for start, length in zip(starts, sizes)]


def equal(size: int | None, count: int) -> list[int]:
    """Shares as large as each other; the last has what is left."""
    share = -(-(size or 0) // count)
    return [share] * (count - 1) + [(size or 0) - share * (count - 1)]


def cropped(to: Reader, x: Map, edges: dict[int, tuple[int, int]]) -> Map:
    """A map without places before and after some of its dimensions."""
    border = tuple(edges.get(axis, (0, 0)) for axis in range(len(x.axes) - 1))
    return to.like(x, make("crop", border=border)) if any(map(any, border)) else x


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
    x = to.map(view.inputs[0])
    if not channel_axis(x, view.attributes.get("axis", 0)) or x.order is not None:
        return resampled(to, view)
    index = to.fixed(view.inputs[1])
    if index.ndim != 1:
        raise Unread("it takes one channel away from its axis")
    return to.taken(x, [n % (to.shape(x).channels or 1) for n in whole(index)])


class Cut(NamedTuple):
    """What `Slice` leaves of one axis of the tensor, the batch counted as 0."""

    axis: int
    start: int
    end: int
    step: int


def cuts(to: Reader, view: View, axes: int) -> list[Cut]:
    starts, ends = to.whole(view, "starts", 1) or [], to.whole(view, "ends", 2) or []
    over = to.whole(view, "axes", 3) or list(range(len(starts)))
    steps = to.whole(view, "steps", 4) or [1] * len(starts)
    return [Cut(axis % axes, *cut) for axis, *cut in zip(over, starts, ends, steps)]


@reads("Slice")
def sliced(to: Reader, view: View) -> Map:
    """Some of the channels, a map with its border cut away, or every second of its places."""
    if len(view.inputs) > 2 and not all(map(to.graph.is_stored, view.inputs[1:3])):
        made = centred(to, view)
        if made is not None:
            return made
    x = to.in_order(to.map(view.inputs[0]))
    rank, edges, strides = len(x.axes) - 1, {}, [1] * (len(x.axes) - 1)
    for cut in cuts(to, view, rank + 2):
        size = to.dims(x)[cut.axis - 1] if cut.axis else None
        if not cut.axis and not (cut.start == 0 and cut.end >= FAR and cut.step == 1):
            raise Unread("it cuts the batch")
        if not cut.axis:
            continue
        if cut.step < 0:
            raise Unread("it turns the order round")
        written = x.axes[cut.axis - 1]
        if written == rank:
            x = channels(to, x, cut, size)
        else:
            edges[written], strides[written] = edge(cut, size), cut.step
    x = cropped(to, x, edges)
    if max(strides, default=1) == 1:
        return x
    # a window of one place takes each place that it meets
    return to.like(x, make("maxpool", size=(1,), stride=tuple(strides)))


FAR = 2**31 - 1
"""An end from here on is that of the axis."""


def edge(cut: Cut, size: int | None) -> tuple[int, int]:
    """Places before and behind what is left of a dimension."""
    if size is None:
        if cut.start < 0 or 0 <= cut.end < FAR:
            raise Unread("it cuts an open size at a place counted from its other end")
        return cut.start, max(-cut.end, 0)
    start, end, _ = slice(cut.start, cut.end).indices(size)
    if end <= start:
        raise Unread("it leaves nothing")
    return start, size - end


def channels(to: Reader, x: Map, cut: Cut, size: int | None) -> Map:
    """Some of the channels."""
    start, end, _ = slice(cut.start, cut.end).indices(size or 0)
    if cut.step > 1:
        return to.taken(x, range(start, end, cut.step))
    return x if (start, end) == (0, size) else to.share(x, start, end, size or 0)
