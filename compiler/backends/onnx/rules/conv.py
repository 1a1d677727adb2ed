"""Convolution; ONNX takes any border, before and after apart."""

from __future__ import annotations

from ....ops.conv import Conv, extent
from ....ops.geometry import Padding, Sizes, border, spread
from ....shape import Shape
from ..emitter import Emitter
from .table import emit


def pads(x: Shape, pad: Padding, spans: Sizes, stride: Sizes) -> list[int]:
    """The border as ONNX writes it: all places before, then all after."""
    pairs = [
        border(pad, size, span, step, axis, x.rank) for axis, (size, span, step) in enumerate(zip(x.spatial, spans, stride))
    ]
    return [a for a, _ in pairs] + [b for _, b in pairs]


@emit.register
def conv(op: Conv, to: Emitter) -> list[str]:
    (x,) = to.shapes
    kernel, stride = spread(op.kernel, x.rank, "kernel"), spread(op.stride, x.rank, "stride")
    dilation = spread(op.dilation, x.rank, "dilation")
    made = to.node(
        "Conv",
        [*to.inputs, to.weight("weight"), *([to.weight("bias")] if op.bias else [])],
        kernel_shape=kernel,
        strides=stride,
        dilations=dilation,
        pads=pads(x, op.pad, tuple(map(extent, kernel, dilation)), stride),
        group=op.groups,
    )
    return [to.activate(op.act, made)]
