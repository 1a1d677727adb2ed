"""Normalisation."""

from __future__ import annotations

import numpy as np

from ....ops import norm as ops
from ....ops.geometry import channels
from ..emitter import Emitter
from .reshape import stored, written
from .table import emit


def trained(to: Emitter, value: str, scale: bool, center: bool) -> str:
    """The value times the factor of its channel plus the summand of its channel."""
    shape = to.constant([-1] + [1] * to.shapes[0].rank)
    for kind, name, wanted in (("Mul", "weight", scale), ("Add", "bias", center)):
        if wanted:
            value = to.node(kind, [value, to.node("Reshape", [to.weight(name), shape])])
    return value


@emit.register
def batchnorm(op: ops.BatchNorm, to: Emitter) -> list[str]:
    width = channels(to.shapes[0])
    scale = to.weight("weight") if op.scale else to.constant(np.ones(width, np.float32))
    bias = to.weight("bias") if op.center else to.constant(np.zeros(width, np.float32))
    statistics = [to.weight("running_mean"), to.weight("running_var")]
    return [to.node("BatchNormalization", [*to.inputs, scale, bias, *statistics], epsilon=op.eps, momentum=op.momentum)]


@emit.register
def layernorm(op: ops.LayerNorm, to: Emitter) -> list[str]:
    (x,), rank = to.inputs, to.shapes[0].rank
    scale = to.weight("weight") if op.scale else to.constant(np.ones(channels(to.shapes[0]), np.float32))
    bias = [to.weight("bias")] if op.center else []
    made = to.node("LayerNormalization", [written(to, x, rank), scale, *bias], axis=-1, epsilon=op.eps)
    return [stored(to, made, rank)]


@emit.register
def rmsnorm(op: ops.RMSNorm, to: Emitter) -> list[str]:
    (x,) = to.inputs
    mean = to.node("ReduceMean", [to.node("Mul", [x, x]), to.constant([1])])
    root = to.node("Sqrt", [to.node("Add", [mean, to.constant(op.eps)])])
    return [trained(to, to.node("Div", [x, root]), scale=True, center=False)]


def grouped(to: Emitter, groups: int, eps: float, scale: bool, center: bool) -> list[str]:
    """Each group becomes one channel of an instance normalisation, whose own factor and summand do nothing."""
    (x,) = to.inputs
    ones, zeros = (to.constant(np.full(groups, n, np.float32)) for n in (1, 0))
    made = to.node("Reshape", [x, to.constant([0, groups, -1])])
    made = to.node("InstanceNormalization", [made, ones, zeros], epsilon=eps)
    made = to.node("Reshape", [made, to.node("Shape", [x])])
    return [trained(to, made, scale, center)]


@emit.register
def groupnorm(op: ops.GroupNorm, to: Emitter) -> list[str]:
    return grouped(to, op.groups, op.eps, op.scale, op.center)


@emit.register
def instancenorm(op: ops.InstanceNorm, to: Emitter) -> list[str]:
    return grouped(to, channels(to.shapes[0]), op.eps, op.scale, op.center)


@emit.register
def lrn(op: ops.LRN, to: Emitter) -> list[str]:
    (x,), rank = to.inputs, to.shapes[0].rank
    # ONNX Runtime takes two spatial dimensions only
    flat = x if rank == 2 else to.node("Reshape", [x, to.constant([0, channels(to.shapes[0]), -1, 1])])
    made = to.node("LRN", [flat], size=op.size, alpha=op.mean_alpha, beta=op.beta, bias=op.k)
    return [made if rank == 2 else to.node("Reshape", [made, to.node("Shape", [x])])]


@emit.register
def l2_normalize(op: ops.L2Normalize, to: Emitter) -> list[str]:
    length = to.node("ReduceL2", [to.inputs[0], to.constant([1])])
    return [to.node("Div", [to.inputs[0], to.node("Max", [length, to.constant(op.eps)])])]


@emit.register
def response_norm(op: ops.ResponseNorm, to: Emitter) -> list[str]:
    (x,) = to.inputs
    places = to.constant(list(range(2, to.shapes[0].rank + 2)))
    length = to.node("ReduceL2", [x, places])
    mean = to.node("Add", [to.node("ReduceMean", [length, to.constant([1])]), to.constant(op.eps)])
    share = to.node("Mul", [x, to.node("Div", [length, mean])])
    return [to.node("Add", [x, trained(to, share, scale=True, center=True)])]
