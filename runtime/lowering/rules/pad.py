"""Borders put around a tensor, and cut away from it."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from ....compiler.ops.geometry import explicit
from ....compiler.ops.pad import Crop, EdgePad, Pad, ReflectionPad, ZeroPad
from ....compiler.shape import Shape
from .frame import flat
from .table import module


class Bordered(nn.Module):
    """A border around (N, C, D, H, W); `places` before and after, last dimension first."""

    def __init__(self, places: tuple[int, ...], mode: str, value: float | None = None) -> None:
        super().__init__()
        self.places = places
        self.mode = mode
        self.value = value

    def forward(self, x: Tensor) -> Tensor:
        return functional.pad(x, self.places, self.mode, self.value)


def places(op: Pad, shapes: tuple[Shape, ...]) -> tuple[int, ...]:
    return flat(op.pairs(shapes[0]))


@module.register
def zeropad(op: ZeroPad, shapes: tuple[Shape, ...]) -> nn.Module:
    return Bordered(places(op, shapes), "constant", op.value)


@module.register
def reflection_pad(op: ReflectionPad, shapes: tuple[Shape, ...]) -> nn.Module:
    return Bordered(places(op, shapes), "reflect")


@module.register
def edge_pad(op: EdgePad, shapes: tuple[Shape, ...]) -> nn.Module:
    return Bordered(places(op, shapes), "replicate")


class Cropped(nn.Module):
    """A fixed number of places cut away at the sides of (N, C, D, H, W)."""

    def __init__(self, kept: tuple[slice, ...]) -> None:
        super().__init__()
        self.kept = kept

    def forward(self, x: Tensor) -> Tensor:
        return x[self.kept]


class CroppedTo(nn.Module):
    """The middle of (N, C, D, H, W) at the spatial size of another tensor."""

    def forward(self, x: Tensor, to: Tensor) -> Tensor:
        for axis in range(2, x.ndim):
            size = to.shape[axis]
            x = x.narrow(axis, (x.shape[axis] - size) // 2, size)
        return x


@module.register
def crop(op: Crop, shapes: tuple[Shape, ...]) -> nn.Module:
    if isinstance(op.border, int):
        return CroppedTo()
    pairs = explicit(op.border, shapes[0].rank, "border")
    sides = (slice(before, -after if after else None) for before, after in pairs)
    return Cropped((slice(None), slice(None), *sides))
