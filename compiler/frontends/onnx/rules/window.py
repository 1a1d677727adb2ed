"""Convolutions, pools and borders."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np

from ....decompile.network import make
from ....ops.geometry import SAME, VALID, Padding, Sliding, extent, sliding
from ....shape import Shape
from ...borders import bordered, worded
from ...unread import Unread
from ..pattern import Var, match, node
from ..reader import Reader, reads
from ..source import View
from ..values import Lost, Map, Value, first, whole
from .open import entered, with_border


def pairs(view: View, x: Shape, size: Sequence[int]) -> Padding:
    """The border of a node with a window."""
    auto, rank = view.attributes.get("auto_pad", "NOTSET"), x.rank
    if auto in ("SAME_UPPER", "VALID"):
        return SAME if auto == "SAME_UPPER" else VALID
    if auto == "SAME_LOWER":
        return lower(sliding(x, tuple(size), steps(view, rank, "strides"), steps(view, rank, "dilations"), SAME))
    pads = view.attributes.get("pads", [0] * 2 * rank)
    if min(pads) < 0:
        raise Unread(f"its border is negative: {pads}")
    return Padding("explicit", tuple(zip(pads[:rank], pads[rank:])))


def lower(over: Sliding) -> Padding:
    """The border of `same` with the odd place before the map."""
    edges = [edge for edge in over.borders if edge is not None]
    if len(edges) < len(over.borders):
        raise Unread("`SAME_LOWER` puts the odd place before the map, whose size is open")
    return SAME if all(a == b for a, b in edges) else Padding("explicit", tuple((b, a) for a, b in edges))


def steps(view: View, rank: int, name: str) -> tuple[int, ...]:
    return tuple(view.attributes.get(name) or [1] * rank)


WEIGHT_NORM = node("Mul", Var("v"), Var("w"))


@reads("Conv")
def conv(to: Reader, view: View) -> Map:
    x, border = entered(to, view.inputs[0], 0.0)
    weights = kernel(to, view.inputs[1])
    shape = next(reversed(weights.values()))
    width, rank = to.shape(x).channels, to.shape(x).rank
    sizes = to.fixed(shape).shape
    groups = view.attributes.get("group", 1)
    given: dict[str, Any] = {
        "size": sizes[2:],
        "stride": steps(view, rank, "strides"),
        "dilation": steps(view, rank, "dilations"),
        "pad": pairs(view, to.shape(x), sizes[2:]),
        "bias": bool(to.optional(view, 2)),
    }
    if given["bias"]:
        weights["bias"] = view.inputs[2]
    if groups > 1 and groups == width and "weight" in weights:
        op = make("depthwise_conv", **given, multiplier=sizes[0] // groups)
    else:
        op = make("conv", out=sizes[0], groups=groups, **given, weight_norm="weight_g" in weights)
    op, x = bordered(to, op, x) if border is None else (with_border(to, border, op), x)
    return to.layer(op, [x], view, weights)


def kernel(to: Reader, name: str) -> dict[str, str]:
    """The names of a convolution's kernel: one, or length and direction of weight normalisation."""
    if to.graph.fixed(name) is not None:
        return {"weight": name}
    view = to.graph.makers.get(name)
    stored = to.graph.fixed(view.inputs[0]) if view is not None and view.kind == "Transpose" else None
    if view is not None and stored is not None:  # kept as TensorFlow has it, the channels last
        to.graph.constants[name] = np.ascontiguousarray(np.transpose(stored, view.attributes.get("perm")))
        return {"weight": name}
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
    pads = taken_away(view, to.shape(x), sizes[2:])
    wanted = view.attributes.get("auto_pad") == "SAME_UPPER" and "output_padding" not in view.attributes
    same = wanted and "output_shape" not in view.attributes
    if to.optional(view, 2):
        weights["bias"] = view.inputs[2]
    extra = tuple(view.attributes.get("output_padding") or [0] * rank)
    op = make(
        "conv_transpose",
        out=sizes[1] * groups,
        size=sizes[2:],
        stride=steps(view, rank, "strides"),
        dilation=steps(view, rank, "dilations"),
        pad=SAME if same else Padding("explicit", tuple(zip(pads[:rank], pads[rank:])), scalar=len(set(pads)) == 1),
        output_pad=extra if any(extra) else None,
        groups=groups,
        bias="bias" in weights,
    )
    return to.layer(op, [x], view, weights)


def taken_away(view: View, x: Shape, size: Sequence[int]) -> list[int]:
    """The places that a transposed convolution takes from both ends, as they are given or as its size wants them."""
    auto, wanted = view.attributes.get("auto_pad", "NOTSET"), view.attributes.get("output_shape")
    if wanted is None and auto in ("NOTSET", "VALID"):
        return list(view.attributes.get("pads", [0] * 2 * x.rank))
    stride, dilation = steps(view, x.rank, "strides"), steps(view, x.rank, "dilations")
    extra, total = view.attributes.get("output_padding") or [0] * x.rank, []
    for axis, (n, step, span) in enumerate(zip(x.spatial, stride, map(extent, size, dilation))):
        if wanted is not None and n is None:
            raise Unread("a size is asked for where that of its input is open")
        out = step if wanted is None else wanted[axis - x.rank]
        total.append(((n or 1) - 1 if wanted is not None else 0) * step + extra[axis] + span - out)
    if min(total) < 0:
        raise Unread("its size is asked for, and is larger than what the windows cover")
    low, high = [n // 2 for n in total], [n - n // 2 for n in total]
    return low + high if auto == "SAME_UPPER" else high + low


POOLS = {"MaxPool": "maxpool", "AveragePool": "avgpool", "LpPool": "l2pool"}


@reads(*POOLS)
def pool(to: Reader, view: View) -> Map | list[Value]:
    x, border = entered(to, view.inputs[0], -inf if view.kind == "MaxPool" else 0.0)
    rank = to.shape(x).rank
    if any(n != 1 for n in view.attributes.get("dilations", [])):
        raise Unread("its window is dilated")
    if view.kind == "LpPool" and view.attributes.get("p", 2) != 2:
        raise Unread(f"it takes the norm of {view.attributes['p']}; `l2pool` that of 2")
    pad = pairs(view, to.shape(x), view.attributes["kernel_shape"])
    given: dict[str, Any] = {
        "size": tuple(view.attributes["kernel_shape"]),
        "stride": steps(view, rank, "strides"),
        "pad": pad,
        "ceil": bool(view.attributes.get("ceil_mode", 0)),
    }
    if view.kind == "AveragePool" and pad.kind == "explicit" and any(map(any, pad.pairs)):
        given["count_pad"] = bool(view.attributes.get("count_include_pad", 0))
    several = len([name for name in view.outputs if name]) > 1
    if border is not None:
        if several or view.kind == "AveragePool":
            raise Unread("the border of its map is computed")
        return to.layer(with_border(to, border, make(POOLS[view.kind], **given)), [x], view)
    if several:
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
    """Over all places it is a global pool, over some dimensions of known size a pool with their size."""
    x = to.map(view.inputs[0])
    rank = len(x.axes) - 1
    axes = [axis % (rank + 2) for axis in to.whole(view, "axes", 1) or range(rank + 2)]
    over = {x.axes[axis - 1] for axis in axes if axis}
    if 0 in axes or rank in over or not over or x.order is not None:
        what = "the batch" if 0 in axes else "the channels"
        raise Unread(f"it reduces over {what} (axes {axes}), which no layer does")
    keep, word = bool(view.attributes.get("keepdims", 1)), "avgpool" if view.kind == "ReduceMean" else "maxpool"
    if over == set(range(rank)):
        ref = to.build.add(make(f"global_{word}", keep=keep), [x.ref])
        return Map(ref, x.axes if keep else first(0))
    sizes = [n if axis in over else 1 for axis, n in enumerate(to.shape(x).spatial)]
    if None in sizes:
        raise Unread(f"it reduces over the axes {axes}, one of open size: only all places together have a counterpart")
    made = to.like(x, make(word, size=tuple(sizes)))
    rest = [n for n, written in zip(to.dims(x), x.axes) if written not in over]
    return made if keep else to.reshaped(made, rest)


@reads("ReduceSum")
def summed(to: Reader, view: View) -> Map | None:
    """Over all places of a map whose size is known: their mean, times their number."""
    x = to.map(view.inputs[0])
    area = to.shape(x).area
    if area is None or view.attributes.get("noop_with_empty_axes"):
        return None
    return to.like(reduced(to, view._replace(kind="ReduceMean")), make("scale", factor=float(area)))


PADS = {"constant": "zeropad", "reflect": "reflection_pad", "edge": "edge_pad"}


@reads("Pad")
def pad(to: Reader, view: View) -> Map:
    x = to.map(view.inputs[0])
    total = len(x.axes) + 1
    if "pads" not in view.attributes and not to.graph.is_stored(view.inputs[1]):
        raise Unread("its border is computed from sizes in a way that no layer behind it does")
    pads, mode = to.whole(view, "pads", 1) or [], view.attributes.get("mode", "constant")
    if to.optional(view, 3):
        pads = spread(whole(to.fixed(view.inputs[3])), pads, total)
    pairs = list(zip(pads[:total], pads[total:]))
    border = dict(zip(x.axes, pairs[1:]))
    if any(pairs[0]) or any(border.pop(total - 2)) or x.order is not None:
        raise Unread(f"it pads the batch or the channels (by {pads}): only places have a counterpart")
    if mode not in PADS:
        raise Unread(f"it pads with `{mode}`: {', '.join(PADS)} have counterparts")
    edges = [border[axis] for axis in sorted(border)]
    cut = tuple((max(-a, 0), max(-b, 0)) for a, b in edges)
    if any(map(any, cut)):
        x = to.like(x, make("crop", border=cut))
    edges = [(max(a, 0), max(b, 0)) for a, b in edges]
    if not any(map(any, edges)):
        return x
    given: dict[str, Any] = {"border": tuple(edges)}
    value = number_beyond(to, view) if mode == "constant" else 0.0
    return to.like(x, make(PADS[mode], **given, **({"value": value} if value else {})))


def number_beyond(to: Reader, view: View) -> float:
    """What is put around the map."""
    name = to.optional(view, 2)
    return float(to.fixed(name).reshape(-1)[0] if name else view.attributes.get("value", 0.0))


def spread(axes: list[int], pads: list[int], rank: int) -> list[int]:
    """The numbers of some axes as those of all."""
    full = [0] * 2 * rank
    for i, axis in enumerate(axes):
        full[axis % rank] = pads[i]
        full[axis % rank + rank] = pads[i + len(axes)]
    return full
