"""Convolution without shared weights, which ONNX has not: windows as channels, then a product of matrices a place."""

from __future__ import annotations

from math import prod

import numpy as np

from ....ops.geometry import Sliding, channels
from ....ops.local_conv import LocalConv
from ..emitter import Emitter
from .conv import framed
from .table import emit


@emit.register
def local_conv(op: LocalConv, to: Emitter) -> list[str]:
    over, width = op.sliding(to.shapes[0]), channels(to.shapes[0])
    places, held = op.places(to.shapes[0], over), width * prod(over.size)
    rows = to.node("Reshape", [windows(to, over, width), to.constant([0, held, prod(places)])])
    rows = to.node("Transpose", [rows], perm=[2, 1, 0])  # place, what its window holds, example
    kernels = to.node("Reshape", [to.weight("weight"), to.constant([prod(places), op.out, held])])
    made = to.node("Transpose", [to.node("MatMul", [kernels, rows])], perm=[2, 1, 0])
    made = to.node("Reshape", [made, to.constant([0, op.out, *places])])
    if op.bias:
        made = to.node("Add", [made, to.weight("bias")])
    return [to.activate(op.act, made)]


def windows(to: Emitter, over: Sliding, width: int) -> str:
    """What each window holds, as channels: a convolution whose kernels have a single 1, one for each tap."""
    taps = prod(over.size)
    single = np.tile(np.eye(taps, dtype=np.float32).reshape(taps, 1, *over.size), (width, *[1] * (len(over.size) + 1)))
    x, frame = framed(to, over)
    return str(to.node("Conv", [x, to.constant(single)], **frame, group=width))
