"""Every file looked into before the first step: which can be read, and what shape examples have."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...compiler.recipes.data import Data
from .dataset import DataError

Shape = tuple[int, ...]
READERS = min(16, 2 * (os.cpu_count() or 1))
"""Threads: they wait for the disk as much as for the processor."""
TURN = 64
"""Files that a thread looks into at a time."""


class Sound(NamedTuple):
    """The numbers of files that can be read, their shapes, and what is said of the others."""

    good: NDArray[np.int64]
    shapes: Counter[Shape]
    skipped: tuple[str, ...] = ()

    @property
    def shape(self) -> Shape | None:
        """That of all, with the most channels that one has; None where sizes differ."""
        sizes = {shape[:-1] for shape in self.shapes}
        return (*sizes.pop(), self.channels) if len(sizes) == 1 else None

    @property
    def usual(self) -> Shape:
        """The commonest size, with the most channels."""
        return (*self.shapes.most_common(1)[0][0][:-1], self.channels)

    @property
    def channels(self) -> int:
        return max((shape[-1] for shape in self.shapes), default=0)

    @property
    def remarks(self) -> tuple[str, ...]:
        """That sizes differ, for those who bring examples to one."""
        if self.shape is not None:
            return ()
        size = "x".join(map(str, self.usual[:-1]))
        return (f"sizes differ, from {text(min(self.shapes))} to {text(max(self.shapes))}: brought to {size}",)


def together(found: list[Sound]) -> Sound:
    """Several as one; their numbers follow each other no more."""
    shapes = sum((one.shapes for one in found), Counter[Shape]())
    return Sound(np.arange(sum(shapes.values())), shapes, tuple(said for one in found for said in one.skipped))


def text(shape: Shape) -> str:
    return "x".join(map(str, shape))


def sound(count: int, look: Callable[[int], Shape], data: Data, where: object) -> Sound:
    """Look into `count` files. DataError where none can be read, or one cannot and the recipe says `bad=fail`."""
    turns = [range(first, min(first + TURN, count)) for first in range(0, count, TURN)]
    with ThreadPoolExecutor(READERS) as pool:
        found = [one for some in pool.map(lambda turn: [attempted(look, n) for n in turn], turns) for one in some]
    bad = [one for one in found if isinstance(one, str)]
    if bad and (data.bad == "fail" or len(bad) == count):
        which = "none" if len(bad) == count else f"{len(bad):,}"
        rest = "are not to be used" if len(bad) < count else "can be used"
        raise DataError(f"{where}: {which} of {count:,} files {rest}; the first: {bad[0]}")
    good = np.array([number for number, one in enumerate(found) if not isinstance(one, str)], np.int64)
    return Sound(good, Counter(one for one in found if not isinstance(one, str)), tuple(bad))


def attempted(look: Callable[[int], Shape], number: int) -> Shape | str:
    try:
        return look(number)
    except DataError as error:
        return str(error)
