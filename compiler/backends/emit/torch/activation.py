"""Activations: `F.relu(x)` in a forward, `nn.ReLU()` in a sequence."""

from __future__ import annotations

from ....ops import activation as ops
from ....ops.base import Op
from ..code import Code, Leaf, Raw, call
from .layer import Layer, X, activation, lower, module

FORMS: dict[type[Op], tuple[Code, Code | None]] = {
    ops.ReLU6: (module("nn.ReLU6"), "F.relu6"),
    ops.SELU: (module("nn.SELU"), "F.selu"),
    ops.Swish: (module("nn.SiLU"), "F.silu"),
    ops.Mish: (module("nn.Mish"), "F.mish"),
    ops.Softplus: (module("nn.Softplus"), "F.softplus"),
    ops.Softsign: (module("nn.Softsign"), "F.softsign"),
    ops.Sigmoid: (module("nn.Sigmoid"), "torch.sigmoid"),
    ops.LogSigmoid: (module("nn.LogSigmoid"), "F.logsigmoid"),
    ops.HardSigmoid: (module("nn.Hardsigmoid"), "F.hardsigmoid"),
    ops.HardSwish: (module("nn.Hardswish"), "F.hardswish"),
    ops.Tanh: (module("nn.Tanh"), "torch.tanh"),
    ops.HardTanh: (module("nn.Hardtanh"), "F.hardtanh"),
    ops.TanhShrink: (module("nn.Tanhshrink"), "F.tanhshrink"),
    ops.Abs: (module("Absolute"), "torch.abs"),
    ops.Square: (module("Square"), "torch.square"),
    ops.Exponential: (module("Exponential"), "torch.exp"),
}
"""The module and the function of activations without arguments."""


@activation.register
def plainly(op: ops.Function, to: Layer, step: str) -> None:
    kind, function = FORMS[type(op)]
    to.function(call(kind), None if function is None else call(function, X), step=step)


@activation.register
def relu(op: ops.ReLU, to: Layer, step: str) -> None:
    if op.threshold or (op.slope and op.max is not None):
        top = Leaf(op.max, "max", default=None)
        named = {"slope": Leaf(op.slope, default=0.0), "threshold": Leaf(op.threshold, default=0.0), "max": top}
        to.function(call("CappedReLU", **named), None, step=step)
    elif op.slope:
        leaky(op.slope, to, step)
    elif op.max is None:
        to.function(call(module("nn.ReLU")), call("F.relu", X), step=step)
    else:
        to.function(
            call("nn.Hardtanh", Leaf(0.0), Leaf(op.max, "max")),
            call("torch.clamp", X, min=Leaf(0.0), max=Leaf(op.max, "max")),
            step=step,
        )


def leaky(slope: float, to: Layer, step: str) -> None:
    to.function(
        call("nn.LeakyReLU", Leaf(slope, "slope", default=0.01)),
        call("F.leaky_relu", X, Leaf(slope, "slope", default=0.01)),
        step=step,
    )


@activation.register
def leaky_relu(op: ops.LeakyReLU, to: Layer, step: str) -> None:
    leaky(op.slope, to, step)


@activation.register
def elu(op: ops.ELU, to: Layer, step: str) -> None:
    alpha = Leaf(op.alpha, "alpha", default=1.0)
    to.function(call(module("nn.ELU"), alpha), call("F.elu", X, alpha), step=step)


@activation.register
def celu(op: ops.CELU, to: Layer, step: str) -> None:
    alpha = Leaf(op.alpha, "alpha", default=1.0)
    to.function(call(module("nn.CELU"), alpha), call("F.celu", X, alpha), step=step)


@activation.register
def gelu(op: ops.GELU, to: Layer, step: str) -> None:
    how = Leaf("tanh" if op.approximate else "none", "approximate", default="none")
    to.function(call(module("nn.GELU"), approximate=how), call("F.gelu", X, approximate=how), step=step)


@activation.register
def scaled_sigmoid(op: ops.ScaledSigmoid, to: Layer, step: str) -> None:
    stretched("torch.sigmoid", op.amplitude, op.slope, to, step)


@activation.register
def scaled_tanh(op: ops.ScaledTanh, to: Layer, step: str) -> None:
    stretched("torch.tanh", op.amplitude, op.slope, to, step)


def stretched(function: str, amplitude: float, slope: float, to: Layer, step: str) -> None:
    numbers = {"amplitude": Leaf(amplitude, "amplitude"), "slope": Leaf(slope, "slope")}
    to.function(call("Stretched", Raw(function), **numbers), None, step=step)


@activation.register
def soft_shrink(op: ops.SoftShrink, to: Layer, step: str) -> None:
    threshold = Leaf(op.threshold, "threshold", default=0.5)
    to.function(call("nn.Softshrink", threshold), call("F.softshrink", X, threshold), step=step)


@activation.register
def hard_shrink(op: ops.HardShrink, to: Layer, step: str) -> None:
    threshold = Leaf(op.threshold, "threshold", default=0.5)
    to.function(call("nn.Hardshrink", threshold), call("F.hardshrink", X, threshold), step=step)


@activation.register
def threshold(op: ops.Threshold, to: Layer, step: str) -> None:
    numbers = Leaf(op.at, "threshold"), Leaf(op.otherwise, "value")
    to.function(call("nn.Threshold", *numbers), call("F.threshold", X, *numbers), step=step)


@activation.register
def clip(op: ops.Clip, to: Layer, step: str) -> None:
    numbers = Leaf(op.low, "low"), Leaf(op.high, "high")
    to.function(call("nn.Hardtanh", *numbers), call("torch.clamp", X, *numbers), step=step)


@activation.register
def linear(op: ops.Linear, to: Layer, step: str) -> None:
    """The value itself."""


@activation.register
def softmax(op: ops.Softmax, to: Layer, step: str) -> None:
    to.function(call("nn.Softmax", "dim=1"), call("torch.softmax", X, "dim=1"), step=step)


@activation.register
def log_softmax(op: ops.LogSoftmax, to: Layer, step: str) -> None:
    to.function(call("nn.LogSoftmax", "dim=1"), call("torch.log_softmax", X, "dim=1"), step=step)


@lower.register
def function(op: ops.Function, to: Layer) -> None:
    activation(op, to, "itself")


@lower.register
def glu(op: ops.GLU, to: Layer) -> None:
    to.function(call("nn.GLU", "dim=1"), call("F.glu", X, "dim=1"))


@lower.register
def prelu(op: ops.PReLU, to: Layer) -> None:
    shape = op.facts(to.shapes).weights["weight"].shape
    begin = to.leaf("init", op.slope, 0.25, "slope")
    if op.per == "value" and to.rank:
        sizes = (Leaf(size, f"size{i}") for i, size in enumerate(shape))
        to.weighted(call("ValuePReLU", *sizes, init=begin), main=False)
    else:
        width = Leaf(1, default=1) if op.per == "layer" else to.channels(default=1)
        to.weighted(call("nn.PReLU", width, init=begin), main=False)
