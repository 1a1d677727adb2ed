"""Merges, and arithmetic with numbers."""

from __future__ import annotations

from ....decompile.network import Ref, make
from ...unread import Unread
from ..arguments import flat
from ..call import Call, reads

MERGES = {"Add": "add", "Multiply": "multiply", "Average": "average", "Maximum": "maximum", "Minimum": "minimum",
          "Subtract": "subtract"}  # fmt: skip


@reads(*MERGES)
def merge(call: Call) -> list[Ref]:
    """Of values; Keras's operations of the same names also take a number."""
    number = next(iter(call.numbers.values()), None)
    if number is None or len(call.inputs) > 1:
        return call.one(make(MERGES[call.kind]))
    if isinstance(number, list):
        raise Unread(f"it computes `{call.kind.lower()}` with {len(number)} numbers")
    return arithmetic(call, float(number))


def arithmetic(call: Call, number: float) -> list[Ref]:
    """`x + 3`, `x * 0.5` and their like."""
    kind, turned = call.kind, "0" in call.numbers
    if kind == "Multiply":
        return call.then(make("scale", factor=number))
    if kind == "Add":
        return call.then(make("offset", summand=number))
    if kind == "Subtract" and not turned:
        return call.then(make("offset", summand=-number))
    raise Unread(f"it computes `{kind.lower()}` with the number {number:g}")


@reads("TrueDivide", "Divide")
def divide(call: Call) -> list[Ref]:
    number = call.numbers.get("1")
    if number is None or len(call.inputs) > 1:
        raise Unread("it divides by a value")
    return call.then(make("scale", factor=1 / number))


@reads("Negative")
def negative(call: Call) -> list[Ref]:
    return call.then(make("scale", factor=-1.0))


@reads("Rescaling")
def rescale(call: Call) -> list[Ref]:
    scale, offset = (tuple(float(n) for n in flat(call.config[key])) for key in ("scale", "offset"))
    return call.then(make("rescale", scale=scale, offset=offset))


@reads("Concatenate")
def concat(call: Call) -> list[Ref]:
    axis, rank = call.config.get("axis", -1), call.shape.rank
    names = (*{1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}.get(rank, ()), "channels")
    position = axis if axis < 0 else axis - 1
    if axis == 0 or not -len(names) <= position < len(names):
        raise Unread(f"it joins along the axis {axis}")
    return call.one(make("concat", axis=names[position]))


@reads("CustomScaleLayer")
def scaled_add(call: Call) -> list[Ref]:
    return call.one(make("scaled_add", factor=float(call.config["scale"])))


@reads("Dot")
def dot(call: Call) -> list[Ref]:
    axes, shapes = call.config["axes"], [call.build.shape(ref) for ref in call.inputs]
    both = [axes] * 2 if isinstance(axes, int) else axes
    counted = tuple(axis % (len(shape) + 1) for axis, shape in zip(both, shapes))
    ends = tuple(len(shape) for shape in shapes)
    return call.one(make("dot", axes=() if counted == ends else counted, normalize=call.config.get("normalize", False)))
