"""Activations."""

from __future__ import annotations

from ....ops import activation as ops
from ....ops.base import Op
from ..code import Code, Leaf, call, literal
from .row import Row, X, applied, function, row, word

WORDS: dict[type[Op], str] = {
    ops.ReLU6: "relu6", ops.SELU: "selu", ops.Swish: "silu", ops.Mish: "mish", ops.Softplus: "softplus",
    ops.Softsign: "softsign", ops.Sigmoid: "sigmoid", ops.LogSigmoid: "log_sigmoid", ops.HardSigmoid: "hard_sigmoid",
    ops.HardSwish: "hard_silu", ops.Tanh: "tanh", ops.HardTanh: "hard_tanh", ops.TanhShrink: "tanh_shrink",
    ops.Exponential: "exponential", ops.Softmax: "softmax", ops.LogSoftmax: "log_softmax",
}  # fmt: skip
"""Activations that Keras knows by a word."""


def calling(name: str, **numbers: object) -> Leaf:
    """A function of `keras.ops` with numbers of its own, as a layer: a saved model keeps no lambda."""
    told = ", ".join(f"{literal(key)}: {literal(value)}" for key, value in numbers.items())
    return applied(f"Function({literal(name)}, {{{told}}})")


def layered(name: str, **numbers: object) -> Leaf:
    """A layer of Keras's that is an activation with numbers."""
    return applied(f"layers.{name}({', '.join(f'{key}={literal(value)}' for key, value in numbers.items())})")


@function.register
def plainly(op: ops.Function) -> Code | None:
    return word(WORDS[type(op)])


@function.register
def linear(op: ops.Linear) -> Code | None:
    return None


@function.register
def relu(op: ops.ReLU) -> Code | None:
    told = {"negative_slope": op.slope, "max_value": op.max, "threshold": op.threshold}
    numbers = {name: number for name, number in told.items() if number}
    return layered("ReLU", **numbers) if numbers else word("relu")


@function.register
def leaky_relu(op: ops.LeakyReLU) -> Code | None:
    return layered("LeakyReLU", negative_slope=op.slope)


@function.register
def elu(op: ops.ELU) -> Code | None:
    return word("elu") if op.alpha == 1 else layered("ELU", alpha=op.alpha)


@function.register
def celu(op: ops.CELU) -> Code | None:
    return word("celu") if op.alpha == 1 else calling("celu", alpha=op.alpha)


@function.register
def gelu(op: ops.GELU) -> Code | None:
    return calling("gelu", approximate=True) if op.approximate else word("gelu")


@function.register
def scaled_sigmoid(op: ops.ScaledSigmoid) -> Code | None:
    return stretched("sigmoid", op.amplitude, op.slope)


@function.register
def scaled_tanh(op: ops.ScaledTanh) -> Code | None:
    return stretched("tanh", op.amplitude, op.slope)


def stretched(name: str, amplitude: float, slope: float) -> Leaf:
    return applied(f"Stretched({literal(name)}, {literal(amplitude)}, {literal(slope)})")


@function.register
def soft_shrink(op: ops.SoftShrink) -> Code | None:
    return calling("soft_shrink", threshold=op.threshold)


@function.register
def hard_shrink(op: ops.HardShrink) -> Code | None:
    return calling("hard_shrink", threshold=op.threshold)


@function.register
def threshold(op: ops.Threshold) -> Code | None:
    return calling("threshold", threshold=op.at, default_value=op.otherwise)


@function.register
def clip(op: ops.Clip) -> Code | None:
    return calling("clip", x_min=op.low, x_max=op.high)


@function.register
def absolute(op: ops.Abs) -> Code | None:
    return applied("keras.ops.absolute")


@function.register
def square(op: ops.Square) -> Code | None:
    return applied("keras.ops.square")


# --- rows of their own ------------------------------------------------------------------------------------------------


@row.register
def as_activation(op: ops.Function, to: Row) -> Code:
    return to.layer("layers.Activation", function(op) or Leaf("linear"))


@row.register
def relu_row(op: ops.ReLU, to: Row) -> Code:
    if to.node.type == "Activation":
        return to.layer("layers.Activation", word("relu"))
    return to.layer(
        "layers.ReLU",
        max_value=to.leaf("max_value", op.max, None, "max"),
        negative_slope=to.leaf("negative_slope", op.slope, 0.0, "slope"),
        threshold=to.leaf("threshold", op.threshold, 0.0),
    )


@row.register
def relu6_row(op: ops.ReLU6, to: Row) -> Code:
    return to.layer("layers.ReLU", max_value=Leaf(6.0, "max_value", default=None))


@row.register
def leaky_relu_row(op: ops.LeakyReLU, to: Row) -> Code:
    return to.layer("layers.LeakyReLU", negative_slope=to.leaf("negative_slope", op.slope, None, "slope"))


@row.register
def elu_row(op: ops.ELU, to: Row) -> Code:
    if to.node.type == "Activation":
        return to.layer("layers.Activation", word("elu"))
    return to.layer("layers.ELU", alpha=to.leaf("alpha", op.alpha, 1.0))


@row.register
def softmax_row(op: ops.Softmax, to: Row) -> Code:
    return to.layer("layers.Softmax") if op.layer else to.layer("layers.Activation", word("softmax"))


@row.register
def clip_row(op: ops.Clip, to: Row) -> Code:
    return call("ops.clip", X, to.leaf("low", op.low), to.leaf("high", op.high))


@row.register
def absolute_row(op: ops.Abs, to: Row) -> Code:
    return call("ops.absolute", X)


@row.register
def square_row(op: ops.Square, to: Row) -> Code:
    return call("ops.square", X)


@row.register
def glu(op: ops.GLU, to: Row) -> Code:
    return to.layer("Activation", Leaf("glu"))


@row.register
def prelu(op: ops.PReLU, to: Row) -> Code:
    axes = {"channel": range(1, to.rank + 1), "value": (), "layer": range(1, to.rank + 2)}[op.per]
    zeros = Leaf("zeros", default="zeros")
    begin = call("keras.initializers.Constant", value=to.leaf("slope", op.slope)) if op.slope else zeros
    shared = Leaf(list(axes) or None, "shared_axes", default=None)
    return to.layer("layers.PReLU", alpha_initializer=begin, shared_axes=shared)
