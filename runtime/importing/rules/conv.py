"""Convolutions, their weights normalised or not."""

from __future__ import annotations

from typing import Any

from ....compiler.decompile import canonical, make
from ....compiler.frontends.arranged import Map
from ....compiler.frontends.borders import bordered
from ....compiler.frontends.unread import Unread
from ....compiler.ops.base import Op
from ....compiler.ops.geometry import Padding
from ..calls import border, called, given, sizes
from ..reader import Reader, ends, reads


@reads("conv1d", "conv2d", "conv3d")
def conv(to: Reader, node: Any) -> Map:
    x = to.first(node.args[0])
    rank, width = to.shape(x).rank, to.shape(x).channels
    kernel = kernels(node.args[1])
    weight = to.array(next(reversed(kernel.values())))
    groups, bias = given(node, 6, "groups", 1), given(node, 2, "bias")
    options = {
        "size": tuple(weight.shape[2:]),
        "stride": sizes(given(node, 3, "stride", 1), rank),
        "pad": border(given(node, 4, "padding", 0), rank),
        "dilation": sizes(given(node, 5, "dilation", 1), rank),
        "bias": bias is not None,
    }
    if groups > 1 and groups == width and "weight" in kernel:
        op = make("depthwise_conv", multiplier=weight.shape[0] // groups, **options)
    else:
        op = make("conv", out=weight.shape[0], groups=groups, weight_norm="weight_g" in kernel, **options)
    op, x = bordered(to, op, x)
    return separable(to, node, op, x) or to.layer(op, [x], {**kernel, "bias": bias})


def separable(to: Reader, node: Any, op: Op, x: Map) -> Map | None:
    """A 1x1 convolution behind a depthwise one, both parts of one module, with a bias of the module."""
    before, bias = to.maker(x), given(node, 2, "bias")
    if op.word != "conv" or before.op.word != "depthwise_conv":
        return None
    part, kernel = before.path.rpartition("."), to.keys.get(node.args[1].name, "")
    whole = to.keys[bias.name].rpartition(".")[0] if bias is not None else part[0]
    names = part[2] == "depthwise" and kernel == f"{part[0]}.pointwise.weight" and whole == part[0]
    plain = make("conv", out=op.__dict__["out"], size=(1,) * (len(x.axes) - 1), bias=bias is not None)
    if not names or len(node.args[0].users) > 1 or canonical(op) != canonical(plain) or "bias" in before.weights:
        return None
    options = {k: v for k, v in before.op.__dict__.items() if k in ("size", "stride", "pad", "dilation", "multiplier")}
    arrays = {"depthwise.weight": before.weights["weight"], "pointwise.weight": to.array(node.args[1]).numpy()}
    if bias is not None:
        arrays["bias"] = to.array(bias).numpy()
    made = make("separable_conv", out=op.__dict__["out"], bias=bias is not None, **options)
    return Map(to.build.add(made, before.inputs, part[0], arrays), x.axes)


def kernels(node: Any) -> dict[str, Any]:
    """The nodes of a convolution's kernel: one, or length and direction of weight normalisation."""
    if not called(node, "_weight_norm"):
        return by_length(node) or {"weight": node}
    if given(node, 2, "dim", 0) != 0:
        raise Unread(f"its weights are normalised along the axis {node.args[2]}")
    return {"weight_g": node.args[1], "weight_v": node.args[0]}


def by_length(node: Any) -> dict[str, Any] | None:
    """`v * (g / length of v)`: weight normalisation written out; None for anything else."""
    if not called(node, "mul") or not called(node.args[1], "div"):
        return None
    v, (g, length) = node.args[0], node.args[1].args[:2]
    if not called(length, "linalg_vector_norm") or length.args[0] is not v or given(length, 1, "ord", 2) != 2:
        return None
    rank = v.meta["val"].dim()
    behind_first = {axis % rank for axis in given(length, 2, "dim") or []} == set(range(1, rank))
    return {"weight_g": g, "weight_v": v} if behind_first and given(length, 3, "keepdim", False) else None


@reads("_weight_norm")
def weight_norm(to: Reader, node: Any) -> str:
    """Read by the layer whose kernel it is."""
    return "a kernel"


@ends("mul")
def weight_norm_in_steps(to: Reader, node: Any) -> str | None:
    return "a kernel" if by_length(node) else None


@reads("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def conv_transpose(to: Reader, node: Any) -> Map:
    x = to.first(node.args[0])
    rank, weight, bias = to.shape(x).rank, to.array(node.args[1]), given(node, 2, "bias")
    pad, extra = sizes(given(node, 4, "padding", 0), rank), sizes(given(node, 5, "output_padding", 0), rank)
    groups = given(node, 6, "groups", 1)
    op = make(
        "conv_transpose",
        out=weight.shape[1] * groups,
        size=tuple(weight.shape[2:]),
        stride=sizes(given(node, 3, "stride", 1), rank),
        pad=Padding("explicit", tuple((n, n) for n in pad), scalar=len(set(pad)) == 1),
        output_pad=extra if any(extra) else None,
        groups=groups,
        dilation=sizes(given(node, 7, "dilation", 1), rank),
        bias=bias is not None,
    )
    return to.layer(op, [x], {"weight": node.args[1], "bias": bias})
