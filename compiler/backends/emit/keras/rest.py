"""Normalisation, borders, merges, arrangements, factors, noise."""

from __future__ import annotations

from typing import Any

from ....ops import dropout, merge, norm, pad, reshape, resize, scale, structure, text
from ....ops.geometry import explicit, spread
from ..code import Call, Code, Exact, Leaf, call
from ..statements import ALL
from .row import Row, X, measured, nd, row

# --- normalisation ----------------------------------------------------------------------------------------------------


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


# --- borders ----------------------------------------------------------------------------------------------------------


def bordered(pairs: Any) -> Leaf:
    """Places before and after each dimension, as short as Keras takes them."""
    flat = {n for pair in pairs for n in pair}
    if len(flat) == 1:
        return Leaf(flat.pop(), "padding")
    return Leaf(Exact(pairs) if len(pairs) > 1 else Exact(pairs[0]), "padding")  # type: ignore[arg-type]


@row.register
def zeropad(op: pad.ZeroPad, to: Row) -> Code:
    if op.value:
        pairs = Leaf(Exact(op.pairs(to.x)), "padding")  # type: ignore[arg-type]
        return to.layer(f"ConstantPadding{to.rank}D", pairs, to.leaf("value", op.value))
    return to.layer(nd("ZeroPadding", to.rank), bordered(op.pairs(to.x)))


@row.register
def reflection_pad(op: pad.ReflectionPad, to: Row) -> Code:
    return to.layer(f"ReflectionPadding{to.rank}D", Leaf(Exact(op.pairs(to.x)), "padding"))  # type: ignore[arg-type]


@row.register
def edge_pad(op: pad.EdgePad, to: Row) -> Code:
    measured(to)
    return to.layer(f"EdgePadding{to.rank}D", Leaf(Exact(op.pairs(to.x)), "padding"))  # type: ignore[arg-type]


@row.register
def crop(op: pad.Crop, to: Row) -> Code:
    if isinstance(op.border, int):
        measured(to)
        return to.layer("CenterCrop")
    return to.layer(nd("Cropping", to.rank), bordered(explicit(op.border, to.rank, "border")))


# --- merges -----------------------------------------------------------------------------------------------------------


@row.register
def merged(op: merge.Merge, to: Row) -> Code:
    return joined(f"layers.{op.keras_name}", to)


def joined(kind: str, to: Row, *args: Any, **named: Any) -> Code:
    """A merge of its operands in a list, also of one."""
    made = to.layer(kind, *args, **named)
    return Call(made.head, (Call("", (ALL,), "[]"),))


@row.register
def add(op: merge.Add, to: Row) -> Code:
    return joined("Add", to, to.leaf("drop", op.drop)) if op.drop else joined("layers.Add", to)


@row.register
def scaled_add(op: merge.ScaledAdd, to: Row) -> Code:
    return to.layer("CustomScaleLayer", to.leaf("scale", op.factor, written="factor"))


@row.register
def concat(op: merge.Concat, to: Row) -> Code:
    grows = op.position(to.x)
    axis = -1 if grows == to.rank else grows + 1
    return joined("layers.Concatenate", to, axis=Leaf(axis, "axis", default=-1))


@row.register
def dot(op: merge.Dot, to: Row) -> Code:
    first, second = op.summed(to.shapes)
    axes = Leaf(Exact((first + 1, second + 1)), "axes")
    return to.layer("layers.Dot", axes=axes, normalize=to.leaf("normalize", op.normalize, False))


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
    measured(to)
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
        measured(to)
        return to.layer(f"UpSampling{to.rank}D", Leaf(Exact(spread(op.factor, to.rank, "factor"))), **resized(op))
    own = to.rank == 2 and mode == "bilinear" and not op.align_corners and len(to.shapes) == 1 and None not in to.x
    if own:
        return to.layer(
            "layers.Resizing", *(Leaf(n, "size") for n in sizes), interpolation=Leaf("bilinear", default="bilinear")
        )
    measured(to)
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
    measured(to)
    return to.layer(f"PixelShuffle{to.rank}D", to.leaf("factor", op.factor))


@row.register
def pixel_unshuffle(op: resize.PixelUnshuffle, to: Row) -> Code:
    measured(to)
    return to.layer(f"PixelUnshuffle{to.rank}D", to.leaf("factor", op.factor))


# --- factors ----------------------------------------------------------------------------------------------------------


@row.register
def scaled(op: scale.Scale, to: Row) -> Code:
    return Call("*", (X, to.leaf("factor", op.factor)))


@row.register
def offset(op: scale.Offset, to: Row) -> Code:
    return Call("+", (X, to.leaf("summand", op.summand)))


@row.register
def rescale(op: scale.Rescale, to: Row) -> Code:
    def one(numbers: tuple[float, ...]) -> Any:
        return numbers[0] if len(numbers) == 1 else list(numbers)

    return to.layer("layers.Rescaling", Leaf(one(op.scale), "scale"), Leaf(one(op.offset), "offset", default=0.0))


@row.register
def normalize(op: scale.Normalize, to: Row) -> Code:
    if op.mean is None or op.std is None:
        return to.layer("layers.Normalization")
    width = to.x.channels or 1
    mean = list(op.mean) * (width if len(op.mean) == 1 else 1)
    variance = [std * std for std in op.std] * (width if len(op.std) == 1 else 1)
    return to.layer("layers.Normalization", mean=Leaf(mean, "mean"), variance=Leaf(variance, "variance"))


@row.register
def channel_affine(op: scale.ChannelAffine, to: Row) -> Code:
    return to.layer("ChannelAffine")


@row.register
def layer_scale(op: scale.LayerScale, to: Row) -> Code:
    return to.layer("LayerScale", to.leaf("init", op.init))


@row.register
def rbf(op: scale.RBF, to: Row) -> Code:
    init = op.facts(to.shapes).weights["weight"].init
    codes = getattr(init, "values", None)
    given = Leaf([list(line) for line in codes] if codes else None, "codes", default=None)
    return to.layer(
        "RBF", to.leaf("units", op.out, written="out"), codes=given, trainable=Leaf(op.trained, default=True)
    )


@row.register
def sample_normal(op: scale.SampleNormal, to: Row) -> Code:
    return to.layer("Sampling")


@row.register
def stop_gradient(op: scale.StopGradient, to: Row) -> Code:
    return call("ops.stop_gradient", X)


# --- in training ------------------------------------------------------------------------------------------------------


@row.register
def dropped(op: dropout.Dropout, to: Row) -> Code:
    return to.layer("layers.Dropout", to.leaf("rate", op.p, written="p"))


@row.register
def spatial_dropout(op: dropout.SpatialDropout, to: Row) -> Code:
    return to.layer(nd("SpatialDropout", to.rank), to.leaf("rate", op.p, written="p"))


@row.register
def drop_path(op: dropout.DropPath, to: Row) -> Code:
    shape = Leaf(Exact((None, *[1] * (to.rank + 1))))  # type: ignore[arg-type]
    return to.layer("layers.Dropout", to.leaf("rate", op.p, written="p"), noise_shape=shape)


@row.register
def alpha_dropout(op: dropout.AlphaDropout, to: Row) -> Code:
    return to.layer("layers.AlphaDropout", to.leaf("rate", op.p, written="p"))


@row.register
def gaussian_dropout(op: dropout.GaussianDropout, to: Row) -> Code:
    return to.layer("layers.GaussianDropout", to.leaf("rate", op.p, written="p"))


@row.register
def gaussian_noise(op: dropout.GaussianNoise, to: Row) -> Code:
    return to.layer("layers.GaussianNoise", to.leaf("stddev", op.std, written="std"))


# --- the rest ---------------------------------------------------------------------------------------------------------


@row.register
def identity(op: structure.Identity, to: Row) -> Code:
    return to.layer("layers.Identity")


@row.register
def embedding(op: text.Embedding, to: Row) -> Code:
    sizes = to.leaf("input_dim", op.vocabulary, written="vocabulary"), to.leaf("output_dim", op.width, written="width")
    return to.layer("layers.Embedding", *sizes)


@row.register
def one_hot(op: text.OneHot, to: Row) -> Code:
    return call("ops.one_hot", X, to.leaf("depth", op.depth))
