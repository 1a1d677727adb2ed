"""How examples of classes are put together: pairs, triplets, and batches of a few classes. Keyed, see keyed.py."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import keyed

Positions = NDArray[np.int64]


class Classes:
    """The positions of a split sorted by class."""

    def __init__(self, labels: NDArray[np.int64]) -> None:
        self.labels = labels
        self.order = np.argsort(labels, kind="stable")
        self.counts = np.bincount(labels)
        self.starts = np.cumsum(self.counts) - self.counts
        self.ranks = np.empty(len(labels), np.int64)
        self.ranks[self.order] = np.arange(len(labels))

    def alike(self, positions: Positions, share: NDArray[np.float64]) -> Positions:
        """Another example of the same class for each; the example itself where it is alone."""
        labels = self.labels[positions]
        others = np.maximum(self.counts[labels] - 1, 1)
        own = self.ranks[positions] - self.starts[labels]
        step = 1 + (share * others).astype(np.int64)
        found: Positions = self.order[self.starts[labels] + (own + step) % self.counts[labels]]
        return found

    def unlike(self, positions: Positions, share: NDArray[np.float64]) -> Positions:
        """An example of another class for each."""
        labels = self.labels[positions]
        place = (share * (len(self.labels) - self.counts[labels])).astype(np.int64)
        found: Positions = self.order[np.where(place < self.starts[labels], place, place + self.counts[labels])]
        return found


class Members(NamedTuple):
    """What the inputs of a model get: positions for each input, and labels; None where those of the first hold."""

    inputs: tuple[Positions, ...]
    labels: NDArray[np.int64] | None = None


def pairs(classes: Classes, same: float, seed: int, epoch: int, positions: Positions) -> Members:
    """Each with another of its class for a `same` share, else with one of another class; label 1 where alike."""
    draws = keyed.uniform((seed, keyed.PARTNER, epoch), positions, 2)
    alike = draws[:, 0] < same
    second = np.where(alike, classes.alike(positions, draws[:, 1]), classes.unlike(positions, draws[:, 1]))
    return Members((positions, second), alike.astype(np.int64))


def triplets(classes: Classes, seed: int, epoch: int, positions: Positions) -> Members:
    """Anchor, another of its class, one of another class; labels are those of all three, (n, 3)."""
    draws = keyed.uniform((seed, keyed.PARTNER, epoch), positions, 2)
    parts = positions, classes.alike(positions, draws[:, 0]), classes.unlike(positions, draws[:, 1])
    return Members(parts, np.stack([classes.labels[part] for part in parts], 1))


def grouped(classes: Classes, several: int, each: int, seed: int, step: int) -> Positions:
    """A batch of `each` examples of `several` classes; fewer where there are not so many."""
    draw = keyed.generator(seed, keyed.GROUP, step)
    there = np.flatnonzero(classes.counts > 1)
    chosen = draw.permutation(there)[:several]
    parts = [
        draw.permutation(classes.order[classes.starts[c] : classes.starts[c] + classes.counts[c]])[:each]
        for c in chosen
    ]
    return np.concatenate(parts)
