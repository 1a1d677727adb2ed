"""Values cut at numbers: `hardtanh`, `clamp`, and the smaller or larger of a value and a number."""

from __future__ import annotations

from typing import Any

from ....compiler.decompile import make
from ....compiler.frontends.arranged import Map
from ....compiler.frontends.unread import Unread
from ..calls import given
from ..reader import Reader, ends, reads


def one_number(to: Reader, node: Any) -> float | None:
    """The number that an operand is everywhere: written so, or a tensor of equal ones that does not learn."""
    if isinstance(node, (int, float)):
        return float(node)
    if not to.is_buffer(node) or not to.array(node).numel():
        return None
    values = to.array(node).reshape(-1)
    return float(str(values[0].numpy())) if bool((values == values[0]).all()) else None


@reads("hardtanh")
def hard_tanh(to: Reader, node: Any) -> Map:
    return bounded(to, node.args[0], float(given(node, 1, "min_val", -1)), float(given(node, 2, "max_val", 1)))


@reads("clamp", "clip")
def clamp(to: Reader, node: Any) -> Map:
    return bounded(to, node.args[0], *(one_number(to, given(node, i, end)) for i, end in ((1, "min"), (2, "max"))))


@reads("clamp_min")
def clamp_min(to: Reader, node: Any) -> Map:
    return bounded(to, node.args[0], one_number(to, node.args[1]), None)


@reads("clamp_max")
def clamp_max(to: Reader, node: Any) -> Map:
    return bounded(to, node.args[0], None, one_number(to, node.args[1]))


@ends("maximum", "max", "minimum", "min")
def against_number(to: Reader, node: Any) -> Map | None:
    """The larger or smaller of a value and a stored number."""
    stored = [n for n in node.args[:2] if to.is_buffer(n)]
    number = one_number(to, stored[0]) if len(stored) == 1 else None
    if number is None:
        return None
    x = next(n for n in node.args[:2] if n is not stored[0])
    return bounded(to, x, number, None) if "max" in str(node.target) else bounded(to, x, None, number)


def bounded(to: Reader, node: Any, low: float | None, high: float | None) -> Map:
    """The value of a node, cut at one number or at two."""
    x = to.map(node)
    if high is None and low is None:
        raise Unread("its ends are no numbers")
    if low is None or high is None:
        return at_most(to, x, high or 0.0) if low is None else at_least(to, x, low)
    words = {(0.0, 6.0): "relu6", (-1.0, 1.0): "hard_tanh"}
    if (low, high) in words:
        return to.like(x, make(words[low, high]))
    return to.like(x, make("relu", max=high) if low == 0 else make("clip", low=low, high=high))


def at_least(to: Reader, x: Map, low: float) -> Map:
    return to.like(x, make("relu") if low == 0 else make("threshold", at=low, otherwise=low))


def at_most(to: Reader, x: Map, high: float) -> Map:
    """An upper bound behind a function that has one of its own."""
    layer = to.maker(x)
    if layer.op.word not in ("relu", "leaky_relu") or layer.op.__dict__.get("max") is not None or high < 0:
        raise Unread(f"it is bounded by {high:g} above alone: `relu max={high:g}` is bounded by 0 below, `clip` by any")
    op = make("relu", **{name: layer.op.__dict__.get(name, 0.0) for name in ("slope", "threshold")}, max=high)
    return Map(to.build.add(make("relu6") if op == make("relu", max=6.0) else op, layer.inputs), x.axes, x.order)
