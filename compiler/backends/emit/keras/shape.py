"""Borders, other arrangements, other sizes."""

from __future__ import annotations

from typing import Any

from ....ops import pad, reshape, resize
from ....ops.geometry import explicit, spread
from ..code import Call, Code, Exact, Leaf, call
from .row import Row, X, nd, row


def bordered(pairs: Any) -> Leaf:
    """Places before and after each dimension, as short as Keras takes them."""
    flat = {n for pair in pairs for n in pair}
    if len(flat) == 1:
        return Leaf(flat.pop(), "padding")
    return Leaf(Exact(pairs) if len(pairs) > 1 else Exact(pairs[0]), "padding")


@row.register
def zeropad(op: pad.ZeroPad, to: Row) -> Code:
    if op.value:
        pairs = Leaf(Exact(op.pairs(to.x)), "padding")
        return to.layer(f"ConstantPadding{to.rank}D", pairs, to.leaf("value", op.value))
    return to.layer(nd("ZeroPadding", to.rank), bordered(op.pairs(to.x)))


@row.register
def reflection_pad(op: pad.ReflectionPad, to: Row) -> Code:
    return to.layer(f"ReflectionPadding{to.rank}D", Leaf(Exact(op.pairs(to.x)), "padding"))


@row.register
def edge_pad(op: pad.EdgePad, to: Row) -> Code:
    return to.layer(f"EdgePadding{to.rank}D", Leaf(Exact(op.pairs(to.x)), "padding"))


@row.register
def crop(op: pad.Crop, to: Row) -> Code:
    if isinstance(op.border, int):
        return to.layer("CenterCrop")
    return to.layer(nd("Cropping", to.rank), bordered(explicit(op.border, to.rank, "border")))


# --- arrangements -----------------------------------------------------------------------------------------------------


@row.register
def flatten(op: reshape.Flatten, to: Row) -> Code:
    return to.layer("layers.Flatten")


@row.register
def reshaped(op: reshape.Reshape, to: Row) -> Code:
    sizes = tuple(-1 if n is None else n for n in op.target(to.x))
    if len(sizes) > 1 and set(sizes[:-1]) == {1} and sizes[-1] == to.x.channels:
        shape: Code = Call("", (*(Leaf(1) for _ in sizes[:-1]), to.channels()))
    else:
        shape = Leaf(Exact(sizes), "shape")
    return to.layer("layers.Reshape", shape)


@row.register
def permute(op: reshape.Permute, to: Row) -> Code:
    return to.layer("layers.Permute", Leaf(Exact(op.order), "dims"))


@row.register
def take_channels(op: reshape.TakeChannels, to: Row) -> Code:
    return call("ops.take", X, Leaf(list(op.channels), "channels"), axis=Leaf(-1))


@row.register
def split(op: reshape.Split, to: Row) -> Code:
    return call("ops.split", X, to.leaf("parts", op.parts), axis=Leaf(-1))


@row.register
def channel_shuffle(op: reshape.ChannelShuffle, to: Row) -> Code:
    return to.layer("ChannelShuffle", to.leaf("groups", op.groups))


@row.register
def upsample(op: resize.Upsample, to: Row) -> Code:
    linear = op.mode.endswith("linear")
    mode = "bilinear" if linear else op.mode
    sizes = tuple(n for n in to.node.facts.output.spatial if n is not None)
    if op.factor is not None:
        plainly = mode == "nearest" or op.mode == "nearest_floor"
        own = plainly or (to.rank == 2 and not op.align_corners and (mode != "bicubic" or op.a == -0.5))
        factor = to.leaf("size", spread(op.factor, to.rank, "factor"), written="factor")
        if own:
            named = {"interpolation": Leaf(mode, default="nearest")} if not plainly else {}
            return to.layer(nd("UpSampling", to.rank), factor, **named)
        return to.layer(f"UpSampling{to.rank}D", Leaf(Exact(spread(op.factor, to.rank, "factor"))), **resized(op))
    own = to.rank == 2 and mode == "bilinear" and not op.align_corners and len(to.shapes) == 1 and None not in to.x
    if own:
        return to.layer(
            "layers.Resizing", *(Leaf(n, "size") for n in sizes), interpolation=Leaf("bilinear", default="bilinear")
        )
    kind = "Resizing" if to.rank == 2 else f"Resizing{to.rank}D"
    if isinstance(op.to, int):
        return to.layer(kind, **resized(op))
    return to.layer(kind, Leaf(Exact(sizes), "size"), **resized(op))


def resized(op: resize.Upsample) -> dict[str, Leaf]:
    return {
        "mode": Leaf("linear" if op.mode.endswith("linear") else op.mode, "mode", default="nearest"),
        "align_corners": Leaf(op.align_corners, "align_corners", default=False),
        "a": Leaf(op.a, "a", default=-0.5),
    }


@row.register
def pixel_shuffle(op: resize.PixelShuffle, to: Row) -> Code:
    return to.layer(f"PixelShuffle{to.rank}D", to.leaf("factor", op.factor))


@row.register
def pixel_unshuffle(op: resize.PixelUnshuffle, to: Row) -> Code:
    return to.layer(f"PixelUnshuffle{to.rank}D", to.leaf("factor", op.factor))
