"""Convolutions, pools and borders."""

from __future__ import annotations

from typing import Any

from ....decompile.network import make
from ....ops.geometry import SAME, VALID, Padding
from ...borders import bordered, worded
from ...unread import Unread
from ..pattern import Var, match, node
from ..reader import Reader, reads
from ..source import View
from ..values import Lost, Map, Value, first, whole


def pairs(view: View, rank: int) -> Padding:
    """The border of a node."""
    auto = view.attributes.get("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "VALID"):
        return SAME if auto == "SAME_UPPER" else VALID
    if auto == "SAME_LOWER":
        raise Unread("`SAME_LOWER` puts the odd place before the map")
    pads = view.attributes.get("pads", [0] * 2 * rank)
    if min(pads) < 0:
        raise Unread(f"its border is negative: {pads}")
    return Padding("explicit", tuple(zip(pads[:rank], pads[rank:])))


def steps(view: View, rank: int, name: str) -> tuple[int, ...]:
    return tuple(view.attributes.get(name) or [1] * rank)


WEIGHT_NORM = node("Mul", Var("v"), Var("w"))


@reads("Conv")
def conv(to: Reader, view: View) -> Map:
    x = to.first(view.inputs[0])
    weights = kernel(to, view.inputs[1])
    shape = next(reversed(weights.values()))
    width, rank = to.shape(x).channels, to.shape(x).rank
    sizes = to.fixed(shape).shape
    groups = view.attributes.get("group", 1)
    given: dict[str, Any] = {
        "size": sizes[2:],
        "stride": steps(view, rank, "strides"),
        "dilation": steps(view, rank, "dilations"),
        "pad": pairs(view, rank),
        "bias": bool(to.optional(view, 2)),
    }
    if given["bias"]:
        weights["bias"] = view.inputs[2]
    if groups > 1 and groups == width and "weight" in weights:
        op = make("depthwise_conv", **given, multiplier=sizes[0] // groups)
    else:
        op = make("conv", out=sizes[0], groups=groups, **given, weight_norm="weight_g" in weights)
    op, x = bordered(to, op, x)
    return to.layer(op, [x], view, weights)


def kernel(to: Reader, name: str) -> dict[str, str]:
    """The names of a convolution's kernel: one, or length and direction of weight normalisation."""
    if to.graph.fixed(name) is not None:
        return {"weight": name}
    view = to.graph.makers.get(name)
    if view is not None and view.kind == "Mul":
        direction, share = view.inputs
        ratio = to.graph.makers.get(share)
        if ratio is not None and ratio.kind == "Div" and match(to.graph, ratio.inputs[1], node("ReduceL2")) is not None:
            return {"weight_g": ratio.inputs[0], "weight_v": direction}
    raise Unread("its kernel is computed")


@reads("ConvTranspose")
def conv_transpose(to: Reader, view: View) -> Map:
    x = to.first(view.inputs[0])
    rank, weights = to.shape(x).rank, {"weight": view.inputs[1]}
    sizes = to.fixed(view.inputs[1]).shape
    groups = view.attributes.get("group", 1)
    if "output_shape" in view.attributes or view.attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise Unread("its size is asked for, not its border")
    pads = view.attributes.get("pads", [0] * 2 * rank)
    if to.optional(view, 2):
        weights["bias"] = view.inputs[2]
    extra = tuple(view.attributes.get("output_padding") or [0] * rank)
    op = make(
        "conv_transpose",
        out=sizes[1] * groups,
        size=sizes[2:],
        stride=steps(view, rank, "strides"),
        dilation=steps(view, rank, "dilations"),
        pad=Padding("explicit", tuple(zip(pads[:rank], pads[rank:])), scalar=len(set(pads)) == 1),
        output_pad=extra if any(extra) else None,
        groups=groups,
        bias="bias" in weights,
    )
    return to.layer(op, [x], view, weights)


POOLS = {"MaxPool": "maxpool", "AveragePool": "avgpool", "LpPool": "l2pool"}


@reads(*POOLS)
def pool(to: Reader, view: View) -> Map | list[Value]:
    x = to.first(view.inputs[0])
    rank = to.shape(x).rank
    if any(n != 1 for n in view.attributes.get("dilations", [])):
        raise Unread("its window is dilated")
    if view.kind == "LpPool" and view.attributes.get("p", 2) != 2:
        raise Unread(f"it takes the norm of {view.attributes['p']}; `l2pool` that of 2")
    pad = pairs(view, rank)
    given: dict[str, Any] = {
        "size": tuple(view.attributes["kernel_shape"]),
        "stride": steps(view, rank, "strides"),
        "pad": pad,
        "ceil": bool(view.attributes.get("ceil_mode", 0)),
    }
    if view.kind == "AveragePool" and pad.kind == "explicit" and any(map(any, pad.pairs)):
        given["count_pad"] = bool(view.attributes.get("count_include_pad", 0))
    if len([name for name in view.outputs if name]) > 1:
        made = to.layer(worded(make("maxpool_places", **given), to.shape(x)), [x], view)
        return [made, Lost(Unread("its places run through the whole tensor, not through each channel", str(view)))]
    op, x = bordered(to, make(POOLS[view.kind], **given), x)
    return to.layer(op, [x], view)


@reads("GlobalAveragePool", "GlobalMaxPool")
def global_pool(to: Reader, view: View) -> Map:
    x = to.first(view.inputs[0])
    word = "global_avgpool" if view.kind == "GlobalAveragePool" else "global_maxpool"
    return to.layer(make(word, keep=True), [x], view)


@reads("ReduceMean", "ReduceMax")
def reduced(to: Reader, view: View) -> Map | None:
    """Over all places: a global pool."""
    x = to.map(view.inputs[0])
    rank = len(x.axes) - 1
    axes = view.attributes.get("axes") or (whole(to.fixed(view.inputs[1])) if to.optional(view, 1) else [])
    over = {x.axes[axis % (rank + 2) - 1] for axis in axes if axis % (rank + 2)}
    if not rank or over != set(range(rank)) or any(axis % (rank + 2) == 0 for axis in axes):
        raise Unread(f"it reduces over the axes {list(axes)}: only all places together have a counterpart")
    keep = bool(view.attributes.get("keepdims", 1))
    word = "global_avgpool" if view.kind == "ReduceMean" else "global_maxpool"
    ref = to.build.add(make(word, keep=keep), [x.ref])
    return Map(ref, x.axes if keep else first(0))


PADS = {"constant": "zeropad", "reflect": "reflection_pad", "edge": "edge_pad"}


@reads("Pad")
def pad(to: Reader, view: View) -> Map:
    x = to.first(view.inputs[0])
    rank = to.shape(x).rank
    pads = view.attributes.get("pads") or whole(to.fixed(view.inputs[1]))
    mode = view.attributes.get("mode", "constant")
    if to.optional(view, 3):
        pads = spread(whole(to.fixed(view.inputs[3])), pads, rank + 2)
    border = tuple(zip(pads[2 : rank + 2], pads[rank + 4 :]))
    if any(pads[:2]) or any(pads[rank + 2 : rank + 4]) or mode not in PADS:
        raise Unread(f"it pads the axes {pads} with `{mode}`: only places have a counterpart")
    if min(min(pair) for pair in border) < 0:
        return to.layer(make("crop", border=tuple((-a, -b) for a, b in border)), [x], view)
    given = {"border": border}
    if mode == "constant" and to.optional(view, 2):
        value = float(to.fixed(view.inputs[2]).reshape(-1)[0])
        return to.layer(make("zeropad", **given, value=value), [x], view)
    return to.layer(make(PADS[mode], **given), [x], view) if any(map(any, border)) else x


def spread(axes: list[int], pads: list[int], rank: int) -> list[int]:
    """The numbers of some axes as those of all."""
    full = [0] * 2 * rank
    for i, axis in enumerate(axes):
        full[axis % rank] = pads[i]
        full[axis % rank + rank] = pads[i + len(axes)]
    return full
