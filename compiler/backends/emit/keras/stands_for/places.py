"""Where maxima were found, and back to there; borders that repeat the edge."""

from __future__ import annotations

from math import prod
from typing import Any

from .....ops import pad, pool, unpool
from .....shape import Shape
from ..placed import Numbers, Placed, Tensor, lacking, stands_for
from .borders import along, bordered
from .pools import LOWEST, whole


@stands_for.register
def maxpool_places(op: pool.MaxPoolPlaces, at: Placed) -> tuple[Tensor, Tensor]:
    """The places of each window as one axis: its largest number, and where in it that stands."""
    over, rank = op.sliding(at.to.x), at.to.rank
    if None in over.borders or None in at.x.shape:
        raise lacking(op)
    begins = [edge[0] for edge in over.borders if edge]
    tiles, counts = in_windows(op, at), at.shape.spatial
    shape = Shape([*(n for pair in zip(counts, over.size) for n in pair), at.shape.channels])
    apart = at.put("layers.Reshape", tiles, shape=shape, part="apart", target_shape=list(shape))
    order = [*range(1, 2 * rank, 2), 2 * rank + 1, *range(2, 2 * rank + 1, 2)]
    turned = at.put("layers.Permute", apart, shape=Shape(shape[axis - 1] for axis in order), part="turned", dims=order)
    joined = Shape((*at.shape, prod(over.size)))
    windows = at.put("layers.Reshape", turned, shape=joined, part="windows", target_shape=list(joined))
    best = at.apply("ops.numpy.Max", windows, config={"axis": -1})
    place = at.apply("ops.numpy.Argmax", windows, part="tap", config={"axis": -1})
    place = at.apply("ops.numpy.Take", Numbers(steps(at.x.shape, over.size), "int32"), place, part="step",
                     config={"axis": 0})  # fmt: skip
    for axis, (count, stride, begin) in enumerate(zip(counts, over.stride, begins), 1):
        row = prod(n or 1 for n in at.x.shape.spatial[axis:])
        firsts = [(i * stride - begin) * row for i in range(count or 0)]
        part = f"place{axis}" if axis < rank else "places"
        place = at.apply("ops.numpy.Add", place, along(firsts, axis, rank, "int32"), part=part)
    return best, place._replace(dtype="int32")


def in_windows(op: pool.MaxPoolPlaces, at: Placed) -> Tensor:
    """The map with the windows of each axis one behind the other."""
    over = op.sliding(at.to.x)
    pairs = tuple(edge or (0, 0) for edge in over.borders)
    if op.ceil:
        dimensions = zip(pairs, over.size, over.stride)
        pairs = tuple(whole(at, i, a, b, size, step) for i, ((a, b), size, step) in enumerate(dimensions))
    x = bordered(at, pairs, LOWEST) if any(edge != (0, 0) for edge in pairs) else at.x
    for axis, (count, size, step) in enumerate(zip(at.shape.spatial, over.size, over.stride), 1):
        laid = [place * step + tap for place in range(count or 0) for tap in range(size)]
        x = taken(at, x, laid, axis, f"windows{axis}")
    return x


def taken(at: Placed, x: Tensor, places: list[int], axis: int, part: str) -> Tensor:
    """Some places of an axis, where they are not all of them."""
    if places == list(range(x.shape[axis - 1] or 0)):
        return x
    shape = Shape((*x.shape[: axis - 1], len(places), *x.shape[axis:]))
    return at.apply("ops.numpy.Take", x, places, shape=shape, part=part, config={"axis": axis})


def steps(x: Shape, size: tuple[int, ...]) -> list[int]:
    """How far each place of a window lies behind its first, in running numbers of the map."""
    found = [0]
    for axis, taps in enumerate(size, 1):
        row = prod(n or 1 for n in x.spatial[axis:])
        found = [first + tap * row for first in found for tap in range(taps)]
    return found


@stands_for.register
def unpooled(op: unpool.Unpool, at: Placed) -> Tensor:
    """Every number at all places of its window, and 0 at those that are not its own: of windows that lie apart."""
    rank, sizes = at.to.rank, at.shape.spatial
    made = at.to.node.inputs[1].node
    if not isinstance(made.op, pool.MaxPoolPlaces) or None in (*sizes, *made.shapes[0], *at.x.shape):
        raise lacking(op)
    over = made.op.sliding(made.shapes[0])
    begins = [edge[0] for edge in over.borders if edge]
    if any(size > step for size, step in zip(over.size, over.stride)):
        raise lacking(op)
    maps, places = (spread_out(at, x, over.stride, begins, part) for x, part in zip(at.tensors, ("map", "place")))
    for axis in range(1, rank):
        row = prod(n or 1 for n in sizes[axis:])
        rows = along([n * row for n in range(places.shape[axis - 1] or 0)], axis, rank, "int32")
        places = at.apply("ops.numpy.Subtract", places, rows, shape=places.shape, part=f"within{axis}")
    last = along([*range(places.shape[rank - 1] or 0)], rank, rank, "int32")
    own = at.apply("ops.numpy.Equal", places, last, shape=places.shape, part="own")
    lacks = [(n or 0) - (m or 0) for n, m in zip(sizes, maps.shape)]
    part = "kept" if any(lacks) else ""
    kept = at.apply("ops.numpy.Where", own, maps, 0.0, shape=maps.shape, part=part)
    if not part:
        return kept
    padding: Any = [[0, n] for n in lacks] if rank > 1 else [0, *lacks]
    return at.put(f"layers.ZeroPadding{rank}D", kept, padding=padding)


def spread_out(at: Placed, x: Tensor, stride: tuple[int, ...], begins: list[int], part: str) -> Tensor:
    """Every number `stride` times, without what the first windows have before the map and the last behind it."""
    for axis, (step, begin, size) in enumerate(zip(stride, begins, at.shape.spatial), 1):
        count = x.shape[axis - 1] or 0
        shape = Shape((*x.shape[: axis - 1], count * step, *x.shape[axis:]))
        x = at.apply("ops.numpy.Repeat", x, shape=shape, part=f"{part}s{axis}", config={"repeats": step, "axis": axis})
        there = range(begin, min(count * step, begin + (size or 0)))
        x = taken(at, x, list(there), axis, f"{part}s_cut{axis}")
    return x


@stands_for.register
def edge_pad(op: pad.EdgePad, at: Placed) -> Tensor:
    """The places of each axis with the first and the last several times."""
    x, edges = at.x, op.pairs(at.to.x)
    if None in x.shape.spatial:
        raise lacking(op)
    longer = [axis for axis, edge in enumerate(edges, 1) if edge != (0, 0)]
    for axis in longer:
        (before, after), n = edges[axis - 1], x.shape[axis - 1] or 0
        places = [min(max(i, 0), n - 1) for i in range(-before, n + after)]
        x = taken(at, x, places, axis, "" if axis == longer[-1] else f"edges{axis}")
    return x if longer else at.put("layers.Identity")
