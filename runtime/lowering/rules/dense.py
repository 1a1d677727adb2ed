"""Fully connected layers."""

from __future__ import annotations

from torch import Tensor, nn

from ....compiler.ops.dense import Dense
from ....compiler.ops.geometry import channels
from ....compiler.shape import Shape
from .activation import Function, function, told
from .table import module


class ActiveLinear(nn.Linear):
    """A linear layer with its activation behind it."""

    act: Function

    def forward(self, x: Tensor) -> Tensor:
        return self.act(super().forward(x))

    def extra_repr(self) -> str:
        return told(super().extra_repr(), self.act)


class PlaceLinear(nn.Linear):
    """A linear layer over the channels of every place of a map (N, C, ...)."""

    act: Function | None = None

    def forward(self, x: Tensor) -> Tensor:
        x = super().forward(x.movedim(1, -1)).movedim(-1, 1)
        return x if self.act is None else self.act(x)

    def extra_repr(self) -> str:
        return told(super().extra_repr(), self.act)


@module.register
def dense(op: Dense, shapes: tuple[Shape, ...]) -> nn.Module:
    (x,) = shapes
    if x.rank == 0 and op.act is None:
        return nn.Linear(channels(x), op.out, op.bias)
    made = (PlaceLinear if x.rank else ActiveLinear)(channels(x), op.out, op.bias)
    made.act = function(op.act) if op.act else None
    return made
