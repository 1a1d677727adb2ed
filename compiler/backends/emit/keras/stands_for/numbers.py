"""Normalisation, factors, sums and noise."""

from __future__ import annotations

from typing import Any

from .....ops import merge, norm, scale
from .....ops.text import OneHot
from .....shape import Shape
from ..placed import Placed, Tensor, begun, called, lacking, stands_for
from ..row import row


@stands_for.register
def instancenorm(op: norm.InstanceNorm, at: Placed) -> Tensor:
    config: dict[str, Any] = {"groups": -1, "epsilon": op.eps, "center": op.center, "scale": op.scale}
    return at.put("layers.GroupNormalization", **config)


@stands_for.register
def lrn(op: norm.LRN, at: Placed) -> Tensor:
    """The neighbours' squares are averaged by a pool whose last dimension is the channels."""
    rank, half = at.to.rank, op.size // 2
    if rank > 2:
        raise lacking(op)
    squares = at.apply("ops.numpy.Square", at.x, part="squares")
    *sizes, width = at.shape
    around = Shape((*sizes, None if width is None else width + 2 * half))
    border = {"pad_width": [[0, 0]] * (rank + 1) + [[half, half]], "mode": "constant"}
    padded = at.apply("ops.numpy.Pad", squares, shape=around, part="pad", config=border)
    deep = at.apply("ops.numpy.ExpandDims", padded, shape=Shape((*around, 1)), part="deep", config={"axis": -1})
    windows: dict[str, Any] = {"pool_size": [*[1] * rank, op.size], "strides": 1}
    mean = at.put(f"layers.AveragePooling{rank + 1}D", deep, shape=Shape((*at.shape, 1)), part="mean", **windows)
    flat = at.apply("ops.numpy.Squeeze", mean, part="flat", config={"axis": -1})
    base = at.put("layers.Rescaling", flat, part="base", scale=op.mean_alpha, offset=op.k)
    return at.put("layers.Multiply", [at.x, at.apply("ops.numpy.Power", base, -op.beta, part="factor")])


def by_channel(at: Placed, x: Tensor, **config: Any) -> Tensor:
    """A trained factor for each channel; with `...` for the places Keras mistakes the order of their sizes."""
    map_ = f"b{'hwd'[: at.to.rank]}c"
    weight = next(iter(at.to.node.facts.weights.values()))
    return at.put(
        "layers.EinsumDense", x, equation=f"{map_},c->{map_}", output_shape=list(at.shape),
        kernel_initializer=begun(weight), **config,
    )  # fmt: skip


@stands_for.register
def layer_scale(op: scale.LayerScale, at: Placed) -> Tensor:
    return by_channel(at, at.x)


@stands_for.register
def channel_affine(op: scale.ChannelAffine, at: Placed) -> Tensor:
    return by_channel(at, at.x, bias_axes="c")


@stands_for.register
def scaled(op: scale.Scale, at: Placed) -> Tensor:
    return at.apply("ops.numpy.Multiply", at.x, op.factor)


@stands_for.register
def offset(op: scale.Offset, at: Placed) -> Tensor:
    return at.apply("ops.numpy.Add", at.x, op.summand)


@stands_for.register
def stop_gradient(op: scale.StopGradient, at: Placed) -> Tensor:
    return at.apply("ops.core.StopGradient", at.x)


@stands_for.register
def sample_normal(op: scale.SampleNormal, at: Placed) -> Tensor:
    """The mean and what noise around 0 is in training, times the deviation: exp(logvar / 2)."""
    mean, logvar = at.tensors
    zeros = at.put("layers.Rescaling", mean, part="zeros", scale=0.0, offset=0.0)
    noise = at.put("layers.GaussianNoise", zeros, part="noise", stddev=1.0)
    half = at.put("layers.Rescaling", logvar, part="half", scale=0.5, offset=0.0)
    deviation = at.apply("ops.numpy.Exp", half, part="deviation")
    return at.put("layers.Add", [mean, at.put("layers.Multiply", [noise, deviation], part="around")])


@stands_for.register
def one_hot(op: OneHot, at: Placed) -> Tensor:
    return at.apply("ops.nn.OneHot", at.x, config={"num_classes": op.depth, "axis": -1})


@stands_for.register
def add(op: merge.Add, at: Placed) -> Tensor:
    """With `drop` the last value is left out for whole examples in training, as a dropout with that noise does."""
    if not op.drop:
        return called(op, row(op, at.to), at)
    *others, last = at.tensors
    noise = [None, *[1] * len(last.shape)]
    dropped = at.put("layers.Dropout", last, shape=last.shape, part="drop", rate=op.drop, noise_shape=noise)
    return at.put("layers.Add", [*others, dropped])


@stands_for.register
def scaled_add(op: merge.ScaledAdd, at: Placed) -> Tensor:
    *others, last = at.tensors
    scaled = at.put("layers.Rescaling", last, shape=last.shape, part="scaled", scale=op.factor, offset=0.0)
    return at.put("layers.Add", [*others, scaled])
