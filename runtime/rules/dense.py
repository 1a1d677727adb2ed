"""Fully connected layers and what leads to them."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from ...compiler.ops.dense import Dense
from ...compiler.ops.geometry import channels
from ...compiler.ops.reshape import Flatten
from ...compiler.shape import Shape
from .activation import function
from .table import module


class ActiveLinear(nn.Linear):
    """A linear layer with its activation behind it."""

    act: Callable[[Tensor], Tensor]

    def forward(self, x: Tensor) -> Tensor:
        return self.act(super().forward(x))


@module.register
def dense(op: Dense, shapes: tuple[Shape, ...]) -> nn.Module:
    width = channels(shapes[0])
    if op.act is None:
        return nn.Linear(width, op.out, op.bias)
    made = ActiveLinear(width, op.out, op.bias)
    made.act = function(op.act)
    return made


class ChannelsLastFlatten(nn.Module):
    """All values in the written order: (N, C, H, W) -> (N, H * W * C)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.movedim(1, -1).flatten(1)


@module.register
def flatten(op: Flatten, shapes: tuple[Shape, ...]) -> nn.Module:
    return ChannelsLastFlatten() if shapes[0].rank else nn.Identity()
