"""Pooling. What a last window of `ceil=true` lacks is written as a border: runtimes disagree on ONNX's ceil_mode."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from ....ops.base import OpError
from ....ops.geometry import Sizes, Sliding, spread
from ....ops.pool import (
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    AdaptivePool,
    AvgPool,
    GlobalAvgPool,
    GlobalMaxPool,
    GlobalPool,
    L2Pool,
    MaxPool,
    MaxPoolPlaces,
    Pool,
)
from ....ops.unpool import Unpool
from ....shape import Shape
from ..emitter import Emitter
from .conv import framed
from .open import Edges, beyond, bordered, same
from .sizes import axes, places, spatial
from .table import emit


def known(op: Pool, x: Shape, over: Sliding) -> bool:
    """Whether where the windows lie can be said without the sizes of the map."""
    smaller = any(span < step for span, step in zip(over.spans, over.stride))
    return None not in over.counts or not (op.ceil or (None in over.borders and smaller))


def lacking(op: Pool, x: Shape, over: Sliding) -> list[int]:
    """Places by which the last windows reach beyond the border, for each dimension; all sizes are known."""
    if not op.ceil:
        return [0] * x.rank
    found = []
    for n, span, step, edge, count in zip(x.spatial, over.spans, over.stride, over.borders, over.counts):
        assert n is not None
        assert count is not None
        assert edge is not None
        found.append(max((count - 1) * step + span - n - sum(edge), 0))
    return found


def windows(op: Pool, to: Emitter, over: Sliding) -> dict[str, Any]:
    """The windows as attributes."""
    _, attributes = framed(to, over)
    del attributes["dilations"]
    if "pads" in attributes:
        lack = lacking(op, to.shapes[0], over)
        attributes["pads"] = list(map(sum, zip(attributes["pads"], [0] * len(lack) + lack)))
    return attributes


def reach(op: Pool, to: Emitter, x: str, over: Sliding, *, inner: bool = True) -> Edges:
    """The whole border where it hangs on open sizes; without the part that is known where not `inner`."""
    if None in over.borders:
        return same(to, x, over)
    edges = [edge or (0, 0) for edge in over.borders]
    rest = beyond(to, x, over)
    if not inner:
        return Edges(to.constant([0] * len(edges)), rest)
    after = to.node("Add", [rest, to.constant([b for _, b in edges])])
    return Edges(to.constant([a for a, _ in edges]), after)


@emit.register
def maxpool(op: MaxPool, to: Emitter) -> list[str]:
    return [pooled_with(to, op, "MaxPool", -inf)]


@emit.register
def l2pool(op: L2Pool, to: Emitter) -> list[str]:
    return [pooled_with(to, op, "LpPool", 0.0, p=2)]


def pooled_with(to: Emitter, op: Pool, kind: str, fill: float, **attributes: Any) -> str:
    """A pooling for which places that hold `fill` are not there."""
    (x,), over = to.inputs, op.sliding(to.shapes[0])
    if known(op, to.shapes[0], over):
        return str(to.node(kind, [x], **windows(op, to, over), **attributes))
    x = bordered(to, x, reach(op, to, x, over), fill)
    return str(to.node(kind, [x], kernel_shape=over.size, strides=over.stride, **attributes))


@emit.register
def avgpool(op: AvgPool, to: Emitter) -> list[str]:
    """Where zeros of the border count and what the last window lacks does not, the zeros are put there first."""
    (x,), (shape,) = to.inputs, to.shapes
    over, counts = op.sliding(shape), op.counts_border
    if not known(op, shape, over):
        return [share(op, to, over, counts)]
    attributes, lack = windows(op, to, over), lacking(op, shape, over)
    if counts and any(lack):
        x = fixed_border(to, x, over)
        attributes["pads"], counts = [0] * shape.rank + lack, False
    return [to.node("AveragePool", [x], **attributes, count_include_pad=int(counts))]


def fixed_border(to: Emitter, x: str, over: Sliding) -> str:
    """The map with the zeros of a known border."""
    edges = [edge or (0, 0) for edge in over.borders]
    before, after = [a for a, _ in edges], [b for _, b in edges]
    return str(to.node("Pad", [x, to.constant([0, 0, *before, 0, 0, *after])]))


def share(op: AvgPool, to: Emitter, over: Sliding, counts: bool) -> str:
    """The mean over the places that count, with open sizes: the pooled map over the pooled places."""
    (x,) = to.inputs
    if counts:
        x = fixed_border(to, x, over)
    outer = reach(op, to, to.inputs[0], over, inner=not counts)
    one, two = to.constant([1, 1]), to.node("Shape", [x], start=2)
    places = to.node("Expand", [to.constant(1.0), to.node("Concat", [one, two], axis=0)])
    sums, shares = (
        to.node("AveragePool", [bordered(to, value, outer)], kernel_shape=over.size, strides=over.stride)
        for value in (x, places)
    )
    return str(to.node("Div", [sums, shares]))


@emit.register
def maxpool_places(op: MaxPoolPlaces, to: Emitter) -> list[str]:
    """ONNX counts places through the whole tensor, we within each channel's map."""
    (x,), (shape,) = to.inputs, to.shapes
    maps, found = to.node("MaxPool", [x], outputs=2, **windows(op, to, op.sliding(shape)))
    return [maps, to.node("Mod", [found, places(to, x, shape)])]


@emit.register
def unpool(op: Unpool, to: Emitter) -> list[str]:
    maps, found, *_ = to.inputs
    target = op.to if isinstance(op.to, int) else 0
    shape = Shape((*op.sizes(to.shapes), to.shapes[0].channels))
    if shape.area is None and not target:
        raise OpError("with an open size `unpool` can be exported with `to=` only", code="open-size")
    size = spatial(to, to.inputs[target], shape)
    room = to.node("Concat", [to.node("Shape", [maps], end=2), places(to, to.inputs[target], shape)], axis=0)
    zeros = to.node("Expand", [to.constant(0.0), room])
    flat = to.constant([0, 0, -1])
    rows = [to.node("Reshape", [value, flat]) for value in (found, maps)]
    filled = to.node("ScatterElements", [zeros, *rows], axis=2)
    whole = to.node("Concat", [to.constant([0, 0]), size], axis=0)
    return [to.node("Reshape", [filled, whole])]


def adapted(op: AdaptivePool, to: Emitter, whole: str, pool: str, reduce: str) -> list[str]:
    """The whole map, windows of one size, or, axis by axis, the places of every window gathered and reduced."""
    (x,), (shape,) = to.inputs, to.shapes
    sizes = spread(op.out, shape.rank, "out")
    if set(sizes) == {1}:
        return [to.node(whole, [x])]
    if None in shape.spatial:
        return [adapted_open(to, x, sizes, reduce)]
    spans = [n for n in shape.spatial if n is not None]
    if not any(n % out for n, out in zip(spans, sizes)):
        steps = [n // out for n, out in zip(spans, sizes)]
        return [to.node(pool, [x], kernel_shape=steps, strides=steps)]
    for axis, n, out in zip(axes(shape), spans, sizes):
        if n != out:
            x = along(to, x, axis, n, out, reduce)
    return [x]


def along(to: Emitter, x: str, axis: int, size: int, out: int, reduce: str) -> str:
    """One axis of `size` reduced to `out` windows; short windows repeat their last place with weight 0."""
    starts = [i * size // out for i in range(out)]
    ends = [-(-(i + 1) * size // out) for i in range(out)]
    longest = max(end - start for start, end in zip(starts, ends))
    places = [[min(start + i, end - 1) for i in range(longest)] for start, end in zip(starts, ends)]
    windows = to.node("Gather", [x, to.constant(places)], axis=axis)
    if reduce == "ReduceSum":
        shares = [[float(start + i < end) / (end - start) for i in range(longest)] for start, end in zip(starts, ends)]
        trailing = len(to.shapes[0].spatial) + 1 - axis
        weights = np.array(shares, np.float32).reshape(out, longest, *[1] * trailing)
        windows = to.node("Mul", [windows, to.constant(weights)])
    return str(to.node(reduce, [windows, to.constant([axis + 1])], keepdims=0))


def adapted_open(to: Emitter, x: str, sizes: Sizes, reduce: str) -> str:
    """Means over windows of open sizes: axis by axis, a matrix of shares (windows, places) times the map."""
    if reduce != "ReduceSum":
        raise OpError("`adaptive_maxpool` of an open size cannot be exported", code="open-size")
    rank = len(sizes)
    for axis, out in enumerate(sizes):
        last = [*(i for i in range(rank + 2) if i != axis + 2), axis + 2]
        turned = to.node("Transpose", [x], perm=last)
        made = to.node("MatMul", [turned, to.node("Transpose", [shares(to, x, axis, out)], perm=[1, 0])])
        x = to.node("Transpose", [made], perm=[last.index(i) for i in range(rank + 2)])
    return x


def shares(to: Emitter, x: str, axis: int, out: int) -> str:
    """What each of `out` windows takes of each place along an open axis, (windows, places): windows run from
    floor(i n / out) up to ceil((i + 1) n / out)."""
    n = to.node("Shape", [x], start=axis + 2, end=axis + 3)
    parts = to.constant([out])
    starts = to.node("Div", [to.node("Mul", [to.constant([[i] for i in range(out)]), n]), parts])
    upper = to.node("Mul", [to.constant([[i + 1] for i in range(out)]), n])
    ends = to.node("Div", [to.node("Add", [upper, to.constant([out - 1])]), parts])
    places = to.node("Range", [to.constant(0), to.node("Squeeze", [n]), to.constant(1)])
    inside = to.node("And", [to.node("GreaterOrEqual", [places, starts]), to.node("Less", [places, ends])])
    number = to.node("Cast", [to.node("Sub", [ends, starts])], to=to.kind)
    return str(to.node("Div", [to.node("Cast", [inside], to=to.kind), number]))


@emit.register
def adaptive_avgpool(op: AdaptiveAvgPool, to: Emitter) -> list[str]:
    return adapted(op, to, "GlobalAveragePool", "AveragePool", "ReduceSum")


@emit.register
def adaptive_maxpool(op: AdaptiveMaxPool, to: Emitter) -> list[str]:
    return adapted(op, to, "GlobalMaxPool", "MaxPool", "ReduceMax")


def pooled(op: GlobalPool, to: Emitter, kind: str) -> list[str]:
    made = to.node(kind, to.inputs)
    return [made if op.keep else to.node("Flatten", [made], axis=1)]


@emit.register
def global_avgpool(op: GlobalAvgPool, to: Emitter) -> list[str]:
    return pooled(op, to, "GlobalAveragePool")


@emit.register
def global_maxpool(op: GlobalMaxPool, to: Emitter) -> list[str]:
    return pooled(op, to, "GlobalMaxPool")
