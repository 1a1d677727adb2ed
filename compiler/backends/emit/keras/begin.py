"""How weights begin, as arguments of layers."""

from __future__ import annotations

from ....keras_initializers import argument, elsewhere, in_keras, plainly
from ....ops import initializers as begin
from ....ops.base import Initializer, Op, OpError
from ..code import Call, Code, Leaf, Named
from .row import Row

OURS: dict[type[Initializer], str] = {begin.Identity: "ChannelIdentity", begin.Bilinear: "BilinearWindow"}
"""The classes that the file brings."""


def beginnings(op: Op, to: Row) -> dict[str, Code]:
    """What is said of weights that do not begin as Keras's do. OpError for what Keras cannot say."""
    found: dict[str, Code] = {}
    for name, weight in to.node.facts.weights.items():
        init = plainly(op, weight)
        key = argument(op, name)
        if init is not None:
            if whole(init) and key != "bias_initializer" and (elsewhere(op) or key == "depthwise_initializer"):
                raise OpError(f"in Keras the weights of a `{op.word}` cannot begin by `{init.word}`", "init")
            found[key] = said(init, key)
    return found


def whole(init: Initializer) -> bool:
    """Whether it is no number for each place by itself, but depends on how the weight is laid out."""
    return isinstance(init, (begin.Orthogonal, *OURS))


def said(init: Initializer, key: str) -> Code:
    """The word or the call."""
    theirs = in_keras(init)
    if theirs is None:
        return Call(OURS[type(init)], ())
    if not theirs.arguments:
        return Leaf(theirs.word, key)
    named = tuple(Named(name, Leaf(value, name)) for name, value in theirs.arguments.items())
    return Call(f"keras.initializers.{theirs.name}", named)
