"""What makes one value of several."""

from __future__ import annotations

from collections.abc import Sequence

from ....decompile.network import make
from ....ops.merge import AXES
from ...unread import Unread
from ..reader import Reader, reads
from ..source import View
from ..values import Map
from .sizes import known

WORDS = {"Add": "add", "Sum": "add", "Sub": "subtract", "Mul": "multiply", "Mean": "average", "Max": "maximum",
         "Min": "minimum"}  # fmt: skip


@reads(*WORDS)
def merge(to: Reader, view: View) -> Map | None:
    if not all(to.is_map(name) for name in view.inputs):
        for name in view.inputs:
            to.map(name)
        return None
    names = [unexpanded(to, name, view.inputs) for name in view.inputs]
    return to.merged(make(WORDS[view.kind]), [to.map(name) for name in names])


def unexpanded(to: Reader, name: str, beside: Sequence[str]) -> str:
    """The value behind an `Expand` to the size of one beside it: a merge does that of itself."""
    view = to.graph.makers.get(name)
    if view is None or view.kind != "Expand" or not to.is_map(view.inputs[0]):
        return name
    dims = to.dims(to.map(name))
    others = [to.map(other) for other in beside if other != name]
    return view.inputs[0] if any(to.dims(other) == dims for other in others) else name


@reads("Expand")
def expanded(to: Reader, view: View) -> Map:
    """One place, or places in a row, repeated to the size of a value or to one that is known."""
    x = to.map(view.inputs[0])
    sizes = known(to, view.inputs[1])
    rank, shape = len(x.axes) - 1, to.shape(x)
    if sizes is None or len(sizes.items) != rank + 2 or x.order is not None:
        raise Unread("the size of its result is computed in a way that is not followed")
    wanted = dict(zip(x.axes, sizes.items[1:]))
    origins = dict(zip(x.axes, sizes.known_origins[1:]))
    if wanted[rank] not in (1, shape.channels) or not rank:
        raise Unread("it repeats channels")
    like = origins[0][0] if origins[0] is not None else None
    if like is not None and all(origins[axis] == (like, axis) for axis in range(rank)) and shape.area == 1:
        return Map(to.layer(make("upsample", to=1), [x, to.settled(like)], view).ref, x.axes)
    pairs = [(n, wanted[axis] if wanted[axis] != 1 else n) for axis, n in enumerate(shape.spatial)]
    if any(n is None or m is None or (n != m and n != 1) for n, m in pairs):
        raise Unread(f"it repeats what is no single place: {shape} to {list(sizes.items)}")
    return x if all(n == m for n, m in pairs) else to.like(x, make("upsample", to=tuple(m or 0 for _, m in pairs)))


@reads("Concat")
def concat(to: Reader, view: View) -> Map | None:
    if not any(to.is_map(name) for name in view.inputs):
        return None
    values = [to.map(name) for name in view.inputs]
    if len({v.axes for v in values}) > 1:
        values = [to.settled(v) for v in values]
    if any(v.order is not None for v in values):
        raise Unread("it joins maps flattened with their channels first")
    axes = values[0].axes
    axis = view.attributes["axis"] % (len(axes) + 1)
    if axis == 0:
        raise Unread("it joins along the batch")
    place = axes[axis - 1]
    rank = len(axes) - 1
    if place != rank and rank not in AXES:
        raise Unread("it joins along an axis that has no name")
    word = "channels" if place == rank else AXES[rank][place]
    return to.joined(values, word)


def channel_axis(x: Map, axis: int) -> bool:
    """Whether an axis of the tensor holds the channels."""
    rank = len(x.axes) - 1
    axis %= rank + 2
    return axis > 0 and x.axes[axis - 1] == rank
