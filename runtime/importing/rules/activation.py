"""Activations, and what does nothing."""

from __future__ import annotations

from typing import Any

from ....compiler.decompile import make
from ....compiler.frontends.arranged import Map
from ....compiler.frontends.unread import Unread
from ..calls import function, given
from ..reader import Reader, reads

PLAIN = {"relu": "relu", "relu6": "relu6", "sigmoid": "sigmoid", "tanh": "tanh", "silu": "swish", "mish": "mish",
         "hardswish": "hard_swish", "hardsigmoid": "hard_sigmoid", "selu": "selu", "softplus": "softplus",
         "abs": "abs", "exp": "exponential", "square": "square", "log_sigmoid": "log_sigmoid"}  # fmt: skip  # fmt: skip


@reads(*PLAIN)
def plain(to: Reader, node: Any) -> Map:
    word = function(node)
    return to.like(to.map(node.args[0]), make(PLAIN[word]))


@reads("leaky_relu")
def leaky_relu(to: Reader, node: Any) -> Map:
    return to.like(to.map(node.args[0]), make("leaky_relu", slope=given(node, 1, "negative_slope", 0.01)))


@reads("elu")
def elu(to: Reader, node: Any) -> Map:
    return to.like(to.map(node.args[0]), make("elu", alpha=float(given(node, 1, "alpha", 1.0))))


@reads("celu")
def celu(to: Reader, node: Any) -> Map:
    return to.like(to.map(node.args[0]), make("celu", alpha=float(given(node, 1, "alpha", 1.0))))


@reads("gelu")
def gelu(to: Reader, node: Any) -> Map:
    approximate = given(node, 1, "approximate", "none") == "tanh"
    return to.like(to.map(node.args[0]), make("gelu", approximate=approximate))


@reads("prelu")
def prelu(to: Reader, node: Any) -> Map:
    per = "layer" if to.array(node.args[1]).numel() == 1 else "channel"
    return to.layer(make("prelu", per=per), [to.first(node.args[0])], {"weight": node.args[1]})


@reads("softmax", "log_softmax")
def softmax(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    axis = node.args[1] % (len(x.axes) + 1)
    if axis == 0 or x.axes[axis - 1] != len(x.axes) - 1:
        raise Unread(f"it runs over the axis {node.args[1]}, which does not hold the channels")
    return to.like(x, make("log_softmax" if "log" in str(node.target) else "softmax"))


@reads("hardshrink", "softshrink")
def shrink(to: Reader, node: Any) -> Map:
    word = "hard_shrink" if "hard" in str(node.target) else "soft_shrink"
    return to.like(to.map(node.args[0]), make(word, threshold=float(given(node, 1, "lambd", 0.5))))


@reads("threshold")
def threshold(to: Reader, node: Any) -> Map:
    return to.like(to.map(node.args[0]), make("threshold", at=float(node.args[1]), otherwise=float(node.args[2])))


@reads("softsign")
def plain_softsign(to: Reader, node: Any) -> Map:
    return to.like(to.map(node.args[0]), make("softsign"))


@reads("glu")
def glu(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    axis = given(node, 1, "dim", -1) % (len(x.axes) + 1)
    if axis == 0 or x.axes[axis - 1] != len(x.axes) - 1:
        raise Unread(f"it halves the axis {axis}, which does not hold the channels")
    return to.like(x, make("glu"))


@reads("contiguous", "clone", "detach", "alias", "identity", "to", "_assert_tensor_metadata")
def nothing(to: Reader, node: Any) -> Map:
    return to.map(node.args[0])
