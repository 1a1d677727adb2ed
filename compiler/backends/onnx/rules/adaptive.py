"""Pools to a given size: whole windows where they tile the map, else the places of every window gathered."""

from __future__ import annotations

import numpy as np

from ....ops.geometry import Sizes, spread
from ....ops.pool import AdaptiveAvgPool, AdaptiveMaxPool, AdaptivePool
from ..emitter import Emitter
from .sizes import axes
from .table import emit


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
    """Windows of open sizes, axis by axis: for means a matrix of shares (windows, places) times the map."""
    rank = len(sizes)
    if reduce == "ReduceMax":
        for axis, out in enumerate(sizes):
            windows = to.node("Gather", [x, inside(to, x, axis, out)], axis=axis + 2)
            x = to.node("ReduceMax", [windows, to.constant([axis + 3])], keepdims=0)
        return x
    for axis, out in enumerate(sizes):
        last = [*(i for i in range(rank + 2) if i != axis + 2), axis + 2]
        turned = to.node("Transpose", [x], perm=last)
        made = to.node("MatMul", [turned, to.node("Transpose", [shares(to, x, axis, out)], perm=[1, 0])])
        x = to.node("Transpose", [made], perm=[last.index(i) for i in range(rank + 2)])
    return x


def shares(to: Emitter, x: str, axis: int, out: int) -> str:
    """What each of `out` windows takes of each place along an open axis, (windows, places)."""
    n, starts, ends = parts(to, x, axis, out)
    places = to.node("Range", [to.constant(0), to.node("Squeeze", [n]), to.constant(1)])
    taken = to.node("And", [to.node("GreaterOrEqual", [places, starts]), to.node("Less", [places, ends])])
    number = to.node("Cast", [to.node("Sub", [ends, starts])], to=to.kind)
    return str(to.node("Div", [to.node("Cast", [taken], to=to.kind), number]))


def inside(to: Emitter, x: str, axis: int, out: int) -> str:
    """The places of each of `out` windows along an open axis, (windows, longest); short ones repeat their last."""
    _, starts, ends = parts(to, x, axis, out)
    longest = to.node("ReduceMax", [to.node("Sub", [ends, starts])], keepdims=0)
    steps = to.node("Range", [to.constant(0), longest, to.constant(1)])
    return str(to.node("Min", [to.node("Add", [starts, steps]), to.node("Sub", [ends, to.constant([1])])]))


def parts(to: Emitter, x: str, axis: int, out: int) -> tuple[str, str, str]:
    """The size of an open axis, and where each of `out` windows begins and ends, as columns: from floor(i n / out) up
    to ceil((i + 1) n / out)."""
    n, whole = to.node("Shape", [x], start=axis + 2, end=axis + 3), to.constant([out])
    starts = to.node("Div", [to.node("Mul", [to.constant([[i] for i in range(out)]), n]), whole])
    upper = to.node("Mul", [to.constant([[i + 1] for i in range(out)]), n])
    return n, starts, to.node("Div", [to.node("Add", [upper, to.constant([out - 1])]), whole])


@emit.register
def adaptive_avgpool(op: AdaptiveAvgPool, to: Emitter) -> list[str]:
    return adapted(op, to, "GlobalAveragePool", "AveragePool", "ReduceSum")


@emit.register
def adaptive_maxpool(op: AdaptiveMaxPool, to: Emitter) -> list[str]:
    return adapted(op, to, "GlobalMaxPool", "MaxPool", "ReduceMax")
