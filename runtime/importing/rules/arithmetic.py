"""Arithmetic: merges, numbers, trained factors, stored numbers."""

from __future__ import annotations

from typing import Any

from ....compiler.decompile import make
from ....compiler.frontends.arranged import Map
from ....compiler.frontends.unread import Unread
from ....compiler.ops.structure import Input
from ..calls import called, function, given
from ..reader import Reader, reads

MERGES = {"add": "add", "sub": "subtract", "mul": "multiply", "maximum": "maximum", "minimum": "minimum"}


NEUTRAL = {"add": 0, "sub": 0, "mul": 1, "div": 1}
"""The numbers that change nothing, as the 0 that `sum` begins with."""


@reads(*MERGES, "div")
def arithmetic(to: Reader, node: Any) -> Map:
    word = function(node)
    a, b = node.args[:2]
    if given(node, 2, "alpha", 1) != 1 or node.kwargs.get("rounding_mode"):
        raise Unread("its second operand is scaled" if "alpha" in node.kwargs else "it rounds what it divides")
    if to.is_weight(a) or to.is_weight(b):
        return by_weight(to, word, a, b)
    if isinstance(b, (int, float)):
        return by_number(to, word, to.map(a), float(b))
    if word == "div":
        raise Unread("it divides by a value of the network")
    values = [to.map(a), to.map(b)] if word == "sub" else operands(to, word, node)
    if word == "mul" and max(len(v.axes) for v in values) > 1:
        values = [to.vector(v) or v for v in values]
    return to.merged(make(MERGES[word]), values)


def operands(to: Reader, word: str, node: Any) -> list[Map]:
    """What one expression merges: of `a + b + c`, or of `sum` over a list, all of them."""
    before, last = node.args[:2]
    inner = called(before, word) and len(before.users) == 1 and same_line(before, node)
    if inner and all(hasattr(n, "name") and isinstance(to.values.get(n.name), Map) for n in before.args[:2]):
        return [*operands(to, word, before), to.map(last)]
    return [to.map(before), to.map(last)]


def same_line(a: Any, b: Any) -> bool:
    """Whether two nodes come from one line of the program."""
    line = a.meta.get("stack_trace")
    return line is not None and line == b.meta.get("stack_trace")


def by_number(to: Reader, word: str, x: Map, number: float) -> Map:
    """A factor or summand; with those before it one layer, where the language has a word for all of them."""
    if number == NEUTRAL[word]:
        return x
    layer = to.maker(x)
    before = to.build.layers[layer.inputs[0].layer] if layer.inputs else layer
    if word in ("mul", "div"):
        factor = number if word == "mul" else 1 / number
        if layer.op.word in ("tanh", "sigmoid") and before.op.word == "scale":
            op = make(f"scaled_{layer.op.word}", slope=before.op.__dict__["factor"], amplitude=factor)
            return Map(to.build.add(op, before.inputs), x.axes, x.order)
        return to.like(x, make("scale", factor=factor))
    summand = number if word == "add" else -number
    if layer.op.word == "scale" and isinstance(before.op, Input):
        op = make("rescale", scale=(layer.op.__dict__["factor"],), offset=(summand,))
        return Map(to.build.add(op, layer.inputs), x.axes, x.order)
    return to.like(x, make("offset", summand=summand))


def by_weight(to: Reader, word: str, a: Any, b: Any) -> Map:
    """A stored number for each channel: trained, or a buffer."""
    weight, x = (a, to.map(b)) if to.is_weight(a) else (b, to.map(a))
    if word in ("sub", "div") and to.is_weight(a):
        raise Unread("a stored number stands in front")
    if to.is_buffer(weight):
        if word in NEUTRAL and bool((to.array(weight) == NEUTRAL[word]).all()):
            return x
        return by_buffer(to, word, x, numbers(to, weight, x))
    layer = to.maker(x)
    if word == "add" and layer.op.word == "layer_scale":
        return affine(to, x, weight)
    if word != "mul":
        raise Unread(f"it takes a trained {shown(to, weight)} for {to.shape(x)}: only factors have a counterpart")
    numbers(to, weight, x)
    if to.array(weight).numel() == 1 < (to.shape(x).channels or 1):
        raise Unread("it takes one trained factor for all channels: `layer_scale` has one for each")
    if x.order is not None:
        raise Unread("it takes trained factors for a map flattened with its channels first")
    return to.layer(make("layer_scale"), [x], {"": weight}, axes=x.axes)


def affine(to: Reader, x: Map, weight: Any) -> Map:
    """A trained factor and a trained summand, in one layer."""
    numbers(to, weight, x)
    layer = to.maker(x)
    (factors,) = layer.weights.values()
    arrays = {"weight": factors.reshape(-1), "bias": to.array(weight).numpy().reshape(-1)}
    ref = to.build.add(make("channel_affine"), layer.inputs, layer.path.rpartition(".")[0], arrays)
    return Map(ref, x.axes)


def by_buffer(to: Reader, word: str, x: Map, values: tuple[float, ...]) -> Map:
    """Numbers that do not learn; less a mean and by a deviation is one layer."""
    before = to.maker(x).op
    centred = before.word == "rescale" and before.__dict__["scale"] == (1.0,)
    if word == "div" and centred:
        mean = tuple(-n for n in before.__dict__["offset"])
        ref = to.build.add(make("normalize", mean=mean, std=values), to.maker(x).inputs)
        return Map(ref, x.axes)
    if word in ("add", "sub"):
        offset = values if word == "add" else tuple(-n for n in values)
        if before.word == "rescale" and before.__dict__["offset"] == (0.0,):
            return Map(to.build.add(before.changed(offset=offset), to.maker(x).inputs), x.axes, x.order)
        return to.like(x, make("rescale", scale=(1.0,), offset=offset))
    if word in ("mul", "div"):
        return to.like(x, make("rescale", scale=values if word == "mul" else tuple(1 / n for n in values)))
    raise Unread(f"it takes a stored number with `{word}`")


def numbers(to: Reader, weight: Any, x: Map) -> tuple[float, ...]:
    """Stored numbers that lie along the channels, or one for all. Unread for others."""
    sizes, rank = list(to.array(weight).shape), len(x.axes) - 1
    full = [1] * (rank + 2 - len(sizes)) + sizes
    wanted = [1, *(to.shape(x).channels if axis == rank else 1 for axis in x.axes)]
    if len(full) != len(wanted) or any(n not in (1, m) for n, m in zip(full, wanted)):
        raise Unread(f"it takes stored numbers of {shown(to, weight)} for {to.shape(x)}")
    return tuple(float(str(n)) for n in to.array(weight).numpy().reshape(-1))


def shown(to: Reader, weight: Any) -> str:
    return "x".join(map(str, to.array(weight).shape)) or "single number"


@reads("max", "min")
def extreme(to: Reader, node: Any) -> Map:
    """Of two values."""
    if len(node.args) < 2 or not hasattr(node.args[1], "name"):
        raise Unread("it takes the extreme of one axis or of all: only `amax` over all places has a counterpart")
    word = f"{function(node)}imum"
    return to.merged(make(MERGES[word]), [to.map(n) for n in node.args[:2]])


@reads("neg")
def negative(to: Reader, node: Any) -> Map:
    return to.like(to.map(node.args[0]), make("scale", factor=-1.0))


@reads("rsub")
def from_number(to: Reader, node: Any) -> Map:
    """A number less the value."""
    if not isinstance(node.args[1], (int, float)) or given(node, 2, "alpha", 1) != 1:
        raise Unread("it is taken from something that is no number")
    x = to.like(to.map(node.args[0]), make("scale", factor=-1.0))
    return to.like(x, make("offset", summand=float(node.args[1])))


@reads("pow")
def power(to: Reader, node: Any) -> Map:
    if node.args[1] != 2:
        raise Unread(f"it takes the power of {node.args[1]}: only squares have a counterpart")
    return to.like(to.map(node.args[0]), make("square"))
