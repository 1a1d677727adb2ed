"""Factors and summands: constant, trained, measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ....compiler.ops import scale as ops
from ....compiler.ops.base import BARE
from ....compiler.shape import Shape
from .table import module
from .weighted import Weighted, per_channel


class Affine(nn.Module):
    """x * factor + summand, each one number or one for each channel of a map with `rank` spatial dimensions."""

    factor: Any
    summand: Any

    def __init__(self, factor: Sequence[float], summand: Sequence[float], rank: int) -> None:
        super().__init__()
        self.keep("factor", factor, rank)
        self.keep("summand", summand, rank)

    def keep(self, name: str, numbers: Sequence[float], rank: int) -> None:
        """One number stays a number; several become a buffer outside the `state_dict`."""
        if len(numbers) == 1:
            setattr(self, name, numbers[0])
        else:
            self.register_buffer(name, torch.tensor(numbers).reshape(-1, *[1] * rank), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.add(x * self.factor, self.summand)


class Factor(nn.Module):
    """x * factor."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor


class Summand(nn.Module):
    """x + summand."""

    def __init__(self, summand: float) -> None:
        super().__init__()
        self.summand = summand

    def forward(self, x: Tensor) -> Tensor:
        return x + self.summand


@module.register
def scale(op: ops.Scale, shapes: tuple[Shape, ...]) -> nn.Module:
    return Factor(op.factor)


@module.register
def offset(op: ops.Offset, shapes: tuple[Shape, ...]) -> nn.Module:
    return Summand(op.summand)


@module.register
def rescale(op: ops.Rescale, shapes: tuple[Shape, ...]) -> nn.Module:
    return Affine(op.scale, op.offset, shapes[0].rank)


class Standardize(Affine):
    """(x - mean) / std with given numbers."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.div(x - self.summand, self.factor)


class Measured(Weighted):
    """(x - mean) / sqrt(variance) with the statistics of the training data."""

    mean: Tensor
    variance: Tensor
    count: Tensor

    def forward(self, x: Tensor) -> Tensor:
        # Keras: no division by less than 1e-7
        return (x - per_channel(self.mean, x)) / per_channel(self.variance, x).sqrt().clamp(min=1e-7)


@module.register
def normalize(op: ops.Normalize, shapes: tuple[Shape, ...]) -> nn.Module:
    if op.mean is None or op.std is None:
        return Measured(op.facts(shapes).weights)
    return Standardize(op.std, op.mean, shapes[0].rank)


class ChannelAffine(Weighted):
    """A trained factor and a trained summand for each channel."""

    weight: Tensor
    bias: Tensor

    def forward(self, x: Tensor) -> Tensor:
        return x * per_channel(self.weight, x) + per_channel(self.bias, x)


@module.register
def channel_affine(op: ops.ChannelAffine, shapes: tuple[Shape, ...]) -> nn.Module:
    return ChannelAffine(op.facts(shapes).weights)


@module.register
def layer_scale(op: ops.LayerScale, shapes: tuple[Shape, ...]) -> nn.Parameter:
    return nn.Parameter(torch.empty(op.facts(shapes).weights[BARE].shape))


class RBF(Weighted):
    """Squared distances from the code of each class: (N, C) -> (N, classes)."""

    weight: Tensor

    def forward(self, x: Tensor) -> Tensor:
        return (x[:, None] - self.weight).square().sum(-1)


@module.register
def rbf(op: ops.RBF, shapes: tuple[Shape, ...]) -> nn.Module:
    return RBF(op.facts(shapes).weights)


class SampleNormal(nn.Module):
    """A sample in training, the mean otherwise."""

    def forward(self, mean: Tensor, logvar: Tensor) -> Tensor:
        if not self.training:
            return mean
        return torch.addcmul(mean, torch.exp(logvar / 2), torch.randn_like(mean))


@module.register
def sample_normal(op: ops.SampleNormal, shapes: tuple[Shape, ...]) -> nn.Module:
    return SampleNormal()


class StopGradient(nn.Module):
    """The value, out of the reach of the gradient."""

    def forward(self, x: Tensor) -> Tensor:
        return x.detach()


@module.register
def stop_gradient(op: ops.StopGradient, shapes: tuple[Shape, ...]) -> nn.Module:
    return StopGradient()
