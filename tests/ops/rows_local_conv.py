"""Convolution without shared weights, which today's frameworks have not: a convolution for each place, one by one."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import prod

import torch
from torch import nn
from torch.nn import functional

from .harness import Row

CONVOLVE = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}


class PlaceByPlace(nn.Module):
    """Cuts the window of a place out and convolves it with the kernel of that place."""

    def __init__(
        self,
        places: tuple[int, ...],
        width: int,
        out: int,
        size: tuple[int, ...],
        stride: int = 1,
        dilation: int = 1,
        pad: tuple[int, ...] = (0,),
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(*places, out, width, *size))
        self.register_parameter("bias", nn.Parameter(torch.zeros(out, *places)) if bias else None)
        self.stride, self.dilation, self.pad = stride, dilation, pad
        self.spans = [(n - 1) * dilation + 1 for n in size]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rank = len(self.spans)
        x = functional.pad(x, self.pad) if any(self.pad) else x
        places = self.weight.shape[:rank]
        made = [self.at(x, place) for place in product(*map(range, places))]
        y = torch.cat(made, 2).reshape(*x.shape[:1], -1, *places)
        return y if self.bias is None else y + self.bias

    def at(self, x: torch.Tensor, place: tuple[int, ...]) -> torch.Tensor:
        for axis, (i, span) in enumerate(zip(place, self.spans)):
            x = x.narrow(2 + axis, i * self.stride, span)
        return CONVOLVE[len(place)](x, self.weight[place], dilation=self.dilation).flatten(2)


def row(name: str, text: str, reference: Callable[[], PlaceByPlace], kind: str = "LocallyConnected2D") -> Row:
    """Parameters and MACs are the products of the sizes: every kernel is used once."""
    held = reference()
    params = held.weight.numel() + (0 if held.bias is None else held.bias.numel())
    return Row(name, text, torch=reference, type=kind, params=params, macs=prod(held.weight.shape))


ROWS = [
    row("local", "6x5x3: local_conv 4, 3x3", lambda: PlaceByPlace((4, 3), 3, 4, (3, 3))),
    row(
        "local-stride",
        "9x8x2: local_conv 3, 2x3, stride=2, bias=false",
        lambda: PlaceByPlace((4, 3), 2, 3, (2, 3), stride=2, bias=False),
    ),
    row(
        "local-same",
        "6x6x2: local_conv 3, 3, stride=2, pad=same",
        lambda: PlaceByPlace((3, 3), 2, 3, (3, 3), stride=2, pad=(0, 1, 0, 1)),
    ),
    row(
        "local-pairs",
        "4x4x2: local_conv 3, 3, pad=((2, 0), (0, 1))",
        lambda: PlaceByPlace((4, 3), 2, 3, (3, 3), pad=(0, 1, 2, 0)),
    ),
    row("local-dilation", "8x7x2: local_conv 3, 3, dilation=2", lambda: PlaceByPlace((4, 3), 2, 3, (3, 3), dilation=2)),
    row("local-1d", "9x3: local_conv 5, 3", lambda: PlaceByPlace((7,), 3, 5, (3,)), "LocallyConnected1D"),
    row(
        "local-3d",
        "4x5x4x2: local_conv 3, 2, stride=2",
        lambda: PlaceByPlace((2, 2, 2), 2, 3, (2, 2, 2), stride=2),
        "LocallyConnected3D",
    ),
    Row("local-act", "5x5x2: local_conv 3, 3, act=relu", params=9 * (3 * 2 * 9 + 3), shape="3x3x3", macs=9 * 3 * 2 * 9),
]
