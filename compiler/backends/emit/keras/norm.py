"""Normalisation."""

from __future__ import annotations

from typing import Any

from ....ops import norm
from ..code import Code, Leaf
from .row import Row, row


def normed(op: Any, to: Row) -> dict[str, Leaf]:
    return {
        "epsilon": to.leaf("epsilon", op.eps, 1e-3, "eps"),
        "center": to.leaf("center", op.center, True),
        "scale": to.leaf("scale", op.scale, True),
    }


@row.register
def batchnorm(op: norm.BatchNorm, to: Row) -> Code:
    return to.layer("layers.BatchNormalization", momentum=to.leaf("momentum", op.momentum, 0.99), **normed(op, to))


@row.register
def layernorm(op: norm.LayerNorm, to: Row) -> Code:
    return to.layer("layers.LayerNormalization", **normed(op, to))


@row.register
def rmsnorm(op: norm.RMSNorm, to: Row) -> Code:
    return to.layer("layers.RMSNormalization", epsilon=to.leaf("epsilon", op.eps, 1e-6, "eps"))


@row.register
def groupnorm(op: norm.GroupNorm, to: Row) -> Code:
    return to.layer("layers.GroupNormalization", to.leaf("groups", op.groups, 32), **normed(op, to))


@row.register
def instancenorm(op: norm.InstanceNorm, to: Row) -> Code:
    return to.layer("InstanceNormalization", **normed(op, to))


@row.register
def lrn(op: norm.LRN, to: Row) -> Code:
    alpha = Leaf(op.mean_alpha / op.size, "alpha")
    numbers = {"alpha": alpha, "beta": to.leaf("beta", op.beta), "k": to.leaf("k", op.k)}
    return to.layer("LocalResponseNormalization", to.leaf("size", op.size), **numbers)


@row.register
def l2_normalize(op: norm.L2Normalize, to: Row) -> Code:
    return to.layer("layers.UnitNormalization")


@row.register
def response_norm(op: norm.ResponseNorm, to: Row) -> Code:
    return to.layer("GlobalResponseNormalization", epsilon=to.leaf("epsilon", op.eps, 1e-6, "eps"))
