"""Pooling: torch's own modules wherever they can say the border."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ....compiler.ops.geometry import Pairs, Sliding, slide, spread
from ....compiler.ops.pool import (
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    AvgPool,
    GlobalAvgPool,
    GlobalMaxPool,
    L2Pool,
    MaxPool,
    MaxPoolPlaces,
    Pool,
)
from ....compiler.ops.unpool import Unpool
from ....compiler.shape import Shape
from .frame import edges, flat
from .table import module

MAX: dict[int, type[nn.Module]] = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
AVG: dict[int, type[nn.Module]] = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}
UNPOOL: dict[int, type[nn.Module]] = {1: nn.MaxUnpool1d, 2: nn.MaxUnpool2d, 3: nn.MaxUnpool3d}
ADAPTIVE_AVG: dict[int, type[nn.Module]] = {
    1: nn.AdaptiveAvgPool1d,
    2: nn.AdaptiveAvgPool2d,
    3: nn.AdaptiveAvgPool3d,
}
ADAPTIVE_MAX: dict[int, type[nn.Module]] = {
    1: nn.AdaptiveMaxPool1d,
    2: nn.AdaptiveMaxPool2d,
    3: nn.AdaptiveMaxPool3d,
}


def stock(op: Pool, x: Shape) -> dict[str, Any] | None:
    """The arguments under which torch's own pool puts the same windows; None where it has none."""
    over, found = op.sliding(x), op.stock(x)
    if found is None:
        return None
    return {"kernel_size": over.size, "stride": over.stride, "padding": found[0], "ceil_mode": found[1]}


def filled(x: Tensor, over: Sliding, ceil: bool) -> tuple[Pairs, Pairs]:
    """The border of (N, C, D, H, W), and the same with what the last windows of `ceil` lack."""
    pairs = edges(x, over)
    if not ceil:
        return pairs, pairs
    whole = []
    for n, span, step, (before, after) in zip(x.shape[2:], over.spans, over.stride, pairs):
        count = slide(int(n), span, step, before, after, ceil=True)
        assert count is not None
        whole.append((before, max((count - 1) * step + span - int(n) - before, after)))
    return pairs, tuple(whole)


class FramedMaxPool(nn.Module):
    """Max pooling with any border: nothing in it is ever the largest."""

    def __init__(self, over: Sliding, ceil: bool) -> None:
        super().__init__()
        self.over = over
        self.ceil = ceil
        self.pool = MAX[len(over.size)](over.size, over.stride)

    def forward(self, x: Tensor) -> Tensor:
        _, whole = filled(x, self.over, self.ceil)
        found: Tensor = self.pool(functional.pad(x, flat(whole), value=float("-inf")))
        return found


class FramedAvgPool(nn.Module):
    """Average pooling with any border: the sum of each window over the number of places that count."""

    def __init__(self, over: Sliding, ceil: bool, counts_border: bool) -> None:
        super().__init__()
        self.over = over
        self.ceil = ceil
        self.counts_border = counts_border
        self.pool = AVG[len(over.size)](over.size, over.stride)

    def forward(self, x: Tensor) -> Tensor:
        pairs, whole = filled(x, self.over, self.ceil)
        means: Tensor = self.pool(functional.pad(x, flat(whole)))
        if self.counts_border and whole == pairs:
            return means
        counting = x.new_ones((1, 1, *x.shape[2:]))
        if self.counts_border:
            counting = functional.pad(counting, flat(pairs), value=1.0)
            whole = tuple((0, b - d) for (_, b), (_, d) in zip(whole, pairs))
        counted: Tensor = self.pool(functional.pad(counting, flat(whole)))
        return means / counted


class FramedL2Pool(nn.Module):
    """The Euclidean length of each window, whose gradient is 0 where the window is all zeros."""

    def __init__(self, over: Sliding, ceil: bool) -> None:
        super().__init__()
        self.over = over
        self.ceil = ceil
        self.pool = AVG[len(over.size)](over.size, over.stride)

    def forward(self, x: Tensor) -> Tensor:
        _, whole = filled(x, self.over, self.ceil)
        means: Tensor = self.pool(functional.pad(x.square(), flat(whole)))
        least = torch.finfo(means.dtype).tiny
        return (means * prod(self.over.size)).clamp_min(least).sqrt()


@module.register
def l2pool(op: L2Pool, shapes: tuple[Shape, ...]) -> nn.Module:
    return FramedL2Pool(op.sliding(shapes[0]), op.ceil)


@module.register
def maxpool(op: MaxPool, shapes: tuple[Shape, ...]) -> nn.Module:
    (x,) = shapes
    arguments = stock(op, x)
    return FramedMaxPool(op.sliding(x), op.ceil) if arguments is None else MAX[x.rank](**arguments)


def _above_map(op: AvgPool, x: Shape) -> bool:
    """Whether a window is larger than the map without its border, which torch's AvgPool3d refuses."""
    return x.rank == 3 and any(n is None or n < size for n, size in zip(x.spatial, op.sliding(x).size))


@module.register
def avgpool(op: AvgPool, shapes: tuple[Shape, ...]) -> nn.Module:
    (x,) = shapes
    arguments = stock(op, x)
    if arguments is None or _above_map(op, x):
        return FramedAvgPool(op.sliding(x), op.ceil, op.counts_border)
    return AVG[x.rank](**arguments, count_include_pad=op.counts_border)


class MaxPoolWithPlaces(nn.Module):
    """Max pooling with any border that also tells where in the map, border not counted, each maximum was."""

    def __init__(self, over: Sliding, ceil: bool) -> None:
        super().__init__()
        self.over = over
        self.ceil = ceil
        self.pool = MAX[len(over.size)](over.size, over.stride, return_indices=True)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        _, whole = filled(x, self.over, self.ceil)
        padded = functional.pad(x, flat(whole), value=float("-inf"))
        maps, places = self.pool(padded)
        moved, step, padded_step = places.new_zeros(()), 1, 1
        for (before, _), n, wide in zip(reversed(whole), reversed(x.shape[2:]), reversed(padded.shape[2:])):
            moved = moved + (places // padded_step % wide - before) * step
            step, padded_step = step * n, padded_step * wide
        return maps, moved


@module.register
def maxpool_places(op: MaxPoolPlaces, shapes: tuple[Shape, ...]) -> nn.Module:
    (x,) = shapes
    arguments = stock(op, x)
    if arguments is None:
        return MaxPoolWithPlaces(op.sliding(x), op.ceil)
    return MAX[x.rank](**arguments, return_indices=True)


class UnpoolTo(nn.Module):
    """Unpooling to the size of the window's arithmetic, a given one, or that of a third value."""

    def __init__(self, op: Unpool, x: Shape) -> None:
        super().__init__()
        self.size = spread(op.to, x.rank, "to") if isinstance(op.to, tuple) else None
        stride = spread(op.stride or op.size, x.rank, "stride")
        self.pool = UNPOOL[x.rank](spread(op.size, x.rank, "size"), stride, spread(op.pad, x.rank, "pad"))

    def forward(self, maps: Tensor, places: Tensor, to: Tensor | None = None) -> Tensor:
        size = self.size if to is None else to.shape[2:]
        if size is None:
            made: Tensor = self.pool(maps, places)
            return made
        room = maps.new_zeros((*maps.shape[:2], *size))
        return room.flatten(2).scatter(2, places.flatten(2), maps.flatten(2)).view(room.shape)


@module.register
def unpool(op: Unpool, shapes: tuple[Shape, ...]) -> nn.Module:
    return UnpoolTo(op, shapes[0])


@module.register
def adaptive_avgpool(op: AdaptiveAvgPool, shapes: tuple[Shape, ...]) -> nn.Module:
    rank = shapes[0].rank
    return ADAPTIVE_AVG[rank](spread(op.out, rank, "out"))


@module.register
def adaptive_maxpool(op: AdaptiveMaxPool, shapes: tuple[Shape, ...]) -> nn.Module:
    rank = shapes[0].rank
    return ADAPTIVE_MAX[rank](spread(op.out, rank, "out"))


class GlobalMean(nn.Module):
    """The mean over all places: (N, C, H, W) -> (N, C), or (N, C, 1, 1)."""

    def __init__(self, rank: int, keep: bool) -> None:
        super().__init__()
        self.axes = tuple(range(2, rank + 2))
        self.keep = keep

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(self.axes, keepdim=self.keep)


class GlobalLargest(GlobalMean):
    """The largest number over all places: (N, C, H, W) -> (N, C), or (N, C, 1, 1)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.amax(self.axes, keepdim=self.keep)


@module.register
def global_avgpool(op: GlobalAvgPool, shapes: tuple[Shape, ...]) -> nn.Module:
    return GlobalMean(shapes[0].rank, op.keep)


@module.register
def global_maxpool(op: GlobalMaxPool, shapes: tuple[Shape, ...]) -> nn.Module:
    return GlobalLargest(shapes[0].rank, op.keep)
