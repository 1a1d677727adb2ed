"""Factors and summands: constant, trained, measured."""

from __future__ import annotations

from collections.abc import Sequence

from ....ops import scale as ops
from ....ops.base import BARE
from ..emitter import Emitter
from .table import emit


def numbers(to: Emitter, values: Sequence[float]) -> str:
    """One number, or one for each channel of (N, C, ...)."""
    if len(values) == 1:
        return to.constant(float(values[0]))
    rank = to.shapes[0].rank
    return to.constant([_column(n, rank) for n in values])


def _column(number: float, rank: int) -> object:
    """A number under as many axes of size 1."""
    return number if not rank else [_column(number, rank - 1)]


def weight(to: Emitter, name: str) -> str:
    """A weight of one number for each channel, shaped to meet (N, C, ...)."""
    rank = to.shapes[0].rank
    return to.node("Reshape", [to.weight(name), to.constant([-1] + [1] * rank)]) if rank else to.weight(name)


@emit.register
def scale(op: ops.Scale, to: Emitter) -> list[str]:
    return [to.node("Mul", [*to.inputs, to.constant(op.factor)])]


@emit.register
def offset(op: ops.Offset, to: Emitter) -> list[str]:
    return [to.node("Add", [*to.inputs, to.constant(op.summand)])]


@emit.register
def rescale(op: ops.Rescale, to: Emitter) -> list[str]:
    made = to.node("Mul", [*to.inputs, numbers(to, op.scale)])
    return [to.node("Add", [made, numbers(to, op.offset)]) if any(op.offset) else made]


@emit.register
def normalize(op: ops.Normalize, to: Emitter) -> list[str]:
    if op.mean is not None and op.std is not None:
        mean, std = numbers(to, op.mean), numbers(to, op.std)
    else:
        mean = weight(to, "mean")
        std = to.node("Max", [to.node("Sqrt", [weight(to, "variance")]), to.constant(1e-7)])
    return [to.node("Div", [to.node("Sub", [*to.inputs, mean]), std])]


@emit.register
def channel_affine(op: ops.ChannelAffine, to: Emitter) -> list[str]:
    return [to.node("Add", [to.node("Mul", [*to.inputs, weight(to, "weight")]), weight(to, "bias")])]


@emit.register
def layer_scale(op: ops.LayerScale, to: Emitter) -> list[str]:
    return [to.node("Mul", [*to.inputs, to.weight(BARE)])]


@emit.register
def rbf(op: ops.RBF, to: Emitter) -> list[str]:
    apart = to.node("Sub", [to.node("Unsqueeze", [*to.inputs, to.constant([1])]), to.weight("weight")])
    return [to.node("ReduceSum", [to.node("Mul", [apart, apart]), to.constant([2])], keepdims=0)]


@emit.register
def sample_normal(op: ops.SampleNormal, to: Emitter) -> list[str]:
    return to.inputs[:1]


@emit.register
def stop_gradient(op: ops.StopGradient, to: Emitter) -> list[str]:
    return to.inputs
