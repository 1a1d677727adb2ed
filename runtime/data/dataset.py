"""What a data set is: examples to learn from, examples held out, and the names of the classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ...compiler.diagnostics import UserError
from .. import keyed

Picture = NDArray[Any]
"""One picture, (height, width, channels): uint8 from 0 to 255, or floating point from 0 to 1. Channels are 1 or 3."""


class DataError(UserError):
    """Data that cannot be used; the message says what was expected."""


class Pictures(Protocol):
    """Pictures by number, loaded when they are asked for."""

    def __len__(self) -> int: ...

    def load(self, number: int) -> Picture: ...

    def name(self, number: int) -> str: ...


class Split(NamedTuple):
    """Some of the examples: their numbers in `pictures`, and their labels, (examples,)."""

    pictures: Pictures
    numbers: NDArray[np.int64]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.numbers)


class Dataset(NamedTuple):
    """Data for classification. `shape` is (height, width, channels) where all pictures have one shape."""

    name: str
    classes: tuple[str, ...]
    train: Split
    held: Split
    shape: tuple[int, int, int] | None
    channels: int
    skipped: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """`digits: 1,437 to learn from, 360 held out, 10 classes`"""
        counts = f"{len(self.train):,} to learn from, {len(self.held):,} held out"
        return f"{self.name}: {counts}, {len(self.classes)} classes"


def divided(labels: NDArray[np.int64], share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the examples to learn from, a `share` of each class, and of those held out; each class has both."""
    first: list[NDArray[np.int64]] = []
    second: list[NDArray[np.int64]] = []
    for label in np.unique(labels):
        numbers = np.flatnonzero(labels == label)
        shuffled = keyed.generator(seed, keyed.SPLIT, int(label)).permutation(numbers)
        cut = min(max(round(share * len(numbers)), 1), max(len(numbers) - 1, 1))
        first.append(shuffled[:cut])
        second.append(shuffled[cut:])
    return np.sort(np.concatenate(first)), np.sort(np.concatenate(second))


def split(pictures: Pictures, labels: Sequence[int] | NDArray[np.int64], numbers: NDArray[np.int64]) -> Split:
    return Split(pictures, numbers, np.asarray(labels, np.int64)[numbers])
