"""Batches: pictures loaded, brought to the model's size, changed by the chain of steps, stacked."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..compiler.recipes.steps import Step
from .augment import GRAY, apply, resized, sizing
from .data import DataError, Split
from .data.dataset import Array
from .draws import Draws

CACHE = 2**30
"""Bytes up to which pictures of one size are kept in memory."""
AHEAD = 3
"""Batches prepared while the network works."""


class Wanted(NamedTuple):
    """What the network takes: (height, width, channels), and whether values run to 255 instead of 1."""

    height: int
    width: int
    channels: int
    to_255: bool = False


class Batch(NamedTuple):
    """Pictures (N, C, H, W) and labels (N,); `positions` are those in the split."""

    x: Tensor
    y: Tensor
    positions: NDArray[np.int64]


class Feed:
    """A split with the chain of steps its pictures go through.

    Steps up to the last one that sets a size run picture by picture, the rest on whole batches. Where no step sets a
    size pictures are brought to the model's, and kept in memory if they are not too many.
    """

    def __init__(
        self, split: Split, steps: tuple[Step, ...], wanted: Wanted, seed: int, *, ahead: bool = False
    ) -> None:
        cut = max((i + 1 for i, step in enumerate(steps) if sizing(step)), default=0)
        self.split = split
        self.alone, self.together = steps[:cut], steps[cut:]
        self.wanted = wanted
        self.seed = seed
        self.ahead = ahead
        self.cache: Tensor | None = None
        fits = len(split) * wanted.height * wanted.width * wanted.channels <= CACHE
        if not cut and fits:
            self.cache = self.cached()

    def __len__(self) -> int:
        return len(self.split)

    def batches(self, plan: Iterable[tuple[int, NDArray[np.int64]]]) -> Iterator[Batch]:
        """The batches of a plan of (epoch, positions in the split).

        Files are read ahead in other threads; what is in memory is not, where the network runs on the same cores.
        """
        if self.cache is not None and not self.ahead:
            return (self.batch(epoch, positions) for epoch, positions in plan)
        return self.batches_ahead(plan)

    def batches_ahead(self, plan: Iterable[tuple[int, NDArray[np.int64]]]) -> Iterator[Batch]:
        with ThreadPoolExecutor(max_workers=1 if self.cache is not None else AHEAD) as pool:
            waiting: deque[Future[Batch]] = deque()
            try:
                for epoch, positions in plan:
                    waiting.append(pool.submit(self.batch, epoch, positions))
                    if len(waiting) > AHEAD:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def batch(self, epoch: int, positions: NDArray[np.int64]) -> Batch:
        """One batch; its random changes hang on the epoch and on each example's number."""
        numbers = self.split.numbers[positions]
        if self.cache is not None:
            x = in_unit(self.cache[torch.from_numpy(positions)])
        else:
            x = torch.cat([self.picture(epoch, number) for number in numbers])
        for place, step in enumerate(self.together, len(self.alone)):
            x = apply(step, x, Draws(self.seed, epoch, place, numbers))
        self.require_size(x)
        x = x.mul(255) if self.wanted.to_255 else x
        x = x.contiguous(memory_format=torch.channels_last)
        return Batch(x, torch.from_numpy(self.split.labels[positions]), positions)

    def picture(self, epoch: int, number: int) -> Tensor:
        """One picture, (1, C, H, W), through the steps that run alone."""
        x = in_unit(with_channels(self.loaded(number), self.wanted.channels))
        if not self.alone:
            return resized(x, self.wanted.height, self.wanted.width)
        for place, step in enumerate(self.alone):
            x = apply(step, x, Draws(self.seed, epoch, place, np.array([number])))
        return x

    def loaded(self, number: int) -> Array:
        return self.split.examples.load(number)

    def cached(self) -> Tensor:
        """All pictures at the model's size, (N, C, H, W), in the type in which they come."""
        with ThreadPoolExecutor(max_workers=2) as pool:
            return torch.cat(list(pool.map(self.at_size, self.split.numbers)))

    def at_size(self, number: int) -> Tensor:
        x = with_channels(self.loaded(number), self.wanted.channels)
        brought = resized(in_unit(x), self.wanted.height, self.wanted.width)
        return brought.mul(255).round().to(torch.uint8) if x.dtype == torch.uint8 else brought

    def require_size(self, x: Tensor) -> None:
        height, width, channels = self.wanted.height, self.wanted.width, self.wanted.channels
        if x.shape[1:] != (channels, height, width):
            found = f"{x.shape[2]}x{x.shape[3]}x{x.shape[1]}"
            raise DataError(f"the steps give pictures of {found}, the model takes {height}x{width}x{channels}")


def in_unit(x: Tensor) -> Tensor:
    """Values from 0 to 1."""
    return x.float().div(255) if x.dtype == torch.uint8 else x


def with_channels(picture: Array, channels: int) -> Tensor:
    """(1, C, H, W) with this number of channels: gray repeated, colours weighed into gray."""
    x = torch.from_numpy(np.array(picture.transpose(2, 0, 1), order="C"))[None]  # a copy: a picture may be read-only
    if x.shape[1] == channels:
        return x
    if x.shape[1] == 1:
        return x.expand(-1, channels, -1, -1)
    if channels == 1:
        mixed = (x.float() * torch.tensor(GRAY).view(1, 3, 1, 1)).sum(1, keepdim=True)
        return mixed.round().to(torch.uint8) if x.dtype == torch.uint8 else mixed
    raise DataError(f"pictures have 1 or 3 channels, the model takes {channels}")


def even(count: int, size: int) -> int:
    """Into how many batches of about this size examples are divided, none much smaller than the others."""
    return max(-(-count // size), 1)
