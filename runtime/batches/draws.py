"""The random numbers of a chain of steps, keyed by example: see keyed.py."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from . import keyed


class Draws(NamedTuple):
    """What one step of the chain draws for a batch: it hangs on seed, epoch, place in the chain and example only."""

    seed: int
    epoch: int
    place: int
    examples: NDArray[Any]
    others: Tensor | None = None
    """Other examples of the split, one drawn for each, for steps that look at two."""

    @property
    def key(self) -> tuple[int, ...]:
        return (self.seed, keyed.AUGMENT, self.epoch, self.place)

    def uniform(self, count: int) -> Tensor:
        """(count, batch) numbers in [0, 1)."""
        return torch.from_numpy(keyed.uniform(self.key, self.examples, count).T.astype(np.float32))

    def shares(self, count: int) -> list[list[float]]:
        """The same for each example, as plain numbers."""
        found: list[list[float]] = keyed.uniform(self.key, self.examples, count).tolist()
        return found

    def normal(self, count: int) -> Tensor:
        """(count, batch) standard normal numbers."""
        return torch.from_numpy(keyed.normal(self.key, self.examples, count).T.astype(np.float32))

    def at(self, place: int) -> Draws:
        return self._replace(place=place)


def between(share: Tensor, low: float, high: float) -> Tensor:
    """Numbers in [0, 1) stretched to [low, high)."""
    return low + (high - low) * share
