"""Normalisations."""

from __future__ import annotations

from typing import Any

from ....compiler.decompile import make
from ....compiler.frontends.arranged import Map
from ....compiler.frontends.unread import Unread
from ..calls import given
from ..reader import Reader, reads


@reads("batch_norm")
def batch_norm(to: Reader, node: Any) -> Map:
    x = to.first(node.args[0])
    weight, bias, mean, variance = node.args[1:5]
    momentum, eps = node.args[6], node.args[7]
    op = make("batchnorm", eps=eps, momentum=round(1 - momentum, 10), scale=weight is not None, center=bias is not None)
    weights = {"weight": weight, "bias": bias, "running_mean": mean, "running_var": variance}
    return to.layer(op, [x], weights)


@reads("layer_norm")
def layer_norm(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    rank, weight, bias = len(x.axes) - 1, given(node, 2, "weight"), given(node, 3, "bias")
    if len(node.args[1]) != 1 or x.axes[-1] != rank:
        raise Unread(f"it normalises over {list(node.args[1])}: only the channels of each place have a counterpart")
    op = make("layernorm", eps=given(node, 4, "eps", 1e-5), scale=weight is not None, center=bias is not None)
    return to.layer(op, [x], {"weight": weight, "bias": bias}, axes=x.axes)


@reads("group_norm")
def group_norm(to: Reader, node: Any) -> Map:
    x, weight, bias = to.first(node.args[0]), given(node, 2, "weight"), given(node, 3, "bias")
    options = {"eps": given(node, 4, "eps", 1e-5), "scale": weight is not None, "center": bias is not None}
    apart = node.args[1] == to.shape(x).channels
    op = make("instancenorm", **options) if apart else make("groupnorm", groups=node.args[1], **options)
    return to.layer(op, [x], {"weight": weight, "bias": bias})


@reads("instance_norm")
def instance_norm(to: Reader, node: Any) -> Map:
    weight, bias = node.args[1:3]
    op = make("instancenorm", eps=node.args[7], scale=weight is not None, center=bias is not None)
    return to.layer(op, [to.first(node.args[0])], {"weight": weight, "bias": bias})


@reads("rms_norm")
def rms_norm(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    weight, eps = given(node, 2, "weight"), given(node, 3, "eps")
    if len(node.args[1]) != 1 or x.axes[-1] != len(x.axes) - 1 or weight is None:
        raise Unread(f"it normalises over {list(node.args[1])}: only the channels, with trained factors")
    op = make("rmsnorm", eps=float(eps) if eps is not None else 2.0**-23)
    return to.layer(op, [x], {"weight": weight}, axes=x.axes)
