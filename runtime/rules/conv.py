"""Convolution: torch's own modules wherever the border is alike on both sides."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

from ...compiler.ops.conv import Conv
from ...compiler.ops.geometry import channels
from ...compiler.shape import Shape
from .activation import function
from .table import module

CONVS: dict[int, type[nn.Module]] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}


class Framed(nn.Module):
    """Mixed into a torch module: zeros around its input, an activation behind it; the weights keep their names."""

    frame: tuple[int, ...] | None = None
    act: Callable[[Tensor], Tensor] | None = None

    def forward(self, x: Tensor) -> Tensor:
        if self.frame is not None:
            x = functional.pad(x, self.frame)
        x = super().forward(x)
        return x if self.act is None else self.act(x)


class FramedConv1d(Framed, nn.Conv1d):
    pass


class FramedConv2d(Framed, nn.Conv2d):
    pass


class FramedConv3d(Framed, nn.Conv3d):
    pass


FRAMED: dict[int, type[Framed]] = {1: FramedConv1d, 2: FramedConv2d, 3: FramedConv3d}


def flat(pairs: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    """The pairs as `torch.nn.functional.pad` wants them: last dimension first."""
    return tuple(n for pair in reversed(pairs) for n in pair)


@module.register
def conv(op: Conv, shapes: tuple[Shape, ...]) -> nn.Module:
    (x,) = shapes
    over = op.sliding(x)
    pairs = tuple(edge or (0, 0) for edge in over.borders)
    even = all(a == b for a, b in pairs)
    pad = tuple(a for a, _ in pairs) if even else 0
    if even and op.act is None:
        return CONVS[x.rank](channels(x), op.out, over.size, over.stride, pad, over.dilation, op.groups, op.bias)
    made = FRAMED[x.rank](channels(x), op.out, over.size, over.stride, pad, over.dilation, op.groups, op.bias)
    made.frame = None if even else flat(pairs)
    made.act = function(op.act) if op.act else None
    return made
