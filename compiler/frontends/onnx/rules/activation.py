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


USUAL = {"Selu": {"alpha": 1.67326319, "gamma": 1.05070102}, "Swish": {"alpha": 1.0}}
"""The numbers that are meant by the name alone."""


@reads(*PLAIN)
def plain(to: Reader, view: View) -> Map:
    for name, usual in USUAL.get(view.kind, {}).items():
        if abs(view.attributes.get(name, usual) - usual) > 1e-6:
            raise Unread(f"its {name} is {view.attributes[name]:g}; `{PLAIN[view.kind]}` has {usual:g}")
    return to.like(to.map(view.inputs[0]), make(PLAIN[view.kind]))


@reads("HardSigmoid")
def hard_sigmoid(to: Reader, view: View) -> Map:
    """With another slope than 1 / 6 (TensorFlow: 0.2) it is a line, cut to 0 and 1."""
    x, slope, middle = to.map(view.inputs[0]), view.attributes.get("alpha", 0.2), view.attributes.get("beta", 0.5)
    if abs(slope - 1 / 6) < 1e-4 and middle == 0.5:
        return to.like(x, make("hard_sigmoid"))
    line = to.like(x, make("rescale", scale=(spelled(slope),), offset=(spelled(middle),)))
    return to.like(line, make("relu", max=1.0))


@reads("LeakyRelu", "Elu", "Celu", "Gelu", "Shrink", "ThresholdedRelu")
def with_numbers(to: Reader, view: View) -> Map:
    return to.like(to.map(view.inputs[0]), numbered(view))


def numbered(view: View) -> Op:
    """The activation with the numbers of the node's attributes."""
    given = view.attributes
    alpha = given.get("alpha", 0.01 if view.kind == "LeakyRelu" else 1.0)
    if view.kind == "LeakyRelu":
        return make("leaky_relu", slope=alpha)
    if view.kind in ("Elu", "Celu"):
        return make(view.kind.lower(), alpha=alpha)
    if view.kind == "Gelu":
        return make("gelu", approximate=given.get("approximate", "none") == "tanh")
    if view.kind == "ThresholdedRelu":
        return make("threshold", at=alpha)
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
    return bounded(to, x, *ends)


@reads("Max", "Min")
def bound(to: Reader, view: View) -> Map | None:
    """The larger or smaller of a value and a number."""
    maps = [name for name in view.inputs if to.is_map(name)]
    numbers = [to.graph.fixed(name) for name in view.inputs if to.graph.is_stored(name)]
    if len(view.inputs) != 2 or len(maps) != 1 or not numbers or numbers[0] is None or numbers[0].size != 1:
        return None
    number = spelled(numbers[0].reshape(-1)[0])
    return bounded(to, to.map(maps[0]), *((number, None) if view.kind == "Max" else (None, number)))


def bounded(to: Reader, x: Map, low: float | None, high: float | None) -> Map:
    """A value cut to a range, of which an end may be open; an upper end behind a relu is its own."""
    low, high = None if low is None or low < -1e30 else low, None if high is None or high > 1e30 else high
    made = to.maker(x)
    if low is None and high is not None and high >= 0 and made.op == make("relu"):
        op = make("relu6") if high == 6 else make("relu", max=high)
        return Map(to.build.add(op, made.inputs), x.axes, x.order)
    if low is None and high is None:
        return x
    if low == 0 and high is None:
        return to.like(x, make("relu"))
    if low is None or high is None:
        raise Unread(f"only its {'upper' if low is None else 'lower'} end is bounded; `clip` has two")
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
    old = to.graph.opset < 13
    axis = view.attributes.get("axis", 1 if old else -1) % (rank + 2)
    if old and axis < rank + 1 and to.shape(x).area != 1:
        raise Unread(f"before opset 13 it runs over all axes from {axis} on together")
    if axis == 0 or x.axes[axis - 1] != rank:
        raise Unread(f"it runs over the axis {axis}, which does not hold the channels")
    return to.like(x, make("softmax" if view.kind == "Softmax" else "log_softmax"))


@reads("Dropout", "Identity", "Cast", "CastLike")
def nothing(to: Reader, view: View) -> Map | None:
    """What is nothing outside training."""
    return to.map(view.inputs[0]) if to.is_map(view.inputs[0]) else None
