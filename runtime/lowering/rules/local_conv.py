"""Convolution without shared weights."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from ....compiler.ops.local_conv import LocalConv
from ....compiler.shape import Shape
from .conv import activation
from .frame import Frame
from .table import module


class LocallyConnected(nn.Module):
    """A product of matrices for each place: the windows of all examples there, and the kernel of the place."""

    bias: nn.Parameter | None

    def __init__(self, op: LocalConv, shapes: tuple[Shape, ...]) -> None:
        super().__init__()
        weights = op.facts(shapes).weights
        self.weight = nn.Parameter(torch.empty(weights["weight"].shape))
        self.register_parameter("bias", nn.Parameter(torch.empty(weights["bias"].shape)) if op.bias else None)
        self.over = over = op.sliding(shapes[0])
        self.frame = Frame(over) if any(edge != (0, 0) for edge in over.borders) else None
        self.act = activation(op.act)

    def forward(self, x: Tensor) -> Tensor:
        *places, out = self.weight.shape[: len(self.over.size) + 1]
        kernels = self.weight.reshape(prod(places), out, -1)
        rows = self.windows(x if self.frame is None else self.frame(x)).reshape(prod(places), x.shape[0], -1)
        made = torch.bmm(rows, kernels.mT).permute(1, 2, 0).reshape(-1, out, *places)
        if self.bias is not None:
            made = made + self.bias
        return made if self.act is None else self.act(made)

    def windows(self, x: Tensor) -> Tensor:
        """(N, C, D, H, W) as (places along D, H, W, N, C, taps along D, H, W)."""
        for axis, (span, step) in enumerate(zip(self.over.spans, self.over.stride)):
            x = x.unfold(2 + axis, span, step)
        taps: tuple[Any, ...] = (..., *(slice(None, None, apart) for apart in self.over.dilation))
        x = x[taps]
        rank = len(self.over.size)
        return x.permute(*range(2, 2 + rank), 0, 1, *range(2 + rank, x.ndim))


@module.register
def local_conv(op: LocalConv, shapes: tuple[Shape, ...]) -> nn.Module:
    return LocallyConnected(op, shapes)
