"""How Keras keeps the weights of each operator: which variables, in which order, with which axes.

Ours have PyTorch's names and layout (outputs, inputs, window); Keras's kernels have (window, inputs, outputs). A rule
is data, so that it serves both directions; who moves arrays is the runtime.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import singledispatch
from math import prod
from typing import NamedTuple

from .graph import Layer
from .ops.activation import PReLU
from .ops.base import BARE, Op, Weight, weight_key
from .ops.conv import Conv, DepthwiseConv, SeparableConv
from .ops.conv_transpose import ConvTranspose
from .ops.dense import Dense
from .ops.norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm
from .ops.scale import LayerScale, Normalize
from .ops.text import Embedding
from .shape import Shape

Sizes = tuple[int, ...]


class Variable(NamedTuple):
    """One variable of a Keras layer, and the weight of ours that holds the same numbers.

    Keras's array of `shape` with its axes in the order `axes`, reshaped to the weight's shape, is ours.
    """

    name: str
    weight: str
    shape: Sizes
    axes: Sizes


def keras_variables(layer: Layer) -> tuple[Variable, ...]:
    """The variables of the Keras layer that does the same, in the order of its `weights`."""
    node = layer.node
    if not node.facts.weights:
        return ()
    return tuple(variables(node.op, node.shapes, node.facts.weights))


def kept(layer: Layer) -> dict[str, Variable]:
    """The same by the keys of our weights."""
    return {weight_key(layer.name, variable.weight): variable for variable in keras_variables(layer)}


def keras_class(layer: Layer) -> str:
    """The Keras class whose variables these are."""
    return "GroupNormalization" if isinstance(layer.node.op, InstanceNorm) else layer.node.type


Weights = Mapping[str, Weight]


@singledispatch
def variables(op: Op, shapes: tuple[Shape, ...], weights: Weights) -> Iterator[Variable]:
    """The rule of an operator; of one that Keras has not: our weights as they are."""
    return (straight(name, name, weight) for name, weight in weights.items())


def straight(name: str, weight: str, held: Weight) -> Variable:
    """A variable with the axes of our weight."""
    return Variable(name, weight, held.shape, tuple(range(len(held.shape))))


def named(weights: Weights, names: dict[str, str]) -> Iterator[Variable]:
    """Vectors under Keras's names, in the order of `names`, which maps ours to Keras's; those that the layer has."""
    return (straight(name, ours, weights[ours]) for ours, name in names.items() if ours in weights)


def reversed_kernel(name: str, weight: str, shape: Sizes) -> Variable:
    """(a, b, *window) of ours is (*window, b, a) in Keras: outputs and inputs, in a transposed convolution the
    other way round."""
    first, second, *window = shape
    rank = len(window)
    return Variable(name, weight, (*window, second, first), (rank + 1, rank, *range(rank)))


def depthwise_kernel(name: str, weight: str, shape: Sizes, multiplier: int) -> Variable:
    """(channels * multiplier, 1, *window) of ours is (*window, channels, multiplier) in Keras."""
    outputs, _, *window = shape
    rank = len(window)
    axes = (rank, rank + 1, *range(rank))
    return Variable(name, weight, (*window, outputs // multiplier, multiplier), axes)


@variables.register
def _(op: Conv, shapes: tuple[Shape, ...], weights: Weights) -> Iterator[Variable]:
    if op.weight_norm:  # Keras has none
        yield from variables.dispatch(Op)(op, shapes, weights)
        return
    yield reversed_kernel("kernel", "weight", weights["weight"].shape)
    yield from named(weights, {"bias": "bias"})


@variables.register
def _(op: ConvTranspose, shapes: tuple[Shape, ...], weights: Weights) -> Iterator[Variable]:
    yield reversed_kernel("kernel", "weight", weights["weight"].shape)
    yield from named(weights, {"bias": "bias"})


@variables.register
def _(op: DepthwiseConv, shapes: tuple[Shape, ...], weights: Weights) -> Iterator[Variable]:
    yield depthwise_kernel("kernel", "weight", weights["weight"].shape, op.multiplier)
    yield from named(weights, {"bias": "bias"})


@variables.register
def _(op: SeparableConv, shapes: tuple[Shape, ...], weights: Weights) -> Iterator[Variable]:
    depthwise, pointwise = weights["depthwise.weight"].shape, weights["pointwise.weight"].shape
    yield depthwise_kernel("depthwise_kernel", "depthwise.weight", depthwise, op.multiplier)
    yield reversed_kernel("pointwise_kernel", "pointwise.weight", pointwise)
    yield from named(weights, {"bias": "bias"})


@variables.register
def _(op: Dense, shapes: tuple[Shape, ...], weights: Weights) -> Iterator[Variable]:
    outputs, inputs = weights["weight"].shape
    yield Variable("kernel", "weight", (inputs, outputs), (1, 0))
    yield from named(weights, {"bias": "bias"})


STATISTICS = {"running_mean": "moving_mean", "running_var": "moving_variance"}


@variables.register
def _(op: BatchNorm, shapes: tuple[Shape, ...], weights: Weights) -> Iterator[Variable]:
    return named(weights, {"weight": "gamma", "bias": "beta", **STATISTICS})


@variables.register(LayerNorm)
@variables.register(GroupNorm)
@variables.register(InstanceNorm)
def _(op: Op, shapes: tuple[Shape, ...], weights: Weights) -> Iterator[Variable]:
    return named(weights, {"weight": "gamma", "bias": "beta"})


@variables.register
def _(op: RMSNorm, shapes: tuple[Shape, ...], weights: Weights) -> Iterator[Variable]:
    return named(weights, {"weight": "scale"})


@variables.register
def _(op: LayerScale, shapes: tuple[Shape, ...], weights: Weights) -> Iterator[Variable]:
    (width, *_) = weights[BARE].shape
    yield Variable("gamma", BARE, (width,), (0,))


@variables.register
def _(op: Normalize, shapes: tuple[Shape, ...], weights: Weights) -> Iterator[Variable]:
    return named(weights, {"mean": "mean", "variance": "variance", "count": "count"})


@variables.register
def _(op: Embedding, shapes: tuple[Shape, ...], weights: Weights) -> Iterator[Variable]:
    return named(weights, {"weight": "embeddings"})


@variables.register
def _(op: PReLU, shapes: tuple[Shape, ...], weights: Weights) -> Iterator[Variable]:
    """Keras's slopes have every axis of the map, of size 1 where they are shared; ours lie channels first."""
    (x,) = shapes
    size = prod(weights["weight"].shape)
    shape = {"layer": (1,) * len(x), "channel": (*(1,) * x.rank, size)}.get(op.per, tuple(n or 1 for n in x))
    yield Variable("alpha", "weight", shape, (x.rank, *range(x.rank)))
