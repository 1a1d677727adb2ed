"""Other arrangements, other sizes, borders, merges: what has no weights."""

from __future__ import annotations

from ....ops import dropout, merge, pad, reshape, resize, scale, structure, text
from ....ops.base import BARE
from ....ops.geometry import explicit, spread
from ....ops.scale import Numbers
from ..code import Call, Exact, Leaf, call
from ..explain import plain
from ..statements import ALL
from .conv import flattened, sliced
from .layer import Hole, Layer, X, lower, nd

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
    size = Leaf(None, default=None)
    if isinstance(op.to, tuple):
        size = Leaf(plain(spread(op.to, to.rank, "to")), "size")
    elif isinstance(op.to, int):
        other = Hole(op.to)
        size = Call(".shape[2:]", (other,), "[]")  # type: ignore[assignment]
    factor = op.factor and tuple(map(float, spread(op.factor, to.rank, "factor")))
    if op.mode == "bicubic" and op.a == -0.5:
        cubic(op, to, size, factor)
        return
    if factor and len(set(factor)) == 1:
        factor = factor[0]  # type: ignore[assignment]
    if isinstance(factor, float) and factor.is_integer():
        factor = int(factor)  # type: ignore[assignment]
    mode = MODES.get(op.mode, LINEAR[to.rank])
    if mode == "nearest-exact" and factor and isinstance(factor, int):
        mode = "nearest"  # the same for whole factors
    named = {
        "size": size,
        "scale_factor": Leaf(factor, "scale", default=None),
        "mode": Leaf(mode, "mode", default="nearest"),
        "align_corners": Leaf(op.align_corners or None, "align_corners", default=None),
    }
    use = call("F.interpolate", X, **named)
    to.function(None if isinstance(op.to, int) else call("nn.Upsample", **named), use, main=True)


def cubic(op: resize.Upsample, to: Layer, size: Leaf, factor: object) -> None:
    if isinstance(op.to, int):
        to.function(call("CubicResize"), None, main=True)
        return
    named = {"size": size, "factor": Leaf(factor, "factor", default=None)}
    to.function(call("CubicResize", **named), None, main=True)


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


# --- merges -----------------------------------------------------------------------------------------------------------


def operands(to: Layer) -> tuple[Call | Hole, ...]:
    """The operands, vectors as maps of one place where they meet maps."""
    rank = max(x.rank for x in to.shapes)
    index = ":, :" + ", None" * rank
    return tuple(Hole(n) if x.rank == rank else Call(f"[{index}]", (Hole(n),)) for n, x in enumerate(to.shapes))


@lower.register
def add(op: merge.Add, to: Layer) -> None:
    *others, last = operands(to)
    if op.drop:
        drop = call("StochasticDepth", to.leaf("drop", op.drop))
        if not others:
            to.function(drop, None)
            return
        to.function(drop, Call("+", (*others, Call(Hole(-1), (last,)))), main=True, name="stochastic_depth")
    elif others:
        to.function(None, Call("+", (*others, last)), main=True)


@lower.register
def scaled_add(op: merge.ScaledAdd, to: Layer) -> None:
    *others, last = operands(to)
    to.function(None, Call("+", (*others, Call("*", (to.leaf("scale", op.factor, written="factor"), last)))), main=True)


@lower.register
def subtract(op: merge.Subtract, to: Layer) -> None:
    to.function(None, Call("-", operands(to)), main=True)


@lower.register
def multiply(op: merge.Multiply, to: Layer) -> None:
    if len(to.shapes) > 1:
        to.function(None, Call("*", operands(to)), main=True)


@lower.register
def average(op: merge.Average, to: Layer) -> None:
    if len(to.shapes) > 1:
        to.function(None, Call("/", (Call("+", operands(to)), Leaf(len(to.shapes)))), main=True)


@lower.register
def maximum(op: merge.Maximum, to: Layer) -> None:
    extreme("torch.maximum", to)


@lower.register
def minimum(op: merge.Minimum, to: Layer) -> None:
    extreme("torch.minimum", to)


def extreme(function: str, to: Layer) -> None:
    first, *rest = operands(to)
    made = first
    for other in rest:
        made = call(function, made, other)
    if rest:
        to.function(None, made, main=True)


@lower.register
def concat(op: merge.Concat, to: Layer) -> None:
    grows = op.position(to.x)
    axis = 1 if grows == to.rank else grows + 2
    if len(to.shapes) > 1:
        to.function(None, call("torch.cat", Call("", (ALL,), "[]"), dim=Leaf(axis)), main=True)


@lower.register
def dot(op: merge.Dot, to: Layer) -> None:
    first, second = op.summed(to.shapes)
    normalize = Leaf(op.normalize, "normalize", default=False)
    to.function(call("Dot", Leaf(first + 1), Leaf(second + 1), normalize=normalize), None, main=True)


# --- factors ----------------------------------------------------------------------------------------------------------


@lower.register
def scaled(op: scale.Scale, to: Layer) -> None:
    factor = to.leaf("factor", op.factor)
    to.function(call("Rescale", factor), Call("*", (X, factor)))


@lower.register
def offset(op: scale.Offset, to: Layer) -> None:
    summand = to.leaf("summand", op.summand)
    to.function(call("Rescale", Leaf(1.0), summand), Call("+", (X, summand)))


@lower.register
def rescale(op: scale.Rescale, to: Layer) -> None:
    if len(op.scale) == len(op.offset) == 1:
        made: Call = Call("*", (X, Leaf(op.scale[0], "scale")))
        if op.offset[0]:
            made = Call("+", (made, Leaf(op.offset[0], "offset")))
        to.function(call("Rescale", Leaf(op.scale[0], "scale"), Leaf(op.offset[0], "offset", default=0.0)), made)
    else:
        to.function(call("ChannelRescale", numbers(op.scale), numbers(op.offset)), None)


def numbers(found: Numbers) -> Leaf:
    return Leaf(list(found), "numbers")


@lower.register
def normalize(op: scale.Normalize, to: Layer) -> None:
    if op.mean is None or op.std is None:
        to.weighted(call("MeasuredNorm", to.channels()), main=False)
    else:
        to.function(call("Standardize", mean=numbers(op.mean), std=numbers(op.std)), None)


@lower.register
def channel_affine(op: scale.ChannelAffine, to: Layer) -> None:
    to.weighted(call("ChannelAffine", to.channels()), main=False)


@lower.register
def layer_scale(op: scale.LayerScale, to: Layer) -> None:
    shape = op.facts(to.shapes).weights[BARE].shape
    sizes = Call("", (to.channels(), *(Leaf(n) for n in shape[1:])))
    made = call("nn.Parameter", call("torch.full", sizes, to.leaf("init", op.init)))
    to.weighted(made, Call("*", (X, Hole(-1))), main=False)


@lower.register
def rbf(op: scale.RBF, to: Layer) -> None:
    init = op.facts(to.shapes).weights["weight"].init
    codes = getattr(init, "values", None)
    named = {"trained": Leaf(op.trained, default=False)}
    given = Leaf([list(row) for row in codes] if codes else None, "codes", default=None)
    to.weighted(call("RBF", to.channels(), to.leaf("out_features", op.out, written="out"), codes=given, **named))


@lower.register
def sample_normal(op: scale.SampleNormal, to: Layer) -> None:
    to.function(call("SampleNormal"), None, main=True)


@lower.register
def stop_gradient(op: scale.StopGradient, to: Layer) -> None:
    to.function(None, call(".detach", X))


# --- in training ------------------------------------------------------------------------------------------------------


def dropping(kind: str, op: dropout.Drop, to: Layer) -> None:
    to.function(call(kind, to.leaf("p", op.p)), None)


@lower.register
def dropped(op: dropout.Dropout, to: Layer) -> None:
    dropping("nn.Dropout", op, to)


@lower.register
def spatial_dropout(op: dropout.SpatialDropout, to: Layer) -> None:
    dropping(nd("Dropout", to.rank), op, to)


@lower.register
def alpha_dropout(op: dropout.AlphaDropout, to: Layer) -> None:
    dropping("nn.AlphaDropout", op, to)


@lower.register
def drop_path(op: dropout.DropPath, to: Layer) -> None:
    to.function(call("StochasticDepth", to.leaf("p", op.p)), None)


@lower.register
def gaussian_dropout(op: dropout.GaussianDropout, to: Layer) -> None:
    to.function(call("GaussianDropout", to.leaf("p", op.p)), None)


@lower.register
def gaussian_noise(op: dropout.GaussianNoise, to: Layer) -> None:
    to.function(call("GaussianNoise", to.leaf("std", op.std)), None)


# --- the rest ---------------------------------------------------------------------------------------------------------


@lower.register
def identity(op: structure.Identity, to: Layer) -> None:
    """The value itself."""


@lower.register
def embedding(op: text.Embedding, to: Layer) -> None:
    width = to.leaf("embedding_dim", op.width, written="width")
    to.weighted(call("ChannelsEmbedding", to.leaf("num_embeddings", op.vocabulary), width), out=width)


@lower.register
def one_hot(op: text.OneHot, to: Layer) -> None:
    to.function(call("OneHot", to.leaf("depth", op.depth)), None, main=True)
