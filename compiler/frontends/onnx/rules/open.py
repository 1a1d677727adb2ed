"""What hangs on open sizes, computed in the graph: told by what it comes to at some sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ....decompile.network import Ref, make
from ....ops.base import Op, OpError
from ....ops.geometry import SAME, VALID, Padding, Pairs, explicit
from ....ops.pool import Pool
from ....shape import Shape
from ...unread import Unread
from ..folding import computed
from ..pattern import Found, node
from ..reader import Reader
from ..source import Array, View
from ..values import Map, whole
from .patterns import reads_as

SAMPLES = range(5, 24)
"""Sizes at which it is tried out: all remainders of usual strides, and maps smaller than usual windows."""

Dims = Callable[[Map], Sequence[int]]
"""The sizes of a value as they lie in the source, for one trial."""


def evaluated(to: Reader, name: str, dims: Dims) -> Array | None:
    """What a vector of sizes comes to; None where it is made of anything but shapes and known numbers."""
    fixed, view = to.graph.fixed(name), to.graph.makers.get(name)
    if fixed is not None or view is None:
        return fixed
    if view.kind == "Shape":
        value, inner = to.values.get(view.inputs[0]), None
        if not isinstance(value, Map):
            inner = evaluated(to, view.inputs[0], dims)
        cut = slice(view.attributes.get("start"), view.attributes.get("end"))
        sizes = [1, *dims(value)] if isinstance(value, Map) else None if inner is None else list(inner.shape)
        return None if sizes is None else np.array(sizes[cut], np.int64)
    arrays = [evaluated(to, n, dims) for n in view.inputs if n]
    known = [array for array in arrays if array is not None]
    return computed(view, known) if known and len(known) == len(arrays) else None


def measured(to: Reader, name: str) -> list[Map]:
    """The values whose shapes a vector of sizes is made of."""
    view = to.graph.makers.get(name)
    if view is None or to.graph.is_stored(name):
        return []
    value = to.values.get(view.inputs[0]) if view.kind == "Shape" else None
    if isinstance(value, Map):
        return [value]
    return list(dict.fromkeys(m for n in view.inputs for m in measured(to, n)))


def sampled(shape: Shape, size: int) -> Shape:
    """The shape with its open sizes settled."""
    return Shape(n or size for n in shape)


def laid(shapes: dict[Ref, Shape]) -> Dims:
    """The sizes of values of these shapes."""
    return lambda value: [shapes[value.ref][axis] or 0 for axis in value.axes]


# --- borders ----------------------------------------------------------------------------------------------------------


class Bordered(NamedTuple):
    """A map behind a `Pad` whose places are computed from its size."""

    x: Map
    pads: str


def behind_pad(to: Reader, name: str, fill: float) -> Bordered | None:
    """The map that a computed border of such numbers was put around; None where there is none."""
    view = to.graph.makers.get(name)
    if view is None or view.kind != "Pad" or to.is_map(name) or not to.is_map(view.inputs[0]):
        return None
    value = to.graph.fixed(view.inputs[2]) if to.optional(view, 2) else np.zeros(())
    plain = view.attributes.get("mode", "constant") == "constant" and not to.optional(view, 3)
    if not plain or value is None or float(value.reshape(-1)[0]) != fill:
        return None
    return Bordered(to.first(view.inputs[0]), view.inputs[1])


def entered(to: Reader, name: str, fill: float) -> tuple[Map, Bordered | None]:
    """The map that a window is slid over, without a border that is computed from its size, and that border."""
    found = behind_pad(to, name, fill)
    return (to.first(name), None) if found is None else (found.x, found)


def with_border(to: Reader, found: Bordered, op: Any) -> Op:
    """A convolution or pool with the computed border of its map as its own. Unread where it cannot have it."""
    for other in candidates(to, found, op):
        if lies_alike(to, found, op, other):
            return other  # type: ignore[no-any-return]
    raise Unread("the border of its map is computed in a way that no layer does")


def own(op: Any, rank: int) -> Pairs:
    """The places that a window has around the map besides."""
    return explicit(op.pad.pairs, rank) if op.pad.kind == "explicit" else ((0, 0),) * rank


def candidates(to: Reader, found: Bordered, op: Any) -> Iterator[Any]:
    """The layer with a border that follows from the size of its map."""
    x = to.shape(found.x)
    inner, pads = own(op, x.rank), edges(to, found, sampled(x, SAMPLES[-1]))
    if not any(map(any, inner)):
        yield op.changed(pad=SAME)
    if pads is not None and isinstance(op, Pool):
        around = inner if any(map(any, inner)) else tuple((a, a) for a, _ in pads)
        yield op.changed(pad=Padding("explicit", around) if any(map(any, around)) else VALID, ceil=True)


def edges(to: Reader, found: Bordered, shape: Shape) -> list[tuple[int, int]] | None:
    """Places before and behind each dimension of a map of this shape."""
    pads = evaluated(to, found.pads, laid({found.x.ref: shape}))
    if pads is None or measured(to, found.pads) != [found.x] or pads.size != 2 * (shape.rank + 2):
        return None
    around = list(zip(whole(pads[: shape.rank + 2]), whole(pads[shape.rank + 2 :])))
    return around[2:] if not any(map(any, around[:2])) else None


def lies_alike(to: Reader, found: Bordered, op: Any, other: Any) -> bool:
    """Whether the layer's windows lie on the map with its border where the other's lie on the map, at all sizes."""
    tried = 0
    for size in SAMPLES:
        shape = sampled(to.shape(found.x), size)
        around = edges(to, found, shape)
        if around is None or any(n < 0 for edge in around for n in edge):
            return False
        around = [(a + c, b + d) for (a, b), (c, d) in zip(around, own(op, shape.rank))]
        whole_map = Shape((*(n + a + b for n, (a, b) in zip(shape.spatial, around) if n), shape.channels))
        try:
            windows, wanted = op.changed(pad=VALID).sliding(whole_map), other.sliding(shape)
        except OpError:
            continue
        tried += 1
        if windows.counts != wanted.counts or [a for a, _ in around] != [edge[0] for edge in wanted.borders]:
            return False
    return tried > 3


POOLED = node("AveragePool", node("Pad", name="values"), name="sums")
SHARES = node("AveragePool", node("Pad", node("Expand"), name="ones"), name="shares")


@reads_as(node("Div", POOLED, SHARES))
def shared(to: Reader, view: View, found: Found) -> Map | None:
    """A mean over the places that are there: the pooled map over pooled ones, with the same border."""
    sums, shares, ones = (to.graph.makers[found[key]] for key in ("sums", "shares", "ones"))
    alike = {key: sums.attributes.get(key) for key in ("kernel_shape", "strides")}
    if any(shares.attributes.get(key) != given for key, given in alike.items()) or sums.attributes.get("pads"):
        return None
    border = behind_pad(to, found["values"], 0.0)
    if border is None or None in alike.values():
        return None
    size, stride = (tuple(alike[key] or ()) for key in ("kernel_shape", "strides"))
    op: Any = make("avgpool", size=size, stride=stride, count_pad=False)
    border, op = counted(to, border, op)
    shape = sampled(to.shape(border.x), SAMPLES[-1])
    if edges(to, border, shape) != edges(to, Bordered(border.x, ones.inputs[1]), shape):
        return None
    op = with_border(to, border, op)
    return to.layer(op if op.pad.kind == "explicit" else op.changed(count_pad=True), [border.x], view)


def counted(to: Reader, border: Bordered, op: Any) -> tuple[Bordered, Any]:
    """With zeros around the map before, that count, the map within and the pool that counts them."""
    made = to.maker(border.x)
    inner = measured(to, border.pads)
    if made.op.word != "zeropad" or [m.ref for m in inner] != list(made.inputs) or made.op.__dict__["value"]:
        return border, op
    pad = Padding("explicit", explicit(made.op.__dict__["border"], to.shape(border.x).rank))
    return Bordered(inner[0], border.pads), op.changed(pad=pad, count_pad=True)


# --- the middle of a map ----------------------------------------------------------------------------------------------


def centred(to: Reader, view: View) -> Map | None:
    """A map cut to the size of another value, the same number of places on both sides; None for others."""
    x = to.first(view.inputs[0])
    others = [m for m in measured(to, view.inputs[1]) + measured(to, view.inputs[2]) if m.ref != x.ref]
    axes = to.whole(view, "axes", 3) or []
    if len(dict.fromkeys(others)) != 1 or axes != list(range(2, to.shape(x).rank + 2)) or to.optional(view, 4):
        return None
    other = to.settled(others[0])
    if to.shape(other).rank != to.shape(x).rank:
        return None
    for size in SAMPLES:
        large, small = (sampled(to.shape(m), n) for m, n in ((x, size + 7), (other, size)))
        if any((a or 0) < (b or 0) for a, b in zip(large.spatial, small.spatial)):
            return None
        dims = laid({x.ref: large, other.ref: small})
        ends = [evaluated(to, name, dims) for name in view.inputs[1:3]]
        wanted = [(a - b) // 2 for a, b in zip(large.spatial, small.spatial) if a and b]
        if ends[0] is None or ends[1] is None or whole(ends[0]) != wanted:
            return None
        if whole(ends[1] - ends[0]) != list(small.spatial):
            return None
    return to.layer(make("crop", border=1), [x, other], view)
