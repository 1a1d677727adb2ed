"""What disturbs values while training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ....compiler.ops import dropout as ops
from ....compiler.shape import Shape
from .table import module


@module.register
def dropout(op: ops.Dropout, shapes: tuple[Shape, ...]) -> nn.Module:
    return nn.Dropout(op.p)


SPATIAL: dict[int, type[nn.Module]] = {1: nn.Dropout1d, 2: nn.Dropout2d, 3: nn.Dropout3d}


@module.register
def spatial_dropout(op: ops.SpatialDropout, shapes: tuple[Shape, ...]) -> nn.Module:
    return SPATIAL[shapes[0].rank](op.p)


@module.register
def alpha_dropout(op: ops.AlphaDropout, shapes: tuple[Shape, ...]) -> nn.Module:
    return nn.AlphaDropout(op.p)


def keep_examples(x: Tensor, p: float) -> Tensor:
    """All values of an example (N, ...) zero with the chance p, the others divided by 1 - p."""
    kept = torch.empty((x.shape[0], *[1] * (x.dim() - 1)), dtype=x.dtype, device=x.device).bernoulli_(1 - p)
    return x * kept.div_(1 - p)


class DropPath(nn.Module):
    """Stochastic depth."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        return keep_examples(x, self.p) if self.training and self.p else x

    def extra_repr(self) -> str:
        return f"p={self.p}"


@module.register
def drop_path(op: ops.DropPath, shapes: tuple[Shape, ...]) -> nn.Module:
    return DropPath(op.p)


class GaussianNoise(nn.Module):
    """Normal noise, added (`factor` false) or multiplied."""

    def __init__(self, std: float, factor: bool) -> None:
        super().__init__()
        self.std = std
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.std:
            return x
        noise = torch.randn_like(x) * self.std
        return x * (1 + noise) if self.factor else x + noise

    def extra_repr(self) -> str:
        return f"std={self.std}"


@module.register
def gaussian_noise(op: ops.GaussianNoise, shapes: tuple[Shape, ...]) -> nn.Module:
    return GaussianNoise(op.std, factor=False)


@module.register
def gaussian_dropout(op: ops.GaussianDropout, shapes: tuple[Shape, ...]) -> nn.Module:
    return GaussianNoise((op.p / (1 - op.p)) ** 0.5, factor=True)
