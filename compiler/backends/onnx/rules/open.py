"""Borders that hang on open sizes, worked out in the graph by integer arithmetic, one number per dimension."""

from __future__ import annotations

from typing import NamedTuple

from ....ops.geometry import Sliding
from ..emitter import Emitter


class Edges(NamedTuple):
    """Places before and after each dimension, as int64 vectors."""

    before: str
    after: str


def bordered(to: Emitter, x: str, edges: Edges, fill: float = 0.0) -> str:
    """The map with places that hold `fill` around it."""
    around = to.constant([0, 0])
    places = to.node("Concat", [around, edges.before, around, edges.after], axis=0)
    return str(to.node("Pad", [x, places, to.constant(fill)]))


def same(to: Emitter, x: str, over: Sliding) -> Edges:
    """The border of `pad=same`: the last of ceil(size / stride) windows ends at its end, the odd place comes after."""
    sizes, one, two = to.node("Shape", [x], start=2), to.constant([1]), to.constant([2])
    stride, span = to.constant(list(over.stride)), to.constant(list(over.spans))
    count = to.node("Div", [to.node("Sub", [to.node("Add", [sizes, stride]), one]), stride])
    reach = to.node("Add", [to.node("Mul", [to.node("Sub", [count, one]), stride]), span])
    whole = to.node("Max", [to.node("Sub", [reach, sizes]), to.constant([0])])
    before = to.node("Div", [whole, two])
    return Edges(before, to.node("Sub", [whole, before]))


def beyond(to: Emitter, x: str, over: Sliding) -> str:
    """Places by which the last windows of `ceil=true` reach beyond the border, which is known."""
    edges = [edge or (0, 0) for edge in over.borders]
    sizes, one = to.node("Shape", [x], start=2), to.constant([1])
    stride, span = to.constant(list(over.stride)), to.constant(list(over.spans))
    room = to.node(
        "Add", [sizes, to.constant([a + b - s + t - 1 for (a, b), s, t in zip(edges, over.spans, over.stride)])]
    )
    steps = to.node("Div", [room, stride])
    inside = to.node("Sub", [to.node("Add", [sizes, to.constant([a for a, _ in edges])]), one])
    steps = to.node("Min", [steps, to.node("Div", [inside, stride])])  # the last window begins inside the map
    reach = to.node("Add", [to.node("Mul", [steps, stride]), span])
    lack = to.node("Sub", [reach, to.node("Add", [sizes, to.constant([a + b for a, b in edges])])])
    return str(to.node("Max", [lack, to.constant([0])]))
