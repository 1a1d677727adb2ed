"""Other sizes of a tensor: interpolation, and channels moved to places."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ....compiler.ops.geometry import spread
from ....compiler.ops.resize import PixelShuffle, PixelUnshuffle, Upsample
from ....compiler.shape import Shape
from .table import module

MODES = {"nearest": "nearest-exact", "nearest_floor": "nearest", "bicubic": "bicubic"}
"""Our modes under torch's names; the linear ones are named by the number of dimensions."""

LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


class Resized(nn.Module):
    """Interpolation of (N, C, D, H, W) by a factor, to a size, or to the size of a second tensor."""

    def __init__(self, op: Upsample, x: Shape) -> None:
        super().__init__()
        self.factor = None if op.factor is None else tuple(map(float, spread(op.factor, x.rank, "factor")))
        self.size = spread(op.to, x.rank, "to") if isinstance(op.to, tuple) else None
        self.mode = MODES.get(op.mode, LINEAR[x.rank])
        self.align: bool | None = op.align_corners if op.mode.endswith("linear") else None

    def forward(self, x: Tensor, to: Tensor | None = None) -> Tensor:
        size = self.size if to is None else to.shape[2:]
        return functional.interpolate(x, size, self.factor, self.mode, self.align)


class ResizedCubic(Resized):
    """Keras's bicubic: a = -0.5, and what lies beyond the edge does not count.

    torch has exactly these weights where its `antialias` has nothing to smooth, which is so when enlarging; for other
    sizes they are built here, one matrix for each dimension.
    """

    def forward(self, x: Tensor, to: Tensor | None = None) -> Tensor:
        size = [int(n) for n in (self.size if to is None else to.shape[2:]) or ()]
        if self.factor is not None:
            size = [int(n * f) for n, f in zip(x.shape[2:], self.factor)]
        if all(new >= old for new, old in zip(size, x.shape[2:])):
            return functional.interpolate(x, size, mode="bicubic", align_corners=False, antialias=True)
        rows, columns = (cubic(int(old), new, x) for old, new in zip(x.shape[2:], size))
        return rows @ x @ columns.mT


def cubic(old: int, new: int, like: Tensor) -> Tensor:
    """The weights (new, old) of Keys's cubic convolution (1981) with a = -0.5, those inside the map summing to 1."""
    centres = (torch.arange(new, device=like.device, dtype=like.dtype) + 0.5) * (old / new) - 0.5
    away = (centres[:, None] - torch.arange(old, device=like.device, dtype=like.dtype)).abs()
    near = (1.5 * away - 2.5) * away**2 + 1
    far = ((-0.5 * away + 2.5) * away - 4) * away + 2
    weights = torch.where(away < 1, near, torch.where(away < 2, far, torch.zeros_like(far)))
    return weights / weights.sum(1, keepdim=True)


@module.register
def upsample(op: Upsample, shapes: tuple[Shape, ...]) -> nn.Module:
    kind = ResizedCubic if op.mode == "bicubic" and op.a == -0.5 else Resized
    return kind(op, shapes[0])


class Shuffled(nn.Module):
    """Channels to places, for any number of dimensions: (N, C * r * r, H, W) -> (N, C, H * r, W * r)."""

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        rank = x.ndim - 2
        split = x.reshape(len(x), -1, *(self.factor,) * rank, *x.shape[2:])
        axes = [axis for i in range(rank) for axis in (2 + rank + i, 2 + i)]
        return split.permute(0, 1, *axes).reshape(len(x), -1, *(n * self.factor for n in x.shape[2:]))


class Unshuffled(Shuffled):
    """Places to channels, for any number of dimensions: (N, C, H * r, W * r) -> (N, C * r * r, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        rank, r = x.ndim - 2, self.factor
        split = x.reshape(*x.shape[:2], *(m for n in x.shape[2:] for m in (n // r, r)))
        places, inner = range(2, 2 + 2 * rank, 2), range(3, 3 + 2 * rank, 2)
        return split.permute(0, 1, *inner, *places).flatten(1, 1 + rank)


@module.register
def pixel_shuffle(op: PixelShuffle, shapes: tuple[Shape, ...]) -> nn.Module:
    return nn.PixelShuffle(op.factor) if shapes[0].rank == 2 else Shuffled(op.factor)


@module.register
def pixel_unshuffle(op: PixelUnshuffle, shapes: tuple[Shape, ...]) -> nn.Module:
    return nn.PixelUnshuffle(op.factor) if shapes[0].rank == 2 else Unshuffled(op.factor)
