"""Convolution; ONNX takes any border, before and after apart."""

from __future__ import annotations

from typing import Any

from ....ops.conv import Conv, Convolution, DepthwiseConv, SeparableConv
from ....ops.conv_transpose import ConvTranspose
from ....ops.geometry import Sliding
from ..emitter import Emitter
from .open import bordered, same
from .table import emit


def framed(to: Emitter, over: Sliding, fill: float = 0.0) -> tuple[str, dict[str, Any]]:
    """The map to slide over, and where the windows lie as attributes.

    A border that hangs on an open size is SAME_UPPER, which is `same`; but ONNX Runtime computes a border below 0 for
    windows smaller than their stride, so then it is put there first, as places that hold `fill`.
    """
    (x, *_), steps = to.inputs, {"kernel_shape": over.size, "strides": over.stride, "dilations": over.dilation}
    edges = [edge for edge in over.borders if edge is not None]
    if len(edges) == len(over.borders):
        return x, {**steps, "pads": [before for before, _ in edges] + [after for _, after in edges]}
    if all(span >= step for span, step in zip(over.spans, over.stride)):
        return x, {**steps, "auto_pad": "SAME_UPPER"}
    return bordered(to, x, same(to, x, over), fill), steps


def bias(op: Convolution, to: Emitter) -> list[str]:
    return [to.weight("bias")] if op.bias else []


@emit.register
def conv(op: Conv, to: Emitter) -> list[str]:
    over = op.sliding(to.shapes[0])
    weight = normalised(to) if op.weight_norm else to.weight("weight")
    x, frame = framed(to, over)
    made = to.node("Conv", [x, weight, *bias(op, to)], **frame, group=op.groups)
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
    x, frame = framed(to, over)
    made = to.node("Conv", [x, to.weight("weight"), *bias(op, to)], **frame, group=groups)
    return [to.activate(op.act, made)]


@emit.register
def separable_conv(op: SeparableConv, to: Emitter) -> list[str]:
    over, groups = op.sliding(to.shapes[0]), to.shapes[0].channels
    x, frame = framed(to, over)
    inner = to.node("Conv", [x, to.weight("depthwise.weight")], **frame, group=groups)
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
