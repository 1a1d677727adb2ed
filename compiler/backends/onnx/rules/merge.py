"""What makes one value of several."""

from __future__ import annotations

from functools import reduce

from ....ops import merge as ops
from ....ops.base import Op
from ..emitter import Emitter
from .reshape import stored, written
from .table import emit

PAIRS: dict[type[Op], str] = {ops.Add: "Add", ops.Subtract: "Sub", ops.Multiply: "Mul"}
MANY: dict[type[Op], str] = {ops.Average: "Mean", ops.Maximum: "Max", ops.Minimum: "Min"}


def maps(to: Emitter) -> list[str]:
    """The inputs, a vector beside maps as a map of one place."""
    rank = max(x.rank for x in to.shapes)
    axes = to.constant(list(range(2, rank + 2))) if rank else ""
    pairs = zip(to.inputs, to.shapes, strict=True)
    return [to.node("Unsqueeze", [x, axes]) if rank and not shape.rank else x for x, shape in pairs]


def pairwise(to: Emitter, kind: str, values: list[str]) -> str:
    return reduce(lambda a, b: to.node(kind, [a, b]), values)


@emit.register
def merge(op: ops.Merge, to: Emitter) -> list[str]:
    return [pairwise(to, PAIRS[type(op)], maps(to)) if type(op) in PAIRS else to.node(MANY[type(op)], maps(to))]


@emit.register
def scaled_add(op: ops.ScaledAdd, to: Emitter) -> list[str]:
    *others, last = maps(to)
    return [pairwise(to, "Add", [*others, to.node("Mul", [last, to.constant(op.factor)])])]


@emit.register
def concat(op: ops.Concat, to: Emitter) -> list[str]:
    position, rank = op.position(to.shapes[0]), to.shapes[0].rank
    return [to.node("Concat", to.inputs, axis=1 if position == rank else position + 2)]


def rows(to: Emitter, index: int, axis: int, normalize: bool) -> str:
    """An operand of `dot` as (N, other axis, summed axis); a vector as one row."""
    rank = to.shapes[index].rank
    x = written(to, to.inputs[index], rank)
    if normalize:
        length = to.node("Max", [to.node("ReduceL2", [x, to.constant([axis + 1])]), to.constant(1e-12)])
        x = to.node("Div", [x, length])
    if not rank:
        return str(to.node("Unsqueeze", [x, to.constant([1])]))
    return x if axis == rank else str(to.node("Transpose", [x], perm=[0, 2, 1]))


@emit.register
def dot(op: ops.Dot, to: Emitter) -> list[str]:
    a, b = (rows(to, index, axis, op.normalize) for index, axis in enumerate(op.summed(to.shapes)))
    sums = to.node("MatMul", [a, to.node("Transpose", [b], perm=[0, 2, 1])])
    return [stored(to, sums, 1) if to.outputs[0].rank else to.node("Flatten", [sums], axis=1)]
