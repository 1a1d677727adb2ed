"""Other arrangements, other sizes, borders."""

from __future__ import annotations

from ....ops import pad, reshape, resize
from ....ops.geometry import explicit, spread
from ..code import Call, Code, Exact, Hole, Leaf, call
from ..explain import plain
from .conv import flattened, sliced
from .layer import Layer, X, lower, nd

# --- arrangements -----------------------------------------------------------------------------------------------------


@lower.register
def flatten(op: reshape.Flatten, to: Layer) -> None:
    if not to.rank:
        return
    if to.x.area == 1:
        to.function(call("nn.Flatten"), call(".flatten", X, Leaf(1)), main=True)
    else:
        to.function(
            call("FlattenChannelsLast"), Call(".flatten", (Call(".movedim", (X, "1", "-1")), Leaf(1))), main=True
        )


@lower.register
def reshaped(op: reshape.Reshape, to: Layer) -> None:
    shape = tuple(-1 if n is None else n for n in op.target(to.x))
    if to.rank == 0 and len(shape) > 1 and set(shape[:-1]) == {1}:
        ones = len(shape) - 1
        to.function(call("nn.Unflatten", "1", f"(-1{', 1' * ones})"), Call(f"[:, :{', None' * ones}]", (X,)), main=True)
        return
    if to.rank == 0 or to.x.area == 1:
        first = X if to.rank == 0 else Call(".flatten", (X, Leaf(1)))
    else:
        first = Call(".movedim", (X, "1", "-1"))
    made = Call(".reshape", (first, Call(".shape[0]", (X,), "[]"), *(Leaf(n, "size") for n in shape)))
    if len(shape) > 1 and any(n != 1 for n in shape[:-1]):
        made = Call(".movedim", (made, "-1", "1"))
    elif len(shape) > 1:
        made = call(".reshape", first, Call(".shape[0]", (X,), "[]"), Leaf(shape[-1]), *(Leaf(n) for n in shape[:-1]))
    to.function(call("ReshapeChannelsLast", Leaf(shape, "shape")), made, main=True)


@lower.register
def permute(op: reshape.Permute, to: Layer) -> None:
    if op.order == tuple(range(1, len(to.x) + 1)):
        return
    stored = [0, len(to.x) if to.rank else 1, *range(1, len(to.x))]  # our axes in the order torch has them
    ours = [0, *op.order]
    there = {axis: place for place, axis in enumerate(stored)}
    wanted = [ours[axis] for axis in stored]
    order = tuple(there[axis] for axis in wanted)
    to.function(call("Permute", Leaf(order, "order")), Call(".permute", (X, *(Leaf(n) for n in order))), main=True)


@lower.register
def take_channels(op: reshape.TakeChannels, to: Layer) -> None:
    to.function(call("TakeChannels", Leaf(list(op.channels))), Call(f"[:, {list(op.channels)}]", (X,)))


@lower.register
def split(op: reshape.Split, to: Layer) -> None:
    to.function(None, call(".chunk", X, Leaf(op.parts, "parts"), dim=Leaf(1)), main=True)


@lower.register
def channel_shuffle(op: reshape.ChannelShuffle, to: Layer) -> None:
    made = call("nn.ChannelShuffle" if to.rank == 2 else "ChannelShuffle", to.leaf("groups", op.groups))
    to.function(made, call("channel_shuffle", X, to.leaf("groups", op.groups)), main=True)


# --- sizes ------------------------------------------------------------------------------------------------------------

MODES = {"nearest": "nearest-exact", "nearest_floor": "nearest", "bicubic": "bicubic"}
LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


@lower.register
def upsample(op: resize.Upsample, to: Layer) -> None:
    size: Code = Leaf(None, default=None)
    if isinstance(op.to, tuple):
        size = Leaf(plain(spread(op.to, to.rank, "to")), "size")
    elif isinstance(op.to, int):
        size = Call(".shape[2:]", (Hole(op.to),), "[]")
    factor = None if op.factor is None else spread(op.factor, to.rank, "factor")
    if op.mode == "bicubic" and op.a == -0.5:
        named = {"size": size, "factor": Leaf(factor and Exact(factor), "factor", default=None)}
        to.function(call("CubicResize", **({} if isinstance(op.to, int) else named)), None, main=True)
        return
    mode = MODES.get(op.mode, LINEAR[to.rank])
    mode = "nearest" if mode == "nearest-exact" and factor else mode  # the same for whole factors
    named = {
        "size": size,
        "scale_factor": Leaf(plain(factor), "scale", default=None),
        "mode": Leaf(mode, "mode", default="nearest"),
        "align_corners": Leaf(op.align_corners or None, "align_corners", default=None),
    }
    use = call("F.interpolate", X, **named)
    to.function(None if isinstance(op.to, int) else call("nn.Upsample", **named), use, main=True)


@lower.register
def pixel_shuffle(op: resize.PixelShuffle, to: Layer) -> None:
    shuffle("PixelShuffle", "F.pixel_shuffle", op.factor, to)


@lower.register
def pixel_unshuffle(op: resize.PixelUnshuffle, to: Layer) -> None:
    shuffle("PixelUnshuffle", "F.pixel_unshuffle", op.factor, to)


def shuffle(kind: str, function: str, factor: int, to: Layer) -> None:
    number = to.leaf("factor", factor)
    if to.rank == 2:
        to.function(call(f"nn.{kind}", number), call(function, X, number), main=True)
    else:
        to.function(call(f"{kind}Nd", number), None, main=True)


# --- borders ----------------------------------------------------------------------------------------------------------


def bordered(kind: str, op: pad.Pad, to: Layer, *use: object) -> None:
    places = Leaf(Exact(flattened(op.pairs(to.x))), "border")
    make = call(nd(kind, to.rank), places)
    to.function(make, Call("F.pad", (X, places, *use)), main=True)


@lower.register
def zeropad(op: pad.ZeroPad, to: Layer) -> None:
    if op.value:
        places = Leaf(Exact(flattened(op.pairs(to.x))), "border")
        number = Leaf(op.value, "value")
        to.function(call(nd("ConstantPad", to.rank), places, number), call("F.pad", X, places, value=number), main=True)
    else:
        bordered("ZeroPad", op, to)


@lower.register
def reflection_pad(op: pad.ReflectionPad, to: Layer) -> None:
    bordered("ReflectionPad", op, to, '"reflect"')


@lower.register
def edge_pad(op: pad.EdgePad, to: Layer) -> None:
    bordered("ReplicationPad", op, to, '"replicate"')


@lower.register
def crop(op: pad.Crop, to: Layer) -> None:
    if isinstance(op.border, int):
        to.function(None, call("center_crop", X, Hole(1)), main=True)
        return
    pairs = explicit(op.border, to.rank, "border")
    kept = tuple((before, -after if after else None) for before, after in pairs)
    to.function(None, Call(f"[{sliced(kept)}]", (X,)), main=True)
