"""Normalisation."""

from __future__ import annotations

from typing import Any

from ....ops import norm as ops
from ..code import Leaf, call
from .layer import Layer, X, lower, nd


def eps(value: float, to: Layer) -> Leaf:
    return to.leaf("eps", value, 1e-5)


def affine(op: Any, to: Layer) -> dict[str, Leaf]:
    return {"scale": to.leaf("scale", op.scale, True), "center": to.leaf("center", op.center, True)}


@lower.register
def batchnorm(op: ops.BatchNorm, to: Layer) -> None:
    numbers = {"eps": eps(op.eps, to), "momentum": Leaf(round(1 - op.momentum, 12), "momentum", default=0.1)}
    if op.scale and op.center:
        to.weighted(call(nd("BatchNorm", to.rank), to.channels(), **numbers), main=False)
    else:
        to.weighted(call("PartialBatchNorm", to.channels(), **numbers, **affine(op, to)), main=False)


@lower.register
def layernorm(op: ops.LayerNorm, to: Layer) -> None:
    if op.scale:
        kind = "ChannelsLayerNorm" if to.rank else "nn.LayerNorm"
        bias = to.leaf("bias", op.center, True, "center")
        to.weighted(call(kind, to.channels(), eps=eps(op.eps, to), bias=bias), main=False)
    elif op.center:
        to.weighted(call("CenteredLayerNorm", to.channels(), eps=eps(op.eps, to)), main=False)
    else:
        kind = "ChannelsLayerNorm" if to.rank else "nn.LayerNorm"
        to.function(call(kind, to.channels(), eps=eps(op.eps, to), elementwise_affine=Leaf(False)), None)


@lower.register
def rmsnorm(op: ops.RMSNorm, to: Layer) -> None:
    kind = "ChannelsRMSNorm" if to.rank else "nn.RMSNorm"
    to.weighted(call(kind, to.channels(), eps=to.leaf("eps", op.eps)), main=False)


@lower.register
def groupnorm(op: ops.GroupNorm, to: Layer) -> None:
    grouped(op, to.leaf("groups", op.groups), to)


@lower.register
def instancenorm(op: ops.InstanceNorm, to: Layer) -> None:
    grouped(op, to.channels(), to)


def grouped(op: Any, groups: Leaf, to: Layer) -> None:
    if op.scale and op.center:
        to.weighted(call("nn.GroupNorm", groups, to.channels(), eps=eps(op.eps, to)), main=False)
    elif op.scale or op.center:
        to.weighted(call("PartialGroupNorm", groups, to.channels(), eps=eps(op.eps, to), **affine(op, to)), main=False)
    else:
        to.function(call("nn.GroupNorm", groups, to.channels(), eps=eps(op.eps, to), affine=Leaf(False)), None)


@lower.register
def lrn(op: ops.LRN, to: Layer) -> None:
    size = to.leaf("size", op.size)
    numbers = {
        "alpha": Leaf(op.mean_alpha, "alpha", default=1e-4),
        "beta": to.leaf("beta", op.beta, 0.75),
        "k": to.leaf("k", op.k, 1.0),
    }
    to.function(call("nn.LocalResponseNorm", size, **numbers), call("F.local_response_norm", X, size, **numbers))


@lower.register
def l2_normalize(op: ops.L2Normalize, to: Layer) -> None:
    to.function(
        call("UnitNorm", eps=to.leaf("eps", op.eps, 1e-12)), call("F.normalize", X, eps=to.leaf("eps", op.eps, 1e-12))
    )


@lower.register
def response_norm(op: ops.ResponseNorm, to: Layer) -> None:
    to.weighted(call("GlobalResponseNorm", to.channels(), eps=to.leaf("eps", op.eps, 1e-6)), main=False)
