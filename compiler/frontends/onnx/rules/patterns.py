"""Layers that are several nodes in ONNX: the tree behind the last node, and the layer it means."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt
from typing import Any

import numpy as np

from ....decompile.network import make
from ....ops.base import Op
from ...unread import Unread
from ..pattern import Fixed, Found, Pattern, Tree, X, match, node
from ..reader import Reader, reads
from ..source import View
from ..values import Map, first, whole
from .norm import OURS, spelled

Meaning = Callable[[Reader, View, Found], Any]


def reads_as(*patterns: Tree) -> Callable[[Meaning], Meaning]:
    """Register what patterns mean, under the kind of their last node."""

    def register(meaning: Meaning) -> Meaning:
        for pattern in patterns:
            for kind in pattern.kinds:
                reads(kind)(_rule(pattern, meaning))
        return meaning

    return register


def _rule(pattern: Tree, meaning: Meaning) -> Callable[[Reader, View], Any]:
    def rule(to: Reader, view: View) -> Any:
        found = match(to.graph, view.outputs[0], pattern)
        return None if found is None else meaning(to, view, found)

    return rule


def means(op: Op, *patterns: Tree) -> None:
    """Register an activation of `x` without numbers."""
    reads_as(*patterns)(lambda to, view, found: to.like(to.map(found["x"]), op))


def six(inner: Pattern) -> Tree:
    """Cut to 0 and 6, the two ways that opsets have it."""
    return node("Clip", inner, 0.0, 6.0)


SHIFTED = six(node("Add", X, 3.0))
ERF = node("Add", node("Erf", node("Div", X, sqrt(2))), 1.0)
ERF_TIMES = node("Add", node("Erf", node("Mul", X, sqrt(0.5))), 1.0)
CUBE = node("Mul", node("Mul", X, X), X)
BENT = node("Add", X, node("Mul", CUBE, 0.044715))
POWER = node("Add", X, node("Mul", node("Pow", X, 3.0), 0.044715))
TANHS = [node("Add", node("Tanh", node("Mul", bent, sqrt(2 / pi))), 1.0) for bent in (BENT, POWER)]


def halved(share: Tree) -> tuple[Tree, ...]:
    """x * share / 2, in every order."""
    return (
        node("Mul", node("Mul", X, 0.5), share),
        node("Mul", node("Mul", X, share), 0.5),
        node("Mul", node("Mul", share, 0.5), X),
    )


means(make("swish"), node("Mul", X, node("Sigmoid", X)))
means(make("mish"), node("Mul", X, node("Tanh", node("Softplus", X))))
means(make("hard_sigmoid"), node("Div", SHIFTED, 6.0), node("Mul", SHIFTED, 1 / 6))
means(
    make("hard_swish"),
    node("Mul", X, node("HardSigmoid", X)),
    node("Mul", X, node("Div", SHIFTED, 6.0)),
    node("Mul", X, node("Mul", SHIFTED, 1 / 6)),
    node("Div", node("Mul", X, SHIFTED), 6.0),
)
means(make("gelu"), *halved(ERF), *halved(ERF_TIMES))
means(make("gelu", approximate=True), *halved(TANHS[0]), *halved(TANHS[1]))
means(make("log_sigmoid"), node("Neg", node("Softplus", node("Neg", X))), node("Log", node("Sigmoid", X)))
means(make("tanh_shrink"), node("Sub", X, node("Tanh", X)))
means(make("square"), node("Mul", X, X), node("Pow", X, 2.0))


def number(to: Reader, name: str) -> float:
    array = to.fixed(name)
    if array.size != 1:
        raise Unread(f"`{name}` holds {array.size} numbers where one is wanted")
    return spelled(array.reshape(-1)[0])


@reads_as(
    node("Mul", node("Tanh", node("Mul", X, Fixed("slope"))), Fixed("amplitude")),
    node("Mul", node("Sigmoid", node("Mul", X, Fixed("slope"))), Fixed("amplitude")),
)
def stretched(to: Reader, view: View, found: Found) -> Map | None:
    if to.fixed(found["slope"]).size > 1 or to.fixed(found["amplitude"]).size > 1:
        return None
    inner = next(to.graph.makers[n].kind for n in view.inputs if n in to.graph.makers)
    word = "scaled_tanh" if inner == "Tanh" else "scaled_sigmoid"
    given = {key: number(to, found[key]) for key in ("slope", "amplitude")}
    return to.like(to.map(found["x"]), make(word, **given))


@reads_as(node("Where", node("Greater", X, Fixed("at")), X, Fixed("otherwise")))
def threshold(to: Reader, view: View, found: Found) -> Map:
    given = {key: number(to, found[key]) for key in ("at", "otherwise")}
    return to.like(to.map(found["x"]), make("threshold", **given))


@reads_as(
    node("Where", node("Greater", X, Fixed("at")), X, node("Mul", node("Sub", X, Fixed("at")), Fixed("slope"))),
)
def relu_above(to: Reader, view: View, found: Found) -> Map:
    given = {"threshold": number(to, found["at"]), "slope": number(to, found["slope"])}
    return to.like(to.map(found["x"]), make("relu", **given))


HALVES = [
    (node("Split", X, output=0), node("Split", X, output=1)),
]


@reads_as(*(node("Mul", value, node("Sigmoid", gate)) for value, gate in HALVES))
def glu(to: Reader, view: View, found: Found) -> Map:
    return to.layer(make("glu"), [to.first(found["x"])], view)


LENGTH = node("ReduceL2", X)


@reads_as(
    node("Div", X, node("Max", LENGTH, Fixed("eps"))),
    node("Div", X, node("Expand", node("Clip|Max", LENGTH, Fixed("eps")), node("Shape", X))),
)
def l2_normalize(to: Reader, view: View, found: Found) -> Map:
    return to.layer(make("l2_normalize", eps=number(to, found["eps"])), [to.first(found["x"])], view)


SHARE = node("Div", LENGTH, node("Add", node("ReduceMean", LENGTH), Fixed("eps")))
GAINED = node("Mul", node("Mul", X, SHARE), node("Reshape", Fixed("weight")))


@reads_as(node("Add", X, node("Add", GAINED, node("Reshape", Fixed("bias")))))
def response_norm(to: Reader, view: View, found: Found) -> Map:
    op = make("response_norm", eps=number(to, found["eps"]))
    weights = {"weight": found["weight"], "bias": found["bias"]}
    return to.layer(op, [to.first(found["x"])], view, weights)


ROOT = node("Sqrt", node("Add", node("ReduceMean", node("Mul", X, X)), Fixed("eps")))


@reads_as(
    node("Mul", node("Div", X, ROOT), node("Reshape", Fixed("weight"))),
    node("Mul", node("Div", X, ROOT), Fixed("weight")),
)
def rmsnorm(to: Reader, view: View, found: Found) -> Map:
    op = make("rmsnorm", eps=number(to, found["eps"]))
    return to.layer(op, [to.first(found["x"])], view, {"weight": found["weight"]})


CENTRED = node("Sub", X, node("ReduceMean", X, name="mean"))
SPREAD = node("Sqrt", node("Add", node("ReduceMean", node("Mul|Pow", CENTRED), name="variance"), Fixed("eps")))


@reads_as(node("Div", CENTRED, SPREAD))
def layernorm(to: Reader, view: View, found: Found) -> Map | None:
    """Put together, as before opset 17; factor and summand follow."""
    x = to.map(found["x"])
    rank = len(x.axes) - 1
    axes = to.graph.makers[found["mean"]].attributes.get("axes") or [-1]
    if [a % (rank + 2) for a in axes] != [rank + 1] or x.axes[-1] != rank:
        return None
    return to.like(x, make("layernorm", eps=number(to, found["eps"]), scale=False, center=False))


@reads_as(node("Reshape", node("InstanceNormalization", node("Reshape", X, Fixed("groups"), name="grouped"))))
def grouped_norm(to: Reader, view: View, found: Found) -> Map | None:
    """Each group as one channel: group normalisation, or instance normalisation where a group is one channel."""
    x = to.first(found["x"])
    groups = whole(to.fixed(found["groups"]))[1]
    inner = to.graph.makers[view.inputs[0]]
    plainly = near_all(to, inner.inputs[1], 1.0) and near_all(to, inner.inputs[2], 0.0)
    if not plainly:
        return None
    given = {"eps": inner.attributes.get("epsilon", 1e-5), "scale": False, "center": False}
    if groups == to.shape(x).channels:
        return to.layer(make("instancenorm", **given), [x], view)
    return to.layer(make("groupnorm", groups=groups, **given), [x], view)


def near_all(to: Reader, name: str, value: float) -> bool:
    return bool(np.allclose(to.fixed(name), value))


DEALT = node("Transpose", node("Reshape", X, Fixed("cards")), name="dealt")


@reads_as(node("Reshape", DEALT))
def channel_shuffle(to: Reader, view: View, found: Found) -> Map | None:
    """Channels as groups x rest, turned round and joined again."""
    x = to.map(found["x"])
    rank = len(x.axes) - 1
    cards = whole(to.fixed(found["cards"]))
    order = to.graph.makers[found["dealt"]].attributes.get("perm", [])
    width = to.shape(x).channels
    shuffled = list(order[:3]) == [0, 2, 1] and list(order[3:]) == list(range(3, len(order)))
    joined = len(cards) > 2 and cards[1] * cards[2] == width and joins(to, view, len(cards))
    if not shuffled or not joined or x.axes != first(rank):
        return None
    return to.layer(make("channel_shuffle", groups=cards[1]), [x], view)


def joins(to: Reader, view: View, axes: int) -> bool:
    """Whether a reshape joins two of the axes again, not more of them."""
    return not to.graph.is_stored(view.inputs[1]) or len(whole(to.fixed(view.inputs[1]))) == axes - 1


@reads_as(node("Gather", node("SpaceToDepth", X, name="blocks"), Fixed("order")))
def pixel_unshuffle(to: Reader, view: View, found: Found) -> Map:
    factor = to.graph.makers[found["blocks"]].attributes["blocksize"]
    return to.layer(make("pixel_unshuffle", factor=factor), [to.first(found["x"])], view)


@reads_as(node("Transpose", node("Gather", Fixed("weight"), X)))
def embedding(to: Reader, view: View, found: Found) -> Map:
    table = to.fixed(found["weight"])
    op = make("embedding", vocabulary=table.shape[0], width=table.shape[1])
    return to.layer(op, [to.map(found["x"])], view, {"weight": found["weight"]})


@reads_as(node("Cast", node("Equal", node("Unsqueeze", X), Fixed("tokens"))))
def one_hot(to: Reader, view: View, found: Found) -> Map:
    depth = to.fixed(found["tokens"]).size
    return to.layer(make("one_hot", depth=depth), [to.map(found["x"])], view)


APART = node("Sub", node("Unsqueeze", X), Fixed("weight"))


@reads_as(node("ReduceSum", node("Mul", APART, APART)))
def rbf(to: Reader, view: View, found: Found) -> Map:
    out = to.fixed(found["weight"]).shape[0]
    return to.layer(make("rbf", out=out), [to.map(found["x"])], view, {"weight": found["weight"]})


STATISTIC = node("Max", node("Sqrt", Fixed("variance")), Fixed("least"))
BY_STATISTIC = node("Max", node("Sqrt", node("Reshape", Fixed("variance"))), Fixed("least"))


@reads_as(
    node("Div", node("Sub", X, node("Reshape", Fixed("mean"))), BY_STATISTIC),
    node("Div", node("Sub", X, Fixed("mean")), STATISTIC),
)
def measured(to: Reader, view: View, found: Found) -> Map:
    """Statistics measured on the training data; how many values were seen is not told."""
    weights: dict[str, Any] = {"mean": found["mean"], "variance": found["variance"]}
    weights["count"] = np.zeros((), np.float32)
    return to.layer(make("normalize"), [to.first(found["x"])], view, weights)


@reads_as(node("Div", node("Sub", X, Fixed("mean")), Fixed("std")))
def normalize(to: Reader, view: View, found: Found) -> Map:
    """By numbers that are given."""
    given = {k: tuple(spelled(n) for n in to.fixed(found[k]).reshape(-1)) for k in ("mean", "std")}
    return to.layer(make("normalize", **given), [to.first(found["x"])], view)


@reads_as(node("Add", node("Mul", X, Fixed("scale")), Fixed("offset")))
def rescale(to: Reader, view: View, found: Found) -> Map | None:
    """x * scale + offset, by numbers that are no weights."""
    if not all(is_number(to, found[k]) for k in ("scale", "offset")):
        return None
    given = {k: tuple(spelled(n) for n in to.fixed(found[k]).reshape(-1)) for k in ("scale", "offset")}
    return to.layer(make("rescale", **given), [to.first(found["x"])], view)


def is_number(to: Reader, name: str) -> bool:
    """Whether fixed numbers are arguments and no weights: one, or made up by an exporter."""
    unnamed = name in to.graph.constants and "." not in name and not name.endswith(("weight", "bias"))
    return to.fixed(name).size == 1 or OURS in name or unnamed
