"""What a data set is: examples to learn from, examples held out, and what is to be learned about them.

A source (data/*.py) makes a `Dataset`; nothing behind it knows where the examples came from. The contract:

Examples are arrays of any rank, spatial sizes first and channels last, as shapes are written in .cnn files: a vector
(C,), a series (T, C), a picture (H, W, C), a volume or a clip (D, H, W, C). What the numbers are follows from the type:

| dtype | what it holds | what happens to it |
| --- | --- | --- |
| uint8 | brightness, 0 to 255 | becomes 0 to 1 |
| floating | measured values; pictures: 0 to 1 | stays, normalised by the data if nothing else is said |
| bool | marks, such as characters one-hot | becomes 0 and 1, is never normalised |
| other whole numbers | ids, such as those of characters or words, (T,) | stays whole |

Pictures may be of any size: they are brought to the model's. Other examples have the model's spatial sizes, or the
model takes theirs. Pictures of 1 and 3 channels are turned into each other, other numbers of channels must fit.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ...compiler.diagnostics import UserError
from ..batches import keyed

Array = NDArray[Any]
"""One example, (spatial..., channels), or its mask."""

NOTED = 5
"""Files left out that are told one by one."""

Target = Literal["classes", "tags", "values", "masks", "input"]
"""What is known about an example, and so what can be learned:

- `classes`: one class of several. `labels` are their numbers, (examples,) int64.
- `tags`: any of several classes. `labels` are 0 and 1, (examples, classes) float32.
- `values`: measured numbers. `labels` are (examples, values) float32; `classes` may name them.
- `masks`: a class at every place. `masks` loads whole numbers, (spatial...) or (spatial..., 1); where two classes are
  told apart 0 is the background. 255 in uint8, or a number below 0, is a place that does not count.
- `input`: nothing: the example itself is to be given back. `labels` are (examples,) of any numbers.
"""


class DataError(UserError):
    """Data that cannot be used; the message says what was expected."""


class Examples(Protocol):
    """Arrays by number, loaded when they are asked for, from several threads at once.

    `load` gives the same array each time, which is not written to. DataError where a file cannot be read.
    """

    def __len__(self) -> int: ...

    def load(self, number: int) -> Array: ...

    def name(self, number: int) -> str: ...


@dataclass(frozen=True)
class Split:
    """Some of the examples: their numbers, (n,), and what is known about them in the same order, (n, ...).

    `others` are the further inputs of a model that takes several, by the same numbers.
    """

    examples: Examples
    numbers: NDArray[np.int64]
    labels: Array
    masks: Examples | None = None
    others: tuple[Examples, ...] = ()

    def __len__(self) -> int:
        return len(self.numbers)

    def at(self, positions: Any) -> Split:
        """A part of it."""
        return replace(self, numbers=self.numbers[positions], labels=self.labels[positions])


class Dataset(NamedTuple):
    """Data to learn from. `shape` is (spatial..., channels) where all examples have one shape; `channels` is the most
    that one has; `classes` are the names of classes, tags or values. `skipped` says of each file that is left out why,
    `remarks` what else is worth knowing before a run."""

    name: str
    classes: tuple[str, ...]
    train: Split
    held: Split
    shape: tuple[int, ...] | None
    channels: int
    skipped: tuple[str, ...] = ()
    target: Target = "classes"
    remarks: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """`digits: 1,437 to learn from, 360 held out, 10 classes`"""
        counts = f"{len(self.train):,} to learn from, {len(self.held):,} held out"
        return f"{self.name}: {counts}{', ' if self.known else ''}{self.known}"

    @property
    def notes(self) -> tuple[str, ...]:
        """The remarks, how many files are left out, and why the first of them are."""
        if not self.skipped:
            return self.remarks
        more = len(self.skipped) - NOTED
        first = (f"left out: {said}" for said in self.skipped[:NOTED])
        return (*self.remarks, *first, *((f"left out: {more:,} files more",) if more > 0 else ()))

    @property
    def known(self) -> str:
        """`10 classes`, `masks of 2 classes`"""
        if self.target == "values":
            width = self.train.labels.shape[1]
            return f"{width} value{'s' * (width != 1)} each"
        word = {"classes": "classes", "tags": "tags", "masks": "classes at every place", "input": ""}[self.target]
        return f"{len(self.classes)} {word}" if word else ""


def fingerprint(data: Dataset) -> int:
    """A number that tells data apart, by classes, by the examples of each part and by what is known of them."""
    found = zlib.crc32(repr((data.classes, data.shape, data.channels, data.target, data.skipped)).encode())
    for part in (data.train, data.held):
        for array in (part.numbers, part.labels):
            found = zlib.crc32(np.ascontiguousarray(array).tobytes(), found)
        if len(part):
            ends = [part.examples.name(int(part.numbers[at])) for at in (0, -1)]
            found = zlib.crc32(repr(ends).encode("utf-8", "replace"), found)
    return found


@dataclass(frozen=True)
class Held:
    """Examples that lie in memory, (n, spatial..., channels)."""

    arrays: Array
    called: str

    def __len__(self) -> int:
        return len(self.arrays)

    def load(self, number: int) -> Array:
        example: Array = self.arrays[number]
        return example

    def name(self, number: int) -> str:
        return f"{self.called}/{number}"


def divided(labels: Array, share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the examples to learn from, a `share` of each class, and of those held out; each class has both.

    What is no class, (n, values) or floating, is divided as one.
    """
    groups = labels if labels.ndim == 1 and np.issubdtype(labels.dtype, np.integer) else np.zeros(len(labels), np.int64)
    first: list[NDArray[np.int64]] = []
    second: list[NDArray[np.int64]] = []
    for group in np.unique(groups):
        numbers = np.flatnonzero(groups == group)
        shuffled = keyed.generator(seed, keyed.SPLIT, int(group)).permutation(numbers)
        cut = min(max(round(share * len(numbers)), 1), max(len(numbers) - 1, 1))
        first.append(shuffled[:cut])
        second.append(shuffled[cut:])
    return np.sort(np.concatenate(first)), np.sort(np.concatenate(second))


def split(examples: Examples, labels: Sequence[int] | Array, numbers: NDArray[np.int64]) -> Split:
    """The examples of these numbers; `labels` are those of all."""
    known = np.asarray(labels)
    return Split(examples, numbers, known[numbers])
