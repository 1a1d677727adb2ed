"""Activations. All nodes here exist in opset 18; what ONNX has not is put together."""

from __future__ import annotations

from math import pi, sqrt

from onnx import TensorProto

from ....ops import activation as ops
from ....ops.base import Op
from ..emitter import Emitter
from .table import emit

PLAIN: dict[type[Op], str] = {
    ops.Mish: "Mish",
    ops.Softplus: "Softplus",
    ops.Softsign: "Softsign",
    ops.Sigmoid: "Sigmoid",
    ops.HardSwish: "HardSwish",
    ops.Tanh: "Tanh",
    ops.Abs: "Abs",
    ops.Exponential: "Exp",
}
"""Those that are one node without attributes."""


@emit.register
def plain(op: ops.Function, to: Emitter) -> list[str]:
    return [to.node(PLAIN[type(op)], to.inputs)]


def clipped(to: Emitter, x: str, low: float | None, high: float | None) -> str:
    """The value cut to a range; None leaves an end open."""
    ends = ["" if end is None else to.constant(float(end)) for end in (low, high)]
    made: str = to.node("Clip", [x, *ends])
    return made


@emit.register
def relu(op: ops.ReLU, to: Emitter) -> list[str]:
    (x,) = to.inputs
    if op.threshold:
        above = to.node("Greater", [x, to.constant(op.threshold)])
        below = to.node("Mul", [to.node("Sub", [x, to.constant(op.threshold)]), to.constant(op.slope)])
        x = to.node("Where", [above, x, below])
    elif op.slope:
        x = to.node("LeakyRelu", [x], alpha=op.slope)
    elif op.max is None:
        return [to.node("Relu", [x])]
    else:
        return [clipped(to, x, 0.0, op.max)]
    return [x if op.max is None else clipped(to, x, None, op.max)]


@emit.register
def relu6(op: ops.ReLU6, to: Emitter) -> list[str]:
    return [clipped(to, to.inputs[0], 0.0, 6.0)]


@emit.register
def leaky_relu(op: ops.LeakyReLU, to: Emitter) -> list[str]:
    return [to.node("LeakyRelu", to.inputs, alpha=op.slope)]


@emit.register
def prelu(op: ops.PReLU, to: Emitter) -> list[str]:
    slope = to.weight("weight")
    if op.per == "channel" and to.shapes[0].rank:
        # the slope is broadcast from the last axis, where the places are
        slope = to.node("Reshape", [slope, to.constant([-1] + [1] * to.shapes[0].rank)])
    return [to.node("PRelu", [*to.inputs, slope])]


@emit.register
def elu(op: ops.ELU, to: Emitter) -> list[str]:
    return [to.node("Elu", to.inputs, alpha=op.alpha)]


@emit.register
def selu(op: ops.SELU, to: Emitter) -> list[str]:
    return [to.node("Selu", to.inputs)]


@emit.register
def celu(op: ops.CELU, to: Emitter) -> list[str]:
    """ONNX has it for float32 alone; alpha * elu(x / alpha) otherwise."""
    if to.kind == TensorProto.FLOAT:
        return [to.node("Celu", to.inputs, alpha=op.alpha)]
    alpha = to.constant(op.alpha)
    return [to.node("Mul", [to.node("Elu", [to.node("Div", [to.inputs[0], alpha])]), alpha])]


@emit.register
def gelu(op: ops.GELU, to: Emitter) -> list[str]:
    """Node by node as others write it, which ONNX Runtime computes in one."""
    (x,) = to.inputs
    if op.approximate:
        cube = to.node("Pow", [x, to.constant(3.0)])
        bent = to.node("Add", [x, to.node("Mul", [cube, to.constant(0.044715)])])
        share = to.node("Tanh", [to.node("Mul", [bent, to.constant(sqrt(2 / pi))])])
    else:
        share = to.node("Erf", [to.node("Div", [x, to.constant(sqrt(2))])])
    half = to.node("Mul", [x, to.constant(0.5)])
    return [to.node("Mul", [half, to.node("Add", [share, to.constant(1.0)])])]


@emit.register
def swish(op: ops.Swish, to: Emitter) -> list[str]:
    return [to.node("Mul", [to.inputs[0], to.node("Sigmoid", to.inputs)])]


def stretched(to: Emitter, kind: str, amplitude: float, slope: float) -> list[str]:
    inner = to.node(kind, [to.node("Mul", [to.inputs[0], to.constant(slope)])])
    return [to.node("Mul", [inner, to.constant(amplitude)])]


@emit.register
def scaled_sigmoid(op: ops.ScaledSigmoid, to: Emitter) -> list[str]:
    return stretched(to, "Sigmoid", op.amplitude, op.slope)


@emit.register
def scaled_tanh(op: ops.ScaledTanh, to: Emitter) -> list[str]:
    return stretched(to, "Tanh", op.amplitude, op.slope)


@emit.register
def log_sigmoid(op: ops.LogSigmoid, to: Emitter) -> list[str]:
    return [to.node("Neg", [to.node("Softplus", [to.node("Neg", to.inputs)])])]


@emit.register
def hard_sigmoid(op: ops.HardSigmoid, to: Emitter) -> list[str]:
    return [to.node("HardSigmoid", to.inputs, alpha=1 / 6, beta=0.5)]


@emit.register
def hard_tanh(op: ops.HardTanh, to: Emitter) -> list[str]:
    return [clipped(to, to.inputs[0], -1.0, 1.0)]


@emit.register
def tanh_shrink(op: ops.TanhShrink, to: Emitter) -> list[str]:
    return [to.node("Sub", [to.inputs[0], to.node("Tanh", to.inputs)])]


@emit.register
def soft_shrink(op: ops.SoftShrink, to: Emitter) -> list[str]:
    """`Shrink`, which takes no bf16."""
    if to.kind == TensorProto.BFLOAT16:
        least, most = to.constant(-op.threshold), to.constant(op.threshold)
        return [to.node("Sub", [to.inputs[0], to.node("Clip", [to.inputs[0], least, most])])]
    return [to.node("Shrink", to.inputs, lambd=op.threshold, bias=op.threshold)]


@emit.register
def hard_shrink(op: ops.HardShrink, to: Emitter) -> list[str]:
    """`Shrink`, which takes no bf16."""
    if to.kind == TensorProto.BFLOAT16:
        far = to.node("Greater", [to.node("Abs", to.inputs), to.constant(op.threshold)])
        return [to.node("Where", [far, to.inputs[0], to.constant(0.0)])]
    return [to.node("Shrink", to.inputs, lambd=op.threshold, bias=0.0)]


@emit.register
def threshold(op: ops.Threshold, to: Emitter) -> list[str]:
    above = to.node("Greater", [to.inputs[0], to.constant(op.at)])
    return [to.node("Where", [above, to.inputs[0], to.constant(op.otherwise)])]


@emit.register
def clip(op: ops.Clip, to: Emitter) -> list[str]:
    return [clipped(to, to.inputs[0], op.low, op.high)]


@emit.register
def square(op: ops.Square, to: Emitter) -> list[str]:
    return [to.node("Mul", [to.inputs[0], to.inputs[0]])]


@emit.register
def linear(op: ops.Linear, to: Emitter) -> list[str]:
    return to.inputs


@emit.register
def softmax(op: ops.Softmax, to: Emitter) -> list[str]:
    return [to.node("Softmax", to.inputs, axis=1)]


@emit.register
def log_softmax(op: ops.LogSoftmax, to: Emitter) -> list[str]:
    return [to.node("LogSoftmax", to.inputs, axis=1)]


@emit.register
def glu(op: ops.GLU, to: Emitter) -> list[str]:
    value, gate = to.node("Split", to.inputs, outputs=2, axis=1, num_outputs=2)
    return [to.node("Mul", [value, to.node("Sigmoid", [gate])])]
