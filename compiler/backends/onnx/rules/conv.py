"""Convolution; ONNX takes any border, before and after apart."""

from __future__ import annotations

from typing import Any

from ....ops.base import OpError
from ....ops.conv import Conv, Convolution, DepthwiseConv, SeparableConv
from ....ops.conv_transpose import ConvTranspose
from ....ops.geometry import Sliding
from ..emitter import Emitter
from .table import emit


def frame(over: Sliding) -> dict[str, Any]:
    """Where the windows lie, as attributes; SAME_UPPER, which is `same`, where the border depends on an open size."""
    steps: dict[str, Any] = {"kernel_shape": over.size, "strides": over.stride, "dilations": over.dilation}
    edges = [edge for edge in over.borders if edge is not None]
    if len(edges) < len(over.borders):
        check_open(over)
        return {**steps, "auto_pad": "SAME_UPPER"}
    return {**steps, "pads": [before for before, _ in edges] + [after for _, after in edges]}


def check_open(over: Sliding) -> None:
    """ONNX Runtime computes a border below 0 for windows smaller than their stride."""
    if any(span < step for span, step in zip(over.spans, over.stride)):
        message = "with an open size, `pad=same` of a window smaller than its stride cannot be exported"
        raise OpError(message, "pad", code="open-size")


def bias(op: Convolution, to: Emitter) -> list[str]:
    return [to.weight("bias")] if op.bias else []


@emit.register
def conv(op: Conv, to: Emitter) -> list[str]:
    over = op.sliding(to.shapes[0])
    weight = normalised(to) if op.weight_norm else to.weight("weight")
    made = to.node("Conv", [*to.inputs, weight, *bias(op, to)], **frame(over), group=op.groups)
    return [to.activate(op.act, made)]


def normalised(to: Emitter) -> str:
    """The kernel of weight normalisation: `weight_v`, brought to the lengths of `weight_g`."""
    direction = to.weight("weight_v")
    axes = list(range(1, to.shapes[0].rank + 2))
    norm = to.node("ReduceL2", [direction, to.constant(axes)], keepdims=1)
    return str(to.node("Mul", [direction, to.node("Div", [to.weight("weight_g"), norm])]))


@emit.register
def depthwise_conv(op: DepthwiseConv, to: Emitter) -> list[str]:
    over, groups = op.sliding(to.shapes[0]), to.shapes[0].channels
    made = to.node("Conv", [*to.inputs, to.weight("weight"), *bias(op, to)], **frame(over), group=groups)
    return [to.activate(op.act, made)]


@emit.register
def separable_conv(op: SeparableConv, to: Emitter) -> list[str]:
    over, groups = op.sliding(to.shapes[0]), to.shapes[0].channels
    inner = to.node("Conv", [*to.inputs, to.weight("depthwise.weight")], **frame(over), group=groups)
    made = to.node("Conv", [inner, to.weight("pointwise.weight"), *bias(op, to)])
    return [to.activate(op.act, made)]


@emit.register
def conv_transpose(op: ConvTranspose, to: Emitter) -> list[str]:
    over = op.enlarging(to.shapes[0])
    made = to.node(
        "ConvTranspose",
        [*to.inputs, to.weight("weight"), *bias(op, to)],
        kernel_shape=over.size,
        strides=over.stride,
        dilations=over.dilation,
        pads=[before for before, _ in over.crops] + [max(after, 0) for _, after in over.crops],
        output_padding=[max(-after, 0) for _, after in over.crops],
        group=op.groups,
    )
    return [to.activate(op.act, made)]
