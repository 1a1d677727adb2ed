"""Pools."""

from __future__ import annotations

from math import prod
from typing import Any

from .....ops import pool
from .....ops.geometry import spread
from .....shape import Shape
from ...code import Call
from ..placed import Placed, Tensor, as_lists, called, known, lacking, stands_for
from ..row import row
from .borders import along, bordered

LOWEST = -3.4028234663852886e38
"""What no maximum is, in single precision."""


@stands_for.register(pool.MaxPool)
@stands_for.register(pool.AvgPool)
def pooled(op: Any, at: Placed) -> Tensor:
    made = row(op, at.to)
    if isinstance(made, Call) and isinstance(made.head, Call) and known(made.head):
        return called(op, made, at)
    over = op.sliding(at.to.x)
    if None in over.borders or (isinstance(op, pool.AvgPool) and (op.ceil or not op.counts_border)):
        raise lacking(op)
    pairs = tuple(edge or (0, 0) for edge in over.borders)
    if op.ceil:
        pairs = tuple(
            whole(at, axis, before, after, over.size[axis], over.stride[axis])
            for axis, (before, after) in enumerate(pairs)
        )
    maximum = isinstance(op, pool.MaxPool)
    padded = bordered(at, pairs, LOWEST if maximum else None)
    kind = "MaxPooling" if maximum else "AveragePooling"
    sizes: dict[str, Any] = {"pool_size": as_lists(over.size), "strides": as_lists(over.stride)}
    return at.put(f"layers.{kind}{at.to.rank}D", padded, **sizes)


def whole(at: Placed, axis: int, before: int, after: int, window: int, step: int) -> tuple[int, int]:
    """A border with what the last window lacks."""
    n, out = at.x.shape[axis], at.shape[axis]
    if n is None or out is None:
        raise lacking(at.to.node.op)
    return before, max((out - 1) * step + window - n - before, after)


@stands_for.register(pool.AdaptiveAvgPool)
@stands_for.register(pool.AdaptiveMaxPool)
def adaptive(op: Any, at: Placed) -> Tensor:
    """A pool whose step is its window; windows that overlap are laid one behind the other before it, those that are
    smaller with their last place again, of which a mean takes nothing."""
    x, sizes, maximum = at.x, [], isinstance(op, pool.AdaptiveMaxPool)
    for axis, (n, out) in enumerate(zip(at.x.shape.spatial, spread(op.out, at.to.rank, "out")), 1):
        if n is None:
            raise lacking(op)
        places = [list(range(i * n // out, -(-(i + 1) * n // out))) for i in range(out)]
        sizes.append(max(map(len, places)))
        laid = [place for window in places for place in window + window[-1:] * (sizes[-1] - len(window))]
        if laid != list(range(n)):
            shape = Shape((*x.shape[: axis - 1], len(laid), *x.shape[axis:]))
            x = at.apply("ops.numpy.Take", x, laid, shape=shape, part=f"windows{axis}", config={"axis": axis})
        if not maximum and min(map(len, places)) < sizes[-1]:
            shares = [s for window in places for s in share(len(window), sizes[-1])]
            x = at.apply("ops.numpy.Multiply", x, along(shares, axis, at.to.rank), shape=x.shape, part=f"shares{axis}")
    if set(sizes) == {1}:
        return at.put("layers.Identity", x)
    kind = "Max" if maximum else "Average"
    return at.put(f"layers.{kind}Pooling{at.to.rank}D", x, pool_size=sizes, strides=sizes)


def share(count: int, size: int) -> list[float]:
    """What each place of a window has of a mean over `size` places, where only `count` are meant."""
    return [size / count] * count + [0.0] * (size - count)


@stands_for.register
def length_pooled(op: pool.L2Pool, at: Placed) -> Tensor:
    """The root of the windows' averages of squares, times their size: zeros around add nothing."""
    over = op.sliding(at.to.x)
    if None in over.borders or op.ceil:
        raise lacking(op)
    pairs = tuple(edge or (0, 0) for edge in over.borders)
    padded = bordered(at, pairs) if any(edge != (0, 0) for edge in pairs) else at.x
    squares = at.apply("ops.numpy.Square", padded, shape=padded.shape, part="squares")
    sizes: dict[str, Any] = {"pool_size": as_lists(over.size), "strides": as_lists(over.stride)}
    mean = at.put(f"layers.AveragePooling{at.to.rank}D", squares, part="mean", **sizes)
    total = at.put("layers.Rescaling", mean, part="sum", scale=float(prod(over.size)), offset=0.0)
    return at.apply("ops.numpy.Sqrt", total)
