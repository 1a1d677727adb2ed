"""Other arrangements. The written order is channels last, so maps are turned before and behind."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ....compiler.ops import reshape as ops
from ....compiler.shape import Shape
from .table import module


def written(x: Tensor) -> Tensor:
    """Channels first as channels last: (N, C, H, W) -> (N, H, W, C)."""
    return x.movedim(1, -1)


def stored(x: Tensor) -> Tensor:
    """Channels last as channels first: (N, H, W, C) -> (N, C, H, W)."""
    return x.movedim(-1, 1)


class Flatten(nn.Module):
    """All values in the written order: (N, C, H, W) -> (N, H * W * C)."""

    def forward(self, x: Tensor) -> Tensor:
        return written(x).flatten(1)


@module.register
def flatten(op: ops.Flatten, shapes: tuple[Shape, ...]) -> nn.Module:
    (x,) = shapes
    if not x.rank:
        return nn.Identity()
    return nn.Flatten() if x.area == 1 else Flatten()


class Reshape(nn.Module):
    """The values put down in another shape (channels last, -1 where it follows)."""

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.shape = tuple(shape)

    def forward(self, x: Tensor) -> Tensor:
        return stored(written(x).reshape(x.shape[0], *self.shape))


@module.register
def reshape(op: ops.Reshape, shapes: tuple[Shape, ...]) -> nn.Module:
    return Reshape([-1 if n is None else n for n in op.target(shapes[0])])


class Permute(nn.Module):
    """The axes of (N, C, H, W) in another order."""

    def __init__(self, order: Sequence[int]) -> None:
        super().__init__()
        self.order = tuple(order)

    def forward(self, x: Tensor) -> Tensor:
        return stored(written(x).permute(self.order))


@module.register
def permute(op: ops.Permute, shapes: tuple[Shape, ...]) -> nn.Module:
    return Permute((0, *op.order))


class TakeChannels(nn.Module):
    """Some channels by their numbers."""

    numbers: Tensor

    def __init__(self, numbers: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("numbers", torch.tensor(numbers), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return x.index_select(1, self.numbers)


@module.register
def take_channels(op: ops.TakeChannels, shapes: tuple[Shape, ...]) -> nn.Module:
    return TakeChannels(op.channels)


class Split(nn.Module):
    """Several values with equal shares of the channels."""

    def __init__(self, parts: int) -> None:
        super().__init__()
        self.parts = parts

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return x.chunk(self.parts, dim=1)


@module.register
def split(op: ops.Split, shapes: tuple[Shape, ...]) -> nn.Module:
    return Split(op.parts)


class ChannelShuffle(nn.Module):
    """The channels (g, n) read as (n, g)."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], self.groups, -1, *x.shape[2:]).transpose(1, 2).flatten(1, 2)


@module.register
def channel_shuffle(op: ops.ChannelShuffle, shapes: tuple[Shape, ...]) -> nn.Module:
    return ChannelShuffle(op.groups)
