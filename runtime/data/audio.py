"""Recordings: of classes, or each sample to be foretold from those before it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...compiler.recipes.data import Audio, Data, MuLaw
from .audible import WAVES, levels, wave
from .dataset import Array, DataError, Dataset
from .files import Files
from .lot import About, Lot, dataset
from .opening import TAKEN, source
from .place import located
from .sound import sound
from .tree import class_folders

TAKEN[Audio] = ("quantize", "shift", "length")


class Waves(Files):
    """(length, 1) float32: the beginning of each recording from -1 to 1, zeros behind its end."""

    word = "recording"
    suffixes = WAVES

    def __init__(self, paths: list[Path], root: Path | None = None, rate: int = 16000, length: int = 16000) -> None:
        super().__init__(paths, root)
        self.rate, self.length = rate, length

    @property
    def kind(self) -> str:
        return f"{super().kind}, {self.length} samples of {self.rate} a second"

    def samples(self, number: int) -> Array:
        return wave(self.paths[number], self.rate, self.name(number))

    def load(self, number: int) -> Array:
        found = self.samples(number)[: self.length, None]
        return np.pad(found, ((0, self.length - len(found)), (0, 0)))


@source.register
def audio(part: Audio, data: Data, seed: int) -> Dataset:
    root = located(part.path, data)
    if not root.is_dir():
        raise DataError(f"{part.path}: a folder of recordings is expected")
    length = data.length or part.rate
    if isinstance(data.quantize, MuLaw):
        return foretold(root, part, data.quantize.levels, length, data, seed)
    if data.quantize is not None or data.shift is not None:
        raise DataError("`shift=` goes with `quantize=mu_law()`: the level of a later sample is then what to learn")
    return class_folders(root, Waves, data, seed, lambda paths, below: Waves(paths, below, part.rate, length))


# --- the next sample --------------------------------------------------------------------------------------------------


class Whole(Waves):
    """Recordings of any length."""

    def measured(self, number: int) -> tuple[int, ...]:
        return len(self.samples(number)), 1


class Pieces:
    """(length, levels) bool: the level of each sample of a piece of a recording, one-hot."""

    def __init__(self, waves: Waves, starts: list[tuple[int, int]], count: int, ahead: int) -> None:
        self.waves, self.starts, self.count, self.ahead = waves, starts, count, ahead

    def __len__(self) -> int:
        return len(self.starts)

    def levels(self, number: int) -> Array:
        """Levels from `ahead` samples behind the start on; -1 behind the end of the recording."""
        which, start = self.starts[number]
        samples = self.waves.samples(which)[start + self.ahead :][: self.waves.length]
        found = np.full(self.waves.length, -1, np.int32)
        found[: len(samples)] = levels(samples, self.count)
        return found

    def load(self, number: int) -> Array:
        found = self.levels(number)
        return np.equal(found[:, None], np.arange(self.count))

    def name(self, number: int) -> str:
        which, start = self.starts[number]
        return f"{self.waves.name(which)}:{start}"


class Ahead(Pieces):
    """(length,) int32: the levels to be foretold, -1 where there is none."""

    def load(self, number: int) -> Array:
        return self.levels(number)


def foretold(root: Path, part: Audio, count: int, length: int, data: Data, seed: int) -> Dataset:
    """All recordings below a folder, cut into pieces."""
    every = Whole(Waves.below(root), root, part.rate, length)
    if not len(every):
        raise DataError(f"{root}: there is no recording: files ending in {', '.join(WAVES)}")
    ahead = 1 if data.shift is None else data.shift
    looked = sound(every, data, root)
    kept = Waves([every.paths[number] for number in looked.good], root, part.rate, length)
    starts = [
        (number, start) for number in range(len(kept)) for start in range(0, len(kept.samples(number)) - ahead, length)
    ]
    about = About(
        root.resolve().name, tuple(map(str, range(count))), (length, count), count, "masks", looked.skipped, looked.told
    )
    lot = Lot(Pieces(kept, starts, count, 0), np.zeros(len(starts), np.int64), Ahead(kept, starts, count, ahead))
    return dataset(about, data, seed, lot)
