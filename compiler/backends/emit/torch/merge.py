"""What makes one value of several."""

from __future__ import annotations

from ....ops import merge
from ..code import Call, Hole, Leaf, call
from ..holes import ALL
from .layer import Layer, lower


def operands(to: Layer) -> tuple[Call | Hole, ...]:
    """The operands, vectors as maps of one place where they meet maps."""
    rank = max(x.rank for x in to.shapes)
    index = ":, :" + ", None" * rank
    return tuple(Hole(n) if x.rank == rank else Call(f"[{index}]", (Hole(n),)) for n, x in enumerate(to.shapes))


@lower.register
def add(op: merge.Add, to: Layer) -> None:
    *others, last = operands(to)
    if op.drop:
        before = to.inputs
        to.inputs = before[-1:]
        step = "drop" if others else "itself"
        to.function(call("StochasticDepth", to.leaf("drop", op.drop)), None, step=step, name="stochastic_depth")
        to.inputs = (*before[:-1], *to.inputs)
    if others:
        to.function(None, Call("+", (*others, last)), main=True)


@lower.register
def scaled_add(op: merge.ScaledAdd, to: Layer) -> None:
    *others, last = operands(to)
    to.function(None, Call("+", (*others, Call("*", (to.leaf("scale", op.factor, written="factor"), last)))), main=True)


@lower.register
def subtract(op: merge.Subtract, to: Layer) -> None:
    to.function(None, Call("-", operands(to)), main=True)


@lower.register
def multiply(op: merge.Multiply, to: Layer) -> None:
    if len(to.shapes) > 1:
        to.function(None, Call("*", operands(to)), main=True)


@lower.register
def average(op: merge.Average, to: Layer) -> None:
    if len(to.shapes) > 1:
        to.function(None, Call("/", (Call("+", operands(to)), Leaf(len(to.shapes)))), main=True)


@lower.register
def maximum(op: merge.Maximum, to: Layer) -> None:
    extreme("torch.maximum", to)


@lower.register
def minimum(op: merge.Minimum, to: Layer) -> None:
    extreme("torch.minimum", to)


def extreme(function: str, to: Layer) -> None:
    first, *rest = operands(to)
    made = first
    for other in rest:
        made = call(function, made, other)
    if rest:
        to.function(None, made, main=True)


@lower.register
def concat(op: merge.Concat, to: Layer) -> None:
    grows = op.position(to.x)
    axis = 1 if grows == to.rank else grows + 2
    if len(to.shapes) > 1:
        to.function(None, call("torch.cat", Call("", (ALL,), "[]"), dim=Leaf(axis)), main=True)


@lower.register
def dot(op: merge.Dot, to: Layer) -> None:
    first, second = op.summed(to.shapes)
    normalize = Leaf(op.normalize, "normalize", default=False)
    to.function(call("Dot", Leaf(first + 1), Leaf(second + 1), normalize=normalize), None, main=True)
