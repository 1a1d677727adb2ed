"""Convolutions and dense layers."""

from __future__ import annotations

from ....ops.conv import Conv, DepthwiseConv, SeparableConv, SlidConvolution
from ....ops.conv_transpose import ConvTranspose
from ....ops.dense import Dense
from ....ops.geometry import Pairs, Sliding, channels, parted
from ....ops.initializers import Given
from ....ops.local_conv import LocalConv
from ..code import Call, Exact, Leaf, Named, call
from .layer import Layer, X, lower, nd


def flattened(pairs: Pairs) -> tuple[int, ...]:
    """The pairs as `F.pad` wants them: last dimension first."""
    return tuple(n for pair in reversed(pairs) for n in pair)


def border(op: SlidConvolution, over: Sliding, to: Layer) -> Leaf:
    """The `padding` of a convolution; what it cannot say is a step in front."""
    known = tuple(edge for edge in over.borders if edge is not None)
    if len(known) < len(over.borders):
        to.function(same_pad(over, to), None, step="pad", main=True)
    elif all(a == b for a, b in known):
        return to.leaf("padding", tuple(a for a, _ in known), 0, "pad")
    elif op.pad.kind == "same" and set(over.stride) == {1}:
        return to.leaf("padding", "same", 0, "pad")
    else:
        zeros(known, to)
    return Leaf(0, "padding", default=0)


def zeros(pairs: Pairs, to: Layer) -> None:
    """A border of zeros as a step of its own."""
    places = Leaf(Exact(flattened(pairs)), "border")
    to.function(call(nd("ZeroPad", to.rank), places), call("F.pad", X, places), step="pad", main=True)


def same_pad(over: Sliding, to: Layer, value: str = "") -> Call:
    """The border of `pad=same` for an open size, found when it runs."""
    named = [Named("value", value)] if value else []
    spans, strides = to.leaf("span", over.spans), to.leaf("stride", over.stride)
    return Call("SamePad", (spans, strides, *named))


def window(op: SlidConvolution, over: Sliding, to: Layer, groups: Leaf) -> dict[str, Leaf]:
    """The arguments that all convolutions share."""
    padding = border(op, over, to)
    return {
        "stride": to.leaf("stride", over.stride, 1),
        "padding": padding,
        "dilation": to.leaf("dilation", over.dilation, 1),
        "groups": groups,
        "bias": to.leaf("bias", op.bias, True),
    }


@lower.register
def conv(op: Conv, to: Layer) -> None:
    over = op.sliding(to.x)
    out = to.leaf("out_channels", op.out, written="out")
    depthwise = op.groups == to.x.channels and op.groups > 1
    groups = to.channels(default=1) if depthwise and op.out == op.groups else to.leaf("groups", op.groups, 1)
    arguments = window(op, over, to, groups)
    weight = op.facts(to.shapes).weights.get("weight")
    kind = nd("Conv", to.rank)
    if op.weight_norm:
        kind = f"WeightNormConv{to.rank}d"
    elif weight is not None and isinstance(weight.init, Given):
        kind = f"FixedConv{to.rank}d"
        arguments["kernel"] = Leaf(listed(weight.init.values), "kernel")
    size = to.leaf("kernel_size", over.size, written="size")
    to.weighted(call(kind, to.channels(), out, size, **arguments), out=out)
    to.act(op.act)


def listed(numbers: object) -> object:
    """Nested tuples as nested lists."""
    return [listed(n) for n in numbers] if isinstance(numbers, tuple) else numbers


@lower.register
def depthwise_conv(op: DepthwiseConv, to: Layer) -> None:
    over, width = op.sliding(to.x), channels(to.x)
    out = to.channels() if op.multiplier == 1 else Leaf(width * op.multiplier, "out_channels")
    arguments = window(op, over, to, to.channels(default=1))
    weight, kind = op.facts(to.shapes).weights["weight"], nd("Conv", to.rank)
    if isinstance(weight.init, Given):
        kind = f"FixedConv{to.rank}d"
        arguments["kernel"] = Leaf(listed(weight.init.values), "kernel")
    size = to.leaf("kernel_size", over.size, written="size")
    to.weighted(call(kind, to.channels(), out, size, **arguments))
    to.act(op.act)


@lower.register
def separable_conv(op: SeparableConv, to: Layer) -> None:
    over = op.sliding(to.x)
    out = to.leaf("out_channels", op.out, written="out")
    arguments = window(op, over, to, Leaf(1, default=1))
    arguments["groups"] = to.leaf("multiplier", op.multiplier, 1)
    named = {("multiplier" if name == "groups" else name): leaf for name, leaf in arguments.items()}
    size = to.leaf("kernel_size", over.size, written="size")
    to.weighted(call(f"SeparableConv{to.rank}d", to.channels(), out, size, **named), out=out)
    to.act(op.act)


@lower.register
def local_conv(op: LocalConv, to: Layer) -> None:
    over = op.sliding(to.x)
    if any(edge != (0, 0) for edge in over.borders):
        zeros(tuple(edge for edge in over.borders if edge is not None), to)
    out = to.leaf("out_channels", op.out, written="out")
    places = Leaf(op.places(to.x, over), "places")
    to.weighted(
        call(
            "LocallyConnected", to.channels(), out, places, Leaf(Exact(over.size), "kernel_size"),
            stride=Leaf(over.stride, "stride", default=1), dilation=Leaf(over.dilation, "dilation", default=1),
            bias=to.leaf("bias", op.bias, True),
        ),
        out=out,
    )  # fmt: skip
    to.act(op.act)


@lower.register
def conv_transpose(op: ConvTranspose, to: Layer) -> None:
    over = op.enlarging(to.x)
    limits = map(max, over.stride, over.dilation)
    parts = [parted(before, after, limit) for (before, after), limit in zip(over.crops, limits)]
    pad, added = tuple(part[0] for part in parts), tuple(part[1] for part in parts)
    kept = tuple(part[2] for part in parts)
    out = to.leaf("out_channels", op.out, written="out")
    to.weighted(
        call(
            nd("ConvTranspose", to.rank), to.channels(), out, to.leaf("kernel_size", over.size, written="size"),
            stride=to.leaf("stride", over.stride, 1), padding=to.leaf("padding", pad, 0, "pad"),
            output_padding=to.leaf("output_padding", added, 0), groups=to.leaf("groups", op.groups, 1),
            bias=to.leaf("bias", op.bias, True), dilation=to.leaf("dilation", over.dilation, 1),
        ),
        out=out,
    )  # fmt: skip
    if any(part != (0, None) for part in kept):
        to.function(None, Call(f"[{sliced(kept)}]", (X,)), step="cut", main=True)
    to.act(op.act)


def sliced(kept: tuple[tuple[int, int | None], ...]) -> str:
    """`:, :, 1:-1`"""
    ranges = [f"{start or ''}:{'' if stop is None else stop}" for start, stop in kept]
    return ", ".join([":", ":", *ranges])


@lower.register
def dense(op: Dense, to: Layer) -> None:
    out = to.leaf("out_features", op.out, written="out")
    kind = "PlaceLinear" if to.rank else "nn.Linear"
    to.weighted(call(kind, to.channels(), out, bias=to.leaf("bias", op.bias, True)), out=out)
    to.act(op.act)
