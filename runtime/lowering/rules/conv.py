"""Convolution: torch's own modules wherever the border is alike on both sides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ....compiler.ops.base import Op, Weight
from ....compiler.ops.conv import Conv, DepthwiseConv, SeparableConv
from ....compiler.ops.conv_transpose import ConvTranspose
from ....compiler.ops.geometry import Sliding, channels, parted
from ....compiler.ops.initializers import Given
from ....compiler.shape import Shape
from .activation import function, told
from .frame import Frame, even
from .table import module

CONVS: dict[int, type[nn.Module]] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TRANSPOSED: dict[int, type[nn.Module]] = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
CONVOLVE: dict[int, Callable[..., Tensor]] = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}


class Framed(nn.Module):
    """Mixed into a torch module: a border around its input, an activation behind it; the weights keep their names."""

    frame: Frame | None = None
    act: Callable[[Tensor], Tensor] | None = None
    _conv_forward: Callable[..., Tensor]

    def forward(self, x: Tensor) -> Tensor:
        if self.frame is not None:
            x = self.frame(x)
        x = self._conv_forward(x, self.weight, self.bias)  # what torch's own `forward` does, one call less
        return x if self.act is None else self.act(x)

    def extra_repr(self) -> str:
        return told(super().extra_repr(), self.act)


class FramedConv1d(Framed, nn.Conv1d):
    pass


class FramedConv2d(Framed, nn.Conv2d):
    pass


class FramedConv3d(Framed, nn.Conv3d):
    pass


FRAMED: dict[int, type[Framed]] = {1: FramedConv1d, 2: FramedConv2d, 3: FramedConv3d}


def activation(act: Op | None) -> Callable[[Tensor], Tensor] | None:
    return None if act is None else function(act)


def slid(over: Sliding, width: int, out: int, groups: int, bias: bool, act: Op | None = None) -> nn.Module:
    """A convolution from `width` to `out` channels over the windows."""
    rank, pad = len(over.size), even(over)
    if pad is not None and act is None:
        return CONVS[rank](width, out, over.size, over.stride, pad, over.dilation, groups, bias)
    made = FRAMED[rank](width, out, over.size, over.stride, pad or 0, over.dilation, groups, bias)
    made.frame = None if pad is not None else Frame(over)
    made.act = activation(act)
    return made


def frozen(made: nn.Module, weight: Weight) -> nn.Module:
    """The module with the kernel as a buffer that holds the given numbers, where they are given."""
    if isinstance(weight.init, Given):
        del made.weight
        made.register_buffer("weight", torch.tensor(weight.init.values).expand(weight.shape).clone())
    return made


@module.register
def conv(op: Conv, shapes: tuple[Shape, ...]) -> nn.Module:
    (x,) = shapes
    over = op.sliding(x)
    if op.weight_norm:
        return NormedConv(over, channels(x), op)
    made = slid(over, channels(x), op.out, op.groups, op.bias, op.act)
    return frozen(made, op.facts(shapes).weights["weight"])


@module.register
def depthwise_conv(op: DepthwiseConv, shapes: tuple[Shape, ...]) -> nn.Module:
    (x,) = shapes
    width = channels(x)
    made = slid(op.sliding(x), width, width * op.multiplier, width, op.bias, op.act)
    return frozen(made, op.facts(shapes).weights["weight"])


class NormedConv(nn.Module):
    """Weight normalisation: `weight_v` is the direction of each output channel's kernel, `weight_g` its length."""

    def __init__(self, over: Sliding, width: int, op: Conv) -> None:
        super().__init__()
        rank, pad = len(over.size), even(over)
        self.weight_g = nn.Parameter(torch.empty(op.out, *[1] * (rank + 1)))
        self.weight_v = nn.Parameter(torch.empty(op.out, width // op.groups, *over.size))
        self.register_parameter("bias", nn.Parameter(torch.empty(op.out)) if op.bias else None)
        self.frame = None if pad is not None else Frame(over)
        self.places: dict[str, Any] = {
            "stride": over.stride,
            "padding": pad or 0,
            "dilation": over.dilation,
            "groups": op.groups,
        }
        self.convolve = CONVOLVE[rank]
        self.act = activation(op.act)

    def forward(self, x: Tensor) -> Tensor:
        if self.frame is not None:
            x = self.frame(x)
        v = self.weight_v
        weight = v * (self.weight_g / torch.linalg.vector_norm(v, dim=tuple(range(1, v.ndim)), keepdim=True))
        x = self.convolve(x, weight, self.bias, **self.places)
        return x if self.act is None else self.act(x)


class Separable(nn.Module):
    """A depthwise convolution, then a 1x1 convolution with the bias of both."""

    def __init__(self, op: SeparableConv, x: Shape) -> None:
        super().__init__()
        over, width = op.sliding(x), channels(x)
        inner = width * op.multiplier
        self.depthwise = slid(over, width, inner, width, bias=False)
        self.pointwise = CONVS[x.rank](inner, op.out, 1, bias=False)
        self.register_parameter("bias", nn.Parameter(torch.zeros(op.out)) if op.bias else None)
        self.convolve = CONVOLVE[x.rank]
        self.act = activation(op.act)

    def forward(self, x: Tensor) -> Tensor:
        x = self.convolve(self.depthwise(x), self.pointwise.weight, self.bias)
        return x if self.act is None else self.act(x)


@module.register
def separable_conv(op: SeparableConv, shapes: tuple[Shape, ...]) -> nn.Module:
    return Separable(op, shapes[0])


class Cut(nn.Module):
    """Mixed into a transposed convolution: `kept` of its result is kept, an activation stands behind it."""

    kept: tuple[slice, ...] | None = None
    act: Callable[[Tensor], Tensor] | None = None

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        x: Tensor = super().forward(input, output_size)
        if self.kept is not None:
            x = x[self.kept]
        return x if self.act is None else self.act(x)

    def extra_repr(self) -> str:
        return told(super().extra_repr(), self.act)


class CutConvTranspose1d(Cut, nn.ConvTranspose1d):
    pass


class CutConvTranspose2d(Cut, nn.ConvTranspose2d):
    pass


class CutConvTranspose3d(Cut, nn.ConvTranspose3d):
    pass


CUT: dict[int, type[Cut]] = {1: CutConvTranspose1d, 2: CutConvTranspose2d, 3: CutConvTranspose3d}


@module.register
def conv_transpose(op: ConvTranspose, shapes: tuple[Shape, ...]) -> nn.Module:
    (x,) = shapes
    over = op.enlarging(x)
    limits = map(max, over.stride, over.dilation)
    parts = [parted(before, after, limit) for (before, after), limit in zip(over.crops, limits)]
    pad, added, kept = zip(*parts)
    whole = all(part == (0, None) for part in kept)
    kind = TRANSPOSED[x.rank] if whole and op.act is None else CUT[x.rank]
    made = kind(channels(x), op.out, over.size, over.stride, pad, added, op.groups, op.bias, over.dilation)
    if isinstance(made, Cut):
        made.kept = None if whole else (slice(None), slice(None), *(slice(*part) for part in kept))
        made.act = activation(op.act)
    return made
