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
from ..values import Map, along_channels, first, last
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
        known = found is not None and (X.name not in found or to.is_map(found[X.name]))
        return meaning(to, view, found) if found is not None and known else None

    return rule


def means(op: Op, *patterns: Tree) -> None:
    """Register an activation of `x` without numbers."""
    reads_as(*patterns)(lambda to, view, found: to.like(to.map(found["x"]), op))


def six(inner: Pattern) -> tuple[Tree, ...]:
    """Cut to 0 and 6, in the ways that exporters have it."""
    return (
        node("Clip", inner, 0.0, 6.0),
        node("Min", node("Relu", inner), 6.0),
        node("Min", node("Max", inner, 0.0), 6.0),
    )


SHIFTED = six(node("Add", X, 3.0))
SOFTPLUS = (node("Softplus", X), node("Log", node("Add", node("Exp", X), 1.0)))
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
means(make("softplus"), SOFTPLUS[1])
means(make("mish"), *(node("Mul", X, node("Tanh", inner)) for inner in SOFTPLUS))
means(make("hard_sigmoid"), *(tree for cut in SHIFTED for tree in (node("Div", cut, 6.0), node("Mul", cut, 1 / 6))))
means(make("hard_swish"), *(node("Mul", X, node("Div", cut, 6.0)) for cut in SHIFTED))
means(make("hard_swish"), *(node("Mul", X, node("Mul", cut, 1 / 6)) for cut in SHIFTED))
means(make("hard_swish"), *(node("Div", node("Mul", X, cut), 6.0) for cut in SHIFTED))
means(make("hard_swish"), *(node("Mul", node("Mul", X, cut), 1 / 6) for cut in SHIFTED))


@reads_as(node("Mul", X, node("HardSigmoid", X, name="gate")))
def hard_swish(to: Reader, view: View, found: Found) -> Map | None:
    gate = to.maker(to.map(found["gate"]))
    return to.like(to.map(found["x"]), make("hard_swish")) if gate.op == make("hard_sigmoid") else None


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


@reads_as(node("Mul", node("Elu", node("Div", X, Fixed("alpha")), name="elu"), Fixed("alpha")))
def celu(to: Reader, view: View, found: Found) -> Map | None:
    """In half precision, where ONNX has no node for it."""
    if to.fixed(found["alpha"]).size > 1 or to.graph.makers[found["elu"]].attributes.get("alpha", 1.0) != 1:
        return None
    return to.like(to.map(found["x"]), make("celu", alpha=number(to, found["alpha"])))


@reads_as(node("Sub", X, node("Clip", X, Fixed("least"), Fixed("most"))))
def soft_shrink(to: Reader, view: View, found: Found) -> Map | None:
    least, most = number(to, found["least"]), number(to, found["most"])
    return to.like(to.map(found["x"]), make("soft_shrink", threshold=most)) if least == -most < 0 else None


@reads_as(node("Where", node("Greater", node("Abs", X), Fixed("at")), X, 0.0))
def hard_shrink(to: Reader, view: View, found: Found) -> Map:
    return to.like(to.map(found["x"]), make("hard_shrink", threshold=number(to, found["at"])))


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


DEALT = node("Transpose", node("Reshape", X, name="cards"), name="dealt")


@reads_as(node("Reshape", DEALT))
def channel_shuffle(to: Reader, view: View, found: Found) -> Map | None:
    """Channels as groups x rest, turned round and joined again."""
    x = to.map(found["x"])
    rank = len(x.axes) - 1
    cards = to.sizes(to.graph.makers[found["cards"]].inputs[1])
    order = to.graph.makers[found["dealt"]].attributes.get("perm", [])
    width = to.shape(x).channels
    shuffled = list(order[:3]) == [0, 2, 1] and list(order[3:]) == list(range(3, len(order)))
    groups, rest = cards[1:3] if len(cards) > 2 else (None, None)
    if not shuffled or x.axes != first(rank) or groups is None or rest is None:
        return None
    if groups * rest != width or not restored(to, view, x):
        return None
    return to.layer(make("channel_shuffle", groups=groups), [x], view)


def restored(to: Reader, view: View, x: Map) -> bool:
    """Whether a reshape brings back the sizes of a value, as far as they are known."""
    items, dims = to.sizes(view.inputs[1]), to.dims(x)
    same = all(n in (None, 0, -1) or m is None or n == m for n, m in zip(items[1:], dims))
    return len(items) == len(dims) + 1 and same


BLOCKS = {
    (0, 1, 4, 2, 5, 3): ("pixel_shuffle", (2, 3), False),
    (0, 3, 4, 1, 5, 2): ("pixel_shuffle", (1, 2), True),
    (0, 1, 3, 5, 2, 4): ("pixel_unshuffle", (3, 5), False),
    (0, 3, 5, 1, 2, 4): ("pixel_unshuffle", (3, 5), True),
}
"""Orders of six axes that move channels to places or back: the layer, where its factors are, and whether the places of
a block come before the channels."""


@reads_as(node("Reshape", DEALT))
def blocks(to: Reader, view: View, found: Found) -> Map | None:
    """Channels as places and back, put together of reshapes."""
    x, cards = to.map(found["x"]), to.sizes(to.graph.makers[found["cards"]].inputs[1])
    known = BLOCKS.get(tuple(to.graph.makers[found["dealt"]].attributes.get("perm", ())))
    if known is None or x.axes != first(2) or len(cards) != 6:
        return None
    word, places, before = known
    factor, other = (cards[place] for place in places)
    width, spatial = to.shape(x).channels or 0, to.shape(x).spatial
    shuffles = word == "pixel_shuffle"
    kept = [cards[4], cards[5]] if shuffles else [n and factor and n * factor for n in (cards[2], cards[4])]
    if factor is None or factor < 2 or factor != other or any(a and b and a != b for a, b in zip(kept, spatial)):
        return None
    if cards[3 if before and shuffles else 1] != (width // factor**2 if shuffles else width):
        return None
    op, mixed = make(word, factor=factor), make("channel_shuffle", groups=factor**2 if shuffles else width)
    steps = [op] if not before else [mixed, op] if shuffles else [op, mixed]
    target = to.sizes(view.inputs[1])[1:]
    for step in steps:
        x = to.layer(step, [x], view)
    same = all(a in (None, 0, -1) or b is None or a == b for a, b in zip(target, to.dims(x)))
    return x if len(target) == 3 and same else None


@reads_as(node("Gather", node("SpaceToDepth", X, name="blocks"), Fixed("order")))
def pixel_unshuffle(to: Reader, view: View, found: Found) -> Map:
    factor = to.graph.makers[found["blocks"]].attributes["blocksize"]
    return to.layer(make("pixel_unshuffle", factor=factor), [to.first(found["x"])], view)


@reads_as(node("Gather", Fixed("weight"), X))
def embedding(to: Reader, view: View, found: Found) -> Map | None:
    """Rows of a table, one for each token; its channels lie last."""
    table, x = to.fixed(found["weight"]), to.map(found["x"])
    if table.ndim != 2 or view.attributes.get("axis", 0) or len(x.axes) != 1:
        return None
    op = make("embedding", vocabulary=table.shape[0], width=table.shape[1])
    return to.layer(op, [x], view, {"weight": found["weight"]})._replace(axes=last(1))


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
def normalize(to: Reader, view: View, found: Found) -> Map | None:
    """By numbers that are given."""
    given = numbers(to, found, "mean", "std")
    return to.like(to.map(found["x"]), make("normalize", **given)) if given else None


@reads_as(node("Add", node("Mul", X, Fixed("scale")), Fixed("offset")))
def rescale(to: Reader, view: View, found: Found) -> Map | None:
    """x * scale + offset, by numbers that are no weights."""
    given = numbers(to, found, "scale", "offset")
    weights = not all(is_number(to, found[k]) for k in ("scale", "offset"))
    return None if weights or not given else to.like(to.map(found["x"]), make("rescale", **given))


def numbers(to: Reader, found: Found, *names: str) -> dict[str, tuple[float, ...]]:
    """Fixed numbers of a pattern, one or one for each channel of its value; none where they are others."""
    x, arrays = to.map(found["x"]), {name: to.fixed(found[name]) for name in names}
    if not all(along_channels(x, a) and a.size in (1, to.shape(x).channels) for a in arrays.values()):
        return {}
    return {name: tuple(spelled(n) for n in array.reshape(-1)) for name, array in arrays.items()}


def is_number(to: Reader, name: str) -> bool:
    """Whether fixed numbers are arguments and no weights: one, or made up by an exporter."""
    unnamed = name not in to.graph.initializers and "." not in name and not name.endswith(("weight", "bias"))
    return to.fixed(name).size == 1 or OURS in name or unnamed
