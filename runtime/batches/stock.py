"""Examples as tensors, one by one from where they lie, or kept in memory at the model's size."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor

from ..data.dataset import Examples
from ..devices.available import cores
from ..devices.ranks import Positions
from .tensors import as_labels, as_tensor, in_unit, resized, with_channels

CACHE = 2**30
"""Bytes below which examples are kept in memory at the model's size."""


class Wanted(NamedTuple):
    """What the network takes: (spatial..., channels), and whether brightness runs to 255 instead of 1."""

    shape: tuple[int, ...]
    to_255: bool = False

    @property
    def sizes(self) -> tuple[int, ...]:
        return self.shape[:-1]

    @property
    def channels(self) -> int:
        return self.shape[-1]


class Kept(Enum):
    """How examples are kept in memory, where there is room."""

    NOT = "not"
    AT_SIZE = "at the model's size"
    AS_IT_IS = "as they are, all of one size"


class Stock:
    """One input of a split, or its masks, as tensors; kept in memory where that is little."""

    def __init__(
        self, examples: Examples, numbers: Positions, wanted: Wanted, kept: Kept = Kept.AT_SIZE, *,
        labels: bool = False, room: int = CACHE,
    ) -> None:  # fmt: skip
        self.examples, self.numbers, self.wanted, self.labels = examples, numbers, wanted, labels
        self.sized = kept is not Kept.AS_IT_IS
        sizes = (
            wanted.sizes
            if self.sized or not len(numbers)
            else examples.load(int(numbers[0])).shape[: len(wanted.sizes)]
        )
        self.values = len(numbers) * prod(sizes) * (1 if labels else wanted.channels)
        self.cache: Tensor | None = None
        """(N, spatial..., C), so that an example is one piece of memory."""
        if kept is not Kept.NOT and self.values < room:
            with ThreadPoolExecutor(max_workers=cores()) as pool:
                self.keep(torch.cat(list(pool.map(self.one, numbers))))

    def keep(self, x: Tensor) -> None:
        self.cache = x.movedim(1, -1).contiguous()

    def change(self, change: Callable[[Tensor], Tensor]) -> None:
        """What is kept in another form."""
        assert self.cache is not None
        self.keep(change(self.cache.movedim(-1, 1)))

    def raw(self, number: int) -> Tensor:
        """(1, C, spatial...) in its own size and type."""
        found = self.examples.load(int(number))
        if self.labels:
            return as_labels(found, len(self.wanted.sizes) or 1)
        return with_channels(as_tensor(found), self.wanted.channels)

    def alone(self, position: int) -> Tensor:
        """One example in its own size and type."""
        return self.raw(self.numbers[position])

    def one(self, number: int) -> Tensor:
        """One example in the type in which it comes, at the model's size unless it is to stay as it is."""
        x = self.raw(number)
        if not self.sized:
            return x
        if self.labels or x.shape[2:] == self.wanted.sizes:
            return resized(x, *self.wanted.sizes) if self.wanted.sizes else x
        brought = resized(in_unit(x), *self.wanted.sizes)
        return brought.mul(255).round().to(torch.uint8) if x.dtype == torch.uint8 else brought

    def together(self, positions: Positions) -> Tensor:
        """Examples of one size, in the type in which they come."""
        if self.cache is not None:
            found = (
                self.cache[positions[0] : positions[-1] + 1]
                if consecutive(positions)
                else self.cache.index_select(0, torch.from_numpy(positions))
            )
            return found.movedim(-1, 1)
        return torch.cat([self.one(number) for number in self.numbers[positions]])


def consecutive(positions: Positions) -> bool:
    """Whether they are one piece of memory, as where a split is measured: no copy is needed."""
    count = len(positions)
    return bool(count and positions[-1] - positions[0] == count - 1 and (positions[1:] > positions[:-1]).all())
