"""Factors and summands, noise in training, tokens."""

from __future__ import annotations

from ....ops import dropout, scale, structure, text
from ....ops.base import BARE
from ....ops.scale import Numbers
from ..code import Call, Hole, Leaf, call
from .layer import Layer, X, lower, nd

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
