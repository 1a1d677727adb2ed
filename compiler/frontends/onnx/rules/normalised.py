"""Normalisations that are put together of means, differences and roots."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ....decompile.network import make
from ..pattern import Fixed, Found, Pattern, Tree, X, node
from ..reader import Reader
from ..source import View
from ..values import Map, whole
from .patterns import number, reads_as, restored

LENGTH = node("ReduceL2", X, name="length")


@reads_as(
    node("Div", X, node("Max", LENGTH, Fixed("eps"))),
    node("Div", X, node("Expand", node("Clip|Max", LENGTH, Fixed("eps")), node("Shape", X))),
)
def l2_normalize(to: Reader, view: View, found: Found) -> Map | None:
    if not over_channels(to, found["x"], found["length"]):
        return None
    return to.layer(make("l2_normalize", eps=number(to, found["eps"])), [to.first(found["x"])], view)


SHARE = node("Div", LENGTH, node("Add", node("ReduceMean", LENGTH, name="mean"), Fixed("eps")))
GAINED = node("Mul", node("Mul", X, SHARE), node("Reshape", Fixed("weight")))


@reads_as(node("Add", X, node("Add", GAINED, node("Reshape", Fixed("bias")))))
def response_norm(to: Reader, view: View, found: Found) -> Map | None:
    rank = len(to.map(found["x"]).axes) - 1
    if over(to, found["x"], found["length"]) != set(range(rank)) or not over_channels(to, found["x"], found["mean"]):
        return None
    op = make("response_norm", eps=number(to, found["eps"]))
    weights = {"weight": found["weight"], "bias": found["bias"]}
    return to.layer(op, [to.first(found["x"])], view, weights)


def rooted(square: Pattern) -> Tree:
    """The root of a mean of squares."""
    return node("Sqrt", node("Add", node("ReduceMean", square, name="variance"), Fixed("eps")))


def divided(value: Pattern, by: Pattern) -> Iterator[Tree]:
    yield node("Div", value, by)
    yield node("Mul", value, node("Reciprocal", by))
    yield node("Mul", value, node("Div", 1.0, by))


SQUARES = (node("Mul", X, X), node("Pow", X, 2.0))
SHARES = [share for square in SQUARES for share in divided(X, rooted(square))]


@reads_as(
    *(node("Mul", share, weight) for share in SHARES for weight in (node("Reshape", Fixed("weight")), Fixed("weight")))
)
def rmsnorm(to: Reader, view: View, found: Found) -> Map | None:
    x, weight = to.map(found["x"]), to.fixed(found["weight"])
    if not over_channels(to, found["x"], found["variance"]) or weight.size != to.shape(x).channels:
        return None
    named = found["weight"] if weight.ndim == 1 else weight.reshape(-1)
    op = make("rmsnorm", eps=number(to, found["eps"]))
    return Map(to.layer(op, [x], view, {"weight": named}).ref, x.axes)


MEAN = node("ReduceMean", X, name="mean")
CENTRED = node("Sub", X, MEAN)
RESHAPED = node("Sub", X, node("Reshape", MEAN, name="reshaped"))
SQUARED = [
    square for centred in (CENTRED, RESHAPED) for square in (node("Mul", centred, centred), node("Pow", centred, 2.0))
]
SPREADS = [rooted(square) for square in SQUARED]
PAIR = ("mean", "variance")


@reads_as(*(tree for spread in SPREADS for tree in divided(CENTRED, spread)))
def centred(to: Reader, view: View, found: Found) -> Map | None:
    """Over the channels, as before opset 17, or over the places; factor and summand follow."""
    x = to.map(found["x"])
    rank = rank_of(x)
    first, second = (over(to, found["x"], found[key]) for key in PAIR)
    if first != second or first not in ({rank}, set(range(rank))) or not first:
        return None
    if "reshaped" in found and (first != {rank} or not as_it_was(to, to.graph.makers[found["reshaped"]], x)):
        return None
    word = "layernorm" if first == {rank} else "instancenorm"
    return to.like(x, make(word, eps=number(to, found["eps"]), scale=False, center=False))


def gained(spread: Tree) -> Iterator[Tree]:
    """x * gain + (bias - mean * gain), as TensorFlow has it, and as it is there in Keras."""
    gain = node("Mul", node("Reciprocal", spread), Fixed("weight"))
    moved = node("Mul", node("Neg", MEAN), gain)
    for rest in (node("Sub", Fixed("bias"), node("Mul", MEAN, gain)), node("Add", moved, Fixed("bias"))):
        yield node("Add", node("Mul", X, gain), rest)


@reads_as(*(tree for spread in SPREADS for tree in gained(spread)))
def layernorm(to: Reader, view: View, found: Found) -> Map | None:
    x = to.map(found["x"])
    if "reshaped" in found and not as_it_was(to, to.graph.makers[found["reshaped"]], x):
        return None
    weights = {key: to.fixed(found[key]) for key in ("weight", "bias")}
    if not all(over_channels(to, found["x"], found[key]) for key in PAIR):
        return None
    if any(array.size != to.shape(x).channels for array in weights.values()):
        return None
    op = make("layernorm", eps=number(to, found["eps"]))
    names = {key: found[key] if array.ndim == 1 else array.reshape(-1) for key, array in weights.items()}
    return Map(to.layer(op, [x], view, names).ref, x.axes)


def as_it_was(to: Reader, view: View, x: Map) -> bool:
    """Whether a reshape of the means over the channels of `x` leaves them as they are."""
    dims = [1 if axis == rank_of(x) else n for axis, n in zip(x.axes, to.dims(x))]
    items = to.sizes(view.inputs[1])
    return len(items) == len(dims) + 1 and all(n in (None, 0, -1, m) for n, m in zip(items[1:], dims))


def rank_of(x: Map) -> int:
    return len(x.axes) - 1


def over(to: Reader, value: str, reduced: str) -> set[int]:
    """The written axes of a value over which a node reduces; none where it takes the axes away or the batch in."""
    x, view = to.map(value), to.graph.makers[reduced]
    total = len(x.axes) + 1
    axes = [a % total for a in to.whole(view, "axes", 1) or range(total)]
    if 0 in axes or not view.attributes.get("keepdims", 1) or x.order is not None:
        return set()
    return {x.axes[a - 1] for a in axes}


def over_channels(to: Reader, value: str, reduced: str) -> bool:
    """Whether a node reduces over the channels of a value."""
    return over(to, value, reduced) == {rank_of(to.map(value))}


@reads_as(node("Reshape", node("InstanceNormalization", node("Reshape", X, Fixed("groups"), name="grouped"))))
def grouped_norm(to: Reader, view: View, found: Found) -> Map | None:
    """Each group as one channel: group normalisation, or instance normalisation where a group is one channel."""
    x = to.first(found["x"])
    groups = whole(to.fixed(found["groups"]))[1]
    inner = to.graph.makers[view.inputs[0]]
    plainly = near_all(to, inner.inputs[1], 1.0) and near_all(to, inner.inputs[2], 0.0)
    if not plainly or not restored(to, view, x):
        return None
    given = {"eps": inner.attributes.get("epsilon", 1e-5), "scale": False, "center": False}
    if groups == to.shape(x).channels:
        return to.layer(make("instancenorm", **given), [x], view)
    return to.layer(make("groupnorm", groups=groups, **given), [x], view)


def near_all(to: Reader, name: str, value: float) -> bool:
    return bool(np.allclose(to.fixed(name), value))
