"""Activations that are one node."""

from __future__ import annotations

from ....decompile.network import make
from ....ops.base import Op
from ...unread import Unread
from ..reader import Reader, reads
from ..source import View
from ..values import Map
from .norm import spelled

PLAIN = {
    "Relu": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "HardSwish": "hard_swish",
    "Mish": "mish",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Selu": "selu",
    "Exp": "exponential",
    "Abs": "abs",
    "Swish": "swish",
}


@reads(*PLAIN)
def plain(to: Reader, view: View) -> Map:
    return to.like(to.map(view.inputs[0]), make(PLAIN[view.kind]))


@reads("LeakyRelu", "Elu", "Celu", "Gelu", "HardSigmoid", "Shrink", "ThresholdedRelu")
def with_numbers(to: Reader, view: View) -> Map:
    return to.like(to.map(view.inputs[0]), numbered(view))


def numbered(view: View) -> Op:
    """The activation with the numbers of the node's attributes."""
    given = view.attributes
    alpha = given.get("alpha", {"LeakyRelu": 0.01, "HardSigmoid": 0.2}.get(view.kind, 1.0))
    if view.kind == "LeakyRelu":
        return make("leaky_relu", slope=alpha)
    if view.kind in ("Elu", "Celu"):
        return make(view.kind.lower(), alpha=alpha)
    if view.kind == "Gelu":
        return make("gelu", approximate=given.get("approximate", "none") == "tanh")
    if view.kind == "ThresholdedRelu":
        return make("threshold", at=alpha)
    if view.kind == "HardSigmoid":
        if abs(alpha - 1 / 6) > 1e-4 or given.get("beta", 0.5) != 0.5:
            raise Unread(f"its slope is {alpha:g}; `hard_sigmoid` is x / 6 + 0.5")
        return make("hard_sigmoid")
    low, bias = given.get("lambd", 0.5), given.get("bias", 0.0)
    if bias not in (0.0, low):
        raise Unread(f"it shrinks by {bias:g} what is beyond {low:g}")
    return make("soft_shrink" if bias else "hard_shrink", threshold=low)


@reads("Clip")
def clip(to: Reader, view: View) -> Map:
    """Between 0 and a bound it is a relu."""
    x = to.map(view.inputs[0])
    ends = [view.attributes.get("min"), view.attributes.get("max")]
    for position in (1, 2):
        if name := to.optional(view, position):
            ends[position - 1] = spelled(to.fixed(name).reshape(-1)[0])
    low, high = ends
    if low is None and high is None:
        return x
    if low is None or high is None or high > 1e30 or low < -1e30:
        raise Unread("only one of its ends is bounded")
    if (low, high) == (0.0, 6.0):
        return to.like(x, make("relu6"))
    if (low, high) == (-1.0, 1.0):
        return to.like(x, make("hard_tanh"))
    return to.like(x, make("relu", max=high) if low == 0 else make("clip", low=low, high=high))


@reads("PRelu")
def prelu(to: Reader, view: View) -> Map:
    x = to.first(view.inputs[0])
    name = view.inputs[1]
    maker = to.graph.makers.get(name)
    if maker is not None and maker.kind in ("Reshape", "Unsqueeze"):
        name = maker.inputs[0]
    slope, shape = to.fixed(name), to.shape(x)
    per = "layer" if slope.size == 1 else "channel" if slope.size == shape.channels else "value"
    wanted = make("prelu", per=per).facts((shape,)).weights["weight"].shape
    weight = name if slope.shape == wanted else slope.reshape(wanted)
    return to.layer(make("prelu", per=per), [x], view, {"weight": weight})


@reads("Softmax", "LogSoftmax")
def softmax(to: Reader, view: View) -> Map:
    x = to.map(view.inputs[0])
    rank = len(x.axes) - 1
    axis = view.attributes.get("axis", -1) % (rank + 2)
    if axis == 0 or x.axes[axis - 1] != rank:
        raise Unread(f"it runs over the axis {axis}, which does not hold the channels")
    return to.like(x, make("softmax" if view.kind == "Softmax" else "log_softmax"))


@reads("Dropout", "Identity", "Cast", "CastLike")
def nothing(to: Reader, view: View) -> Map | None:
    """What is nothing outside training."""
    return to.map(view.inputs[0]) if to.is_map(view.inputs[0]) else None
