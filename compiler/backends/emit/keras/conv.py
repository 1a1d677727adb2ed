"""Convolutions and dense layers."""

from __future__ import annotations

from typing import Any

from ....ops.base import Weight
from ....ops.conv import Conv, DepthwiseConv, SeparableConv, SlidConvolution
from ....ops.conv_transpose import ConvTranspose
from ....ops.dense import Dense
from ....ops.geometry import SAME, Padding, Pairs, Sliding, border
from ....ops.initializers import Given
from ....ops.local_conv import LocalConv
from ....shape import Shape
from ..code import Code, Exact, Leaf
from .begin import beginnings
from .row import Row, activation, nd, row


def border_of(pad: Padding, x: Shape, over: Sliding) -> str | Pairs:
    """Keras's word for the border, or the border itself where Keras has none."""
    if pad.kind != "explicit":
        return str(pad.kind)
    known = tuple(edge or (0, 0) for edge in over.borders)
    if all(edge == (0, 0) for edge in known):
        return "valid"
    same = tuple(
        border(SAME, n, span, step, axis, x.rank)
        for axis, (n, span, step) in enumerate(zip(x.spatial, over.spans, over.stride))
    )
    return "same" if same == known else known


def numbers(pairs: Pairs) -> Any:
    """A border as short as it can be said: one number, one for each dimension, or pairs."""
    if any(a != b for a, b in pairs):
        return Exact(pairs)
    each = {a for a, _ in pairs}
    return each.pop() if len(each) == 1 else Exact(tuple(a for a, _ in pairs))


def padding(pad: Padding, over: Sliding, to: Row, *, own: bool) -> Leaf:
    """The argument `padding`: in numbers where the class is not Keras's own."""
    found = border_of(pad, to.x, over)
    if not own and pad.kind == "explicit":
        found = tuple(edge or (0, 0) for edge in over.borders)
    said = found if isinstance(found, str) else numbers(found)
    return Leaf("valid" if said == 0 else said, "padding", to.spans.get("pad"), default="valid")


def keras_s(name: str, op: SlidConvolution, over: Sliding, to: Row) -> bool:
    """Whether Keras's own class does it, and no other layer of the model needs one of the file's."""
    both = max(over.stride) > 1 and max(over.dilation) > 1  # which Keras refuses
    return not both and isinstance(border_of(op.pad, to.x, over), str) and f"{name}{to.rank}D" not in to.brought


def window(op: SlidConvolution, over: Sliding, to: Row, *, own: bool) -> dict[str, Any]:
    """The arguments that all convolutions share."""
    return {
        "strides": to.leaf("strides", over.stride, 1, "stride"),
        "padding": padding(op.pad, over, to, own=own),
        "dilation_rate": to.leaf("dilation", over.dilation, 1),
        "use_bias": to.leaf("use_bias", op.bias, True, "bias"),
        "activation": activation(op.act),
    }


def kind(name: str, to: Row, *, own: bool) -> str:
    """Keras's class, or the one of the same name that the file brings."""
    return nd(name, to.rank) if own else f"{name}{to.rank}D"


def fixed(weight: Weight | None) -> dict[str, Leaf]:
    """The numbers of a kernel that are given."""
    if weight is None or not isinstance(weight.init, Given):
        return {}
    return {"fixed": Leaf(listed(weight.init.values), "fixed")}


def listed(numbers: Any) -> Any:
    """Nested tuples as nested lists."""
    return [listed(n) for n in numbers] if isinstance(numbers, tuple) else numbers


def uneven(over: Sliding) -> bool:
    """Whether steps differ by dimension, which Keras's depthwise convolutions refuse."""
    return len(set(over.stride)) > 1 or len(set(over.dilation)) > 1


@row.register
def conv(op: Conv, to: Row) -> Code:
    over = op.sliding(to.x)
    given = fixed(op.facts(to.shapes).weights.get("weight"))
    own = keras_s("Conv", op, over, to) and not given and not op.weight_norm
    named = {**window(op, over, to, own=own), "groups": to.leaf("groups", op.groups, 1), **given, **beginnings(op, to)}
    if op.weight_norm:
        named["weight_norm"] = Leaf(True)
    filters = to.leaf("filters", op.out, written="out")
    return to.layer(kind("Conv", to, own=own), filters, to.leaf("kernel_size", over.size, written="size"), **named)


@row.register
def depthwise_conv(op: DepthwiseConv, to: Row) -> Code:
    over = op.sliding(to.x)
    given = fixed(op.facts(to.shapes).weights["weight"])
    own = keras_s("DepthwiseConv", op, over, to) and not given and to.rank < 3 and not uneven(over)
    multiplier = to.leaf("multiplier", op.multiplier, 1)
    named = {**window(op, over, to, own=own), "depth_multiplier": multiplier, **given, **beginnings(op, to)}
    return to.layer(kind("DepthwiseConv", to, own=own), to.leaf("kernel_size", over.size, written="size"), **named)


@row.register
def separable_conv(op: SeparableConv, to: Row) -> Code:
    over = op.sliding(to.x)
    own = keras_s("SeparableConv", op, over, to) and to.rank < 3 and not uneven(over)
    multiplier = to.leaf("multiplier", op.multiplier, 1)
    named = {**window(op, over, to, own=own), "depth_multiplier": multiplier, **beginnings(op, to)}
    filters, size = to.leaf("filters", op.out, written="out"), to.leaf("kernel_size", over.size, written="size")
    return to.layer(kind("SeparableConv", to, own=own), filters, size, **named)


@row.register
def conv_transpose(op: ConvTranspose, to: Row) -> Code:
    over = op.enlarging(to.x)
    named: dict[str, Code] = {
        "strides": to.leaf("strides", over.stride, 1, "stride"),
        "use_bias": to.leaf("use_bias", op.bias, True, "bias"),
        "activation": activation(op.act),
    }
    brought = f"Conv{to.rank}DTranspose" in to.brought
    own = (
        not brought
        and op.pad.kind in ("valid", "same")
        and op.output_pad is None
        and op.groups == 1
        and max(over.dilation) == 1
    )
    if own:
        named["padding"] = Leaf(op.pad.kind, "padding", to.spans.get("pad"), default="valid")
    else:
        named["crops"] = Leaf(Exact(over.crops), "crops")
        named["dilation_rate"] = to.leaf("dilation", over.dilation, 1)
        named["groups"] = to.leaf("groups", op.groups, 1)
    named |= beginnings(op, to)
    filters = to.leaf("filters", op.out, written="out")
    size = to.leaf("kernel_size", over.size, written="size")
    name = nd("Conv", to.rank) + "Transpose" if own else f"Conv{to.rank}DTranspose"
    return to.layer(name, filters, size, **named)


@row.register
def local_conv(op: LocalConv, to: Row) -> Code:
    over = op.sliding(to.x)
    known = tuple(edge or (0, 0) for edge in over.borders)
    return to.layer(
        f"LocallyConnected{to.rank}D", to.leaf("filters", op.out, written="out"), Leaf(Exact(over.size), "kernel_size"),
        strides=Leaf(Exact(over.stride), "strides"), dilation=Leaf(Exact(over.dilation), "dilation"),
        border=Leaf(Exact(known), "border"),
        use_bias=to.leaf("use_bias", op.bias, True, "bias"), activation=activation(op.act), **beginnings(op, to),
    )  # fmt: skip


@row.register
def dense(op: Dense, to: Row) -> Code:
    return to.layer(
        "layers.Dense", to.leaf("units", op.out, written="out"), activation=activation(op.act),
        use_bias=to.leaf("use_bias", op.bias, True, "bias"), **beginnings(op, to),
    )  # fmt: skip
