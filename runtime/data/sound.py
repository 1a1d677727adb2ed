"""Every file looked into before the first step: which can be read, and what shape examples have.

What is as it was at the last look is not looked into again: `looked.py` remembers.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ...compiler.recipes.data import Data
from ..devices.ranks import FIRST
from . import looked
from .dataset import DataError
from .looked import Known, Shape, Stamp, at_rest, index, recalled, remember
from .turns import alone

READERS = min(16, 2 * (os.cpu_count() or 1))
"""Threads: they wait for the disk as much as for the processor."""
TURN = 64
"""Files that a thread looks into at a time."""
LONG = 2.0
"""Seconds after which a look tells how far it is, where somebody watches."""


class Files(Protocol):
    """What can be looked into. `key` is a name that no other has, `kind` what `measured` hangs on beside the file."""

    def __len__(self) -> int: ...

    def key(self, number: int) -> str: ...

    def stamp(self, number: int) -> Stamp | None: ...

    def measured(self, number: int) -> Shape: ...

    @property
    def kind(self) -> str: ...


class Sound(NamedTuple):
    """The numbers of files that can be read, their shapes, and what is said of the others."""

    good: NDArray[np.int64]
    shapes: Counter[Shape]
    skipped: tuple[str, ...] = ()
    recalled: int = 0
    """Files that were not looked into, since they are as they were."""

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
    def told(self) -> tuple[str, ...]:
        """That not all was looked into."""
        if not self.recalled:
            return ()
        return (f"{self.recalled:,} files are as they were at the last look, which is remembered: not looked into",)

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
    skipped = tuple(said for one in found for said in one.skipped)
    return Sound(np.arange(sum(shapes.values())), shapes, skipped, sum(one.recalled for one in found))


def text(shape: Shape) -> str:
    return "x".join(map(str, shape))


def sound(files: Files, data: Data, where: object) -> Sound:
    """Look into files. DataError where none can be read, or one cannot and the recipe says `bad=fail`."""
    count, path = len(files), index(files.kind, where)
    asked = time.time()
    with alone(path, where):
        stamps = [files.stamp(number) for number in range(count)]
        before = recalled(path) if data.look != "anew" or another_looked(path, asked) else {}
        found: list[Shape | str | None] = [as_before(before.get(files.key(n)), one) for n, one in enumerate(stamps)]
        strange = [number for number, one in enumerate(found) if one is None]
        began = time.monotonic()
        for number, one in zip(strange, looks(files, strange, where)):
            found[number] = one
        if time.monotonic() - began >= looked.WORTH:
            remember(path, resting(files, stamps, found))
    return judged([one for one in found if one is not None], count - len(strange), data, where)


def another_looked(path: Path | None, asked: float) -> bool:
    """Whether the process that started this one has looked anew already, or another while this one waited."""
    return FIRST in os.environ or (path is not None and path.exists() and path.stat().st_mtime >= asked)


def as_before(known: Known | None, now: Stamp | None) -> Shape | None:
    """What is known of a file, where it is as it was."""
    return known.shape if known is not None and known.stamp == now else None


def resting(files: Files, stamps: Sequence[Stamp | None], found: Sequence[Shape | str | None]) -> dict[str, Known]:
    """What can be remembered: of files that can be read, and did not change just now."""
    now = time.time()
    return {
        files.key(number): Known(was, one)
        for number, (was, one) in enumerate(zip(stamps, found))
        if was is not None and isinstance(one, tuple) and at_rest(was, now)
    }


def judged(found: list[Shape | str], known: int, data: Data, where: object) -> Sound:
    """What the look found. DataError where it is not enough."""
    bad, count = [one for one in found if isinstance(one, str)], len(found)
    if bad and (data.bad == "fail" or len(bad) == count):
        which = "none" if len(bad) == count else f"{len(bad):,}"
        rest = "are not to be used" if len(bad) < count else "can be used"
        raise DataError(f"{where}: {which} of {count:,} files {rest}; the first: {bad[0]}")
    good = np.array([number for number, one in enumerate(found) if not isinstance(one, str)], np.int64)
    return Sound(good, Counter(one for one in found if not isinstance(one, str)), tuple(bad), known)


def looks(files: Files, numbers: Sequence[int], where: object) -> Iterator[Shape | str]:
    """Into each of these files, by several threads; in order."""
    turns = [numbers[first : first + TURN] for first in range(0, len(numbers), TURN)]
    began, told = time.monotonic(), False
    with ThreadPoolExecutor(READERS) as pool:
        for turn, some in enumerate(pool.map(lambda turn: [attempted(files, n) for n in turn], turns)):
            if sys.stderr.isatty() and time.monotonic() - began > LONG:
                told = True
                print(f"\rlooking into {where}: {turn * TURN:,} of {len(numbers):,} files", end="", file=sys.stderr)
            yield from some
    if told:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def attempted(files: Files, number: int) -> Shape | str:
    try:
        return files.measured(number)
    except DataError as error:
        return str(error)
