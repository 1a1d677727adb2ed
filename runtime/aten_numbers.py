"""What arithmetic is in the language, by its name in `aten`: merges, numbers, trained factors, stored numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..compiler.decompile import make
from ..compiler.frontends.arranged import Map, first
from ..compiler.frontends.unread import Unread
from .aten import given, reads

if TYPE_CHECKING:
    from .exported import Reader

MERGES = {"add": "add", "sub": "subtract", "mul": "multiply", "maximum": "maximum", "minimum": "minimum"}


@reads(*MERGES, "div")
def arithmetic(to: Reader, node: Any) -> Map:
    word = str(node.target).split(".")[1].rstrip("_")
    a, b = node.args[:2]
    if given(node, 2, "alpha", 1) != 1 or node.kwargs.get("rounding_mode"):
        raise Unread("its second operand is scaled" if "alpha" in node.kwargs else "it rounds what it divides")
    if to.is_weight(a) or to.is_weight(b):
        return by_weight(to, word, a, b)
    if isinstance(b, (int, float)):
        return by_number(to, word, to.map(a), float(b))
    if word == "div":
        raise Unread("it divides by a value of the network")
    return to.merged(make(MERGES[word]), [to.map(a), to.map(b)])


def by_number(to: Reader, word: str, x: Map, number: float) -> Map:
    if word in ("mul", "div"):
        return to.like(x, make("scale", factor=number if word == "mul" else 1 / number))
    return to.like(x, make("offset", summand=number if word == "add" else -number))


# --- numbers that are stored ------------------------------------------------------------------------------------------


def by_weight(to: Reader, word: str, a: Any, b: Any) -> Map:
    """A stored number for each channel: trained, or a buffer."""
    weight, x = (a, to.map(b)) if to.is_weight(a) else (b, to.map(a))
    if word in ("sub", "div") and to.is_weight(a):
        raise Unread("a stored number stands in front")
    if to.is_buffer(weight):
        return by_buffer(to, word, x, numbers(to, weight, x))
    layer = to.maker(x)
    if word == "add" and layer.op.word == "layer_scale":
        return affine(to, x, weight)
    if word != "mul":
        raise Unread(f"it takes a trained {shown(to, weight)} for {to.shape(x)}: only factors have a counterpart")
    x = to.settled(x)
    numbers(to, weight, x)
    op = make("layer_scale")
    return to.layer(op, [x], {"": weight})


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
        return to.like(x, make("rescale", scale=(1.0,), offset=values if word == "add" else tuple(-n for n in values)))
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


# --- functions of one value and a number ------------------------------------------------------------------------------


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


@reads("expand", "expand_as")
def expanded(to: Reader, node: Any) -> Map:
    """Sizes of 1 repeated: by the product that takes it, or by a layer of its own."""
    x = to.map(node.args[0])
    before, after = (list(n.meta["val"].shape) for n in (node.args[0], node))
    rank = len(x.axes) - 1
    if before == after or all("mul" in str(user.target) for user in node.users):
        return x
    if before[:2] != after[:2] or set(before[2:]) != {1} or x.axes != first(rank):
        raise Unread(f"it repeats {before} as {after}")
    return to.layer(make("upsample", to=tuple(after[2:])), [x])


@reads("amax")
def largest(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    rank, axes = len(x.axes) - 1, given(node, 1, "dim") or []
    over = {x.axes[axis % (rank + 2) - 1] for axis in axes if axis % (rank + 2)}
    if not rank or over != set(range(rank)):
        raise Unread(f"it takes the maximum over {axes}: only all places together have a counterpart")
    keep = bool(given(node, 2, "keepdim", False))
    ref = to.build.add(make("global_maxpool", keep=keep), [x.ref])
    return Map(ref, x.axes if keep else first(0))
