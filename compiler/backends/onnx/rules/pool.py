"""Pooling. What a last window of `ceil=true` lacks is written as a border: runtimes disagree on ONNX's ceil_mode."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....ops.base import OpError
from ....ops.geometry import Sliding, spread
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
    Unpool,
)
from ....shape import Shape
from ..emitter import Emitter
from .conv import frame
from .sizes import axes, places, spatial
from .table import emit


def lacking(op: Pool, x: Shape, over: Sliding) -> list[int]:
    """Places by which the last windows reach beyond the border, for each dimension."""
    if not op.ceil:
        return [0] * x.rank
    found = []
    for n, span, step, edge, count in zip(x.spatial, over.spans, over.stride, over.borders, over.counts):
        if n is None or count is None or edge is None:
            raise OpError("with an open size `ceil=true` cannot be exported", "ceil", code="open-size")
        found.append(max((count - 1) * step + span - n - sum(edge), 0))
    return found


def framed(op: Pool, x: Shape) -> dict[str, Any]:
    """The windows as attributes."""
    over = op.sliding(x)
    attributes = frame(over)
    del attributes["dilations"]
    if "pads" in attributes:
        attributes["pads"] = list(map(sum, zip(attributes["pads"], [0] * x.rank + lacking(op, x, over))))
    return attributes


@emit.register
def maxpool(op: MaxPool, to: Emitter) -> list[str]:
    return [to.node("MaxPool", to.inputs, **framed(op, to.shapes[0]))]


@emit.register
def l2pool(op: L2Pool, to: Emitter) -> list[str]:
    return [to.node("LpPool", to.inputs, **framed(op, to.shapes[0]), p=2)]


@emit.register
def avgpool(op: AvgPool, to: Emitter) -> list[str]:
    """Where zeros of the border count and what the last window lacks does not, the zeros are put there first."""
    (x,), (shape,) = to.inputs, to.shapes
    over, attributes = op.sliding(shape), framed(op, shape)
    lack = lacking(op, shape, over)
    counts = op.counts_border
    if counts and any(lack):
        edges = [edge for edge in over.borders if edge is not None]
        before, after = [a for a, _ in edges], [b for _, b in edges]
        x = to.node("Pad", [x, to.constant([0, 0, *before, 0, 0, *after])])
        attributes["pads"], counts = [0] * shape.rank + lack, False
    return [to.node("AveragePool", [x], **attributes, count_include_pad=int(counts))]


@emit.register
def maxpool_places(op: MaxPoolPlaces, to: Emitter) -> list[str]:
    """ONNX counts places through the whole tensor, we within each channel's map."""
    (x,), (shape,) = to.inputs, to.shapes
    maps, found = to.node("MaxPool", [x], outputs=2, **framed(op, shape))
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
    known = [n for n in shape.spatial if n is not None]
    if len(known) < shape.rank:
        raise OpError(f"`{op.word}` of an open size cannot be exported", code="open-size")
    if not any(n % out for n, out in zip(known, sizes)):
        steps = [n // out for n, out in zip(known, sizes)]
        return [to.node(pool, [x], kernel_shape=steps, strides=steps)]
    for axis, n, out in zip(axes(shape), known, sizes):
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
