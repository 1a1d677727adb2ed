"""Normalisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from ....compiler.ops import norm as ops
from ....compiler.ops.base import Weight
from ....compiler.ops.geometry import channels
from ....compiler.shape import Shape
from .table import module
from .weighted import Weighted, per_channel


class Untracked(_BatchNorm):
    """Mixed into torch's batch normalisation: it counts no batches, and may lack the factor or the summand.

    A lacking one is a buffer of ones or zeros outside the `state_dict`: cuDNN wants both or none.
    """

    def __init__(self, width: int, eps: float, momentum: float, scale: bool, center: bool) -> None:
        super().__init__(width, eps, momentum)
        self.num_batches_tracked = None
        for name, wanted, fixed in (("weight", scale, torch.ones), ("bias", center, torch.zeros)):
            if not wanted:
                delattr(self, name)
                self.register_buffer(name, fixed(width), persistent=False)

    def _load_from_state_dict(self, state: Any, prefix: str, metadata: Any, *rest: Any) -> None:
        # below version 2 torch would add a count of batches to the state, and then call it unexpected
        super()._load_from_state_dict(state, prefix, {**metadata, "version": 2}, *rest)


class BatchNorm1d(Untracked, nn.BatchNorm1d):
    pass


class BatchNorm2d(Untracked, nn.BatchNorm2d):
    pass


class BatchNorm3d(Untracked, nn.BatchNorm3d):
    pass


BATCHNORMS: dict[int, type[Untracked]] = {0: BatchNorm1d, 1: BatchNorm1d, 2: BatchNorm2d, 3: BatchNorm3d}


@module.register
def batchnorm(op: ops.BatchNorm, shapes: tuple[Shape, ...]) -> nn.Module:
    (x,) = shapes
    return BATCHNORMS[x.rank](channels(x), op.eps, 1 - op.momentum, op.scale, op.center)


class ChannelsNorm(Weighted):
    """Layer normalisation over the channels of each place of a map (N, C, ...)."""

    def __init__(self, width: int, eps: float, weights: Mapping[str, Weight]) -> None:
        super().__init__(weights)
        self.width = (width,)
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x.movedim(1, -1), self.width, self.weight, self.bias, self.eps).movedim(-1, 1)


@module.register
def layernorm(op: ops.LayerNorm, shapes: tuple[Shape, ...]) -> nn.Module:
    return ChannelsNorm(channels(shapes[0]), op.eps, op.facts(shapes).weights)


class ChannelsRMSNorm(ChannelsNorm):
    """Root mean square normalisation over the channels of each place of a map (N, C, ...)."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x.movedim(1, -1), self.width, self.weight, self.eps).movedim(-1, 1)


@module.register
def rmsnorm(op: ops.RMSNorm, shapes: tuple[Shape, ...]) -> nn.Module:
    return ChannelsRMSNorm(channels(shapes[0]), op.eps, op.facts(shapes).weights)


class GroupNorm(Weighted):
    """Group normalisation that may lack the factor or the summand."""

    def __init__(self, groups: int, eps: float, weights: Mapping[str, Weight]) -> None:
        super().__init__(weights)
        self.groups = groups
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return functional.group_norm(x, self.groups, self.weight, self.bias, self.eps)


@module.register
def groupnorm(op: ops.GroupNorm, shapes: tuple[Shape, ...]) -> nn.Module:
    return GroupNorm(op.groups, op.eps, op.facts(shapes).weights)


@module.register
def instancenorm(op: ops.InstanceNorm, shapes: tuple[Shape, ...]) -> nn.Module:
    return GroupNorm(channels(shapes[0]), op.eps, op.facts(shapes).weights)


class LRN(nn.Module):
    """Local response normalisation.

    Torch's own goes through a 3-D average pool, which knows no bfloat16 on CPUs. The divisor is computed in 32 bits at
    least: k + alpha * sum is 2.0001 or so.
    """

    def __init__(self, size: int, alpha: float, beta: float, k: float) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, x: Tensor) -> Tensor:
        width, half = x.shape[1], self.size // 2
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        squares = functional.pad(wide.square(), (*[0, 0] * (x.dim() - 2), half, half))
        total = squares.narrow(1, 0, width)
        for first in range(1, self.size):
            total = total + squares.narrow(1, first, width)
        return x * (total * self.alpha + self.k).pow(-self.beta).to(x.dtype)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


@module.register
def lrn(op: ops.LRN, shapes: tuple[Shape, ...]) -> nn.Module:
    return LRN(op.size, op.mean_alpha / op.size, op.beta, op.k)


class L2Normalize(nn.Module):
    """The channels of each place on the unit sphere."""

    def __init__(self, eps: float) -> None:
        super().__init__()
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return functional.normalize(x, dim=1, eps=self.eps)


@module.register
def l2_normalize(op: ops.L2Normalize, shapes: tuple[Shape, ...]) -> nn.Module:
    return L2Normalize(op.eps)


class ResponseNorm(Weighted):
    """Global response normalisation."""

    weight: Tensor
    bias: Tensor

    def __init__(self, rank: int, eps: float, weights: Mapping[str, Weight]) -> None:
        super().__init__(weights)
        self.places = tuple(range(2, rank + 2))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        length = torch.linalg.vector_norm(x, dim=self.places, keepdim=True)
        share = length / (length.mean(1, keepdim=True) + self.eps)
        return torch.addcmul(x + per_channel(self.bias, x), per_channel(self.weight, x), x * share)


@module.register
def response_norm(op: ops.ResponseNorm, shapes: tuple[Shape, ...]) -> nn.Module:
    return ResponseNorm(shapes[0].rank, op.eps, op.facts(shapes).weights)
