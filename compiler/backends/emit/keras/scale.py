"""Factors and summands, noise in training, tokens."""

from __future__ import annotations

from typing import Any

from ....ops import dropout, scale, structure, text
from ..code import Call, Code, Exact, Leaf, call
from .begin import beginnings
from .row import Row, X, nd, row

# --- factors ----------------------------------------------------------------------------------------------------------


@row.register
def scaled(op: scale.Scale, to: Row) -> Code:
    """`x * factor`: Keras takes that for sparse, as layers that the file brings do not, so that it brings this too."""
    factor = to.leaf("factor", op.factor)
    return to.layer("Multiply", factor) if to.brought else Call("*", (X, factor))


@row.register
def offset(op: scale.Offset, to: Row) -> Code:
    head = "ops.add" if op.summand < 0 else "+"  # `x - 3` would be an operation named Subtract
    return Call(head, (X, to.leaf("summand", op.summand)))


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
    shape = Leaf(Exact((None, *[1] * (to.rank + 1))))
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
    return to.layer("layers.Embedding", *sizes, **beginnings(op, to))


@row.register
def one_hot(op: text.OneHot, to: Row) -> Code:
    return call("ops.one_hot", X, to.leaf("depth", op.depth))
