"""Examples that are files, loaded when they are asked for."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import ClassVar

from . import picture
from .dataset import Array
from .listing import Suffixes, files
from .looked import Stamp, stamp


class Files:
    """Files of one kind by their number, named by their path below `root`."""

    word: ClassVar[str] = "file"
    suffixes: ClassVar[Suffixes] = ()
    any_size: ClassVar[bool] = False
    """Whether examples may differ in size to the end; others are brought to the commonest."""

    def __init__(self, paths: list[Path], root: Path | None = None) -> None:
        self.paths = paths
        self.root = root

    def __len__(self) -> int:
        return len(self.paths)

    def load(self, number: int) -> Array:
        """DataError where it cannot be read."""
        raise NotImplementedError

    def name(self, number: int) -> str:
        return str(self.paths[number]).removeprefix(f"{self.root}{os.sep}")

    def measured(self, number: int) -> tuple[int, ...]:
        """The shape of what `load` gives. DataError where it cannot be read."""
        return self.load(number).shape

    def key(self, number: int) -> str:
        """A name that no other has."""
        return self.name(number)

    def stamp(self, number: int) -> Stamp | None:
        """What changes when the file does."""
        return stamp(self.paths[number])

    @property
    def kind(self) -> str:
        """What `measured` hangs on beside the files."""
        return f"{type(self).__name__} below {os.path.abspath(self.root or '')}"

    @classmethod
    def below(cls, folder: Path, others: Counter[str] | None = None) -> list[Path]:
        """The files of the kind below a folder, in one order on every system; others are counted by their endings."""
        return sorted(files(folder, cls.suffixes, others), key=lambda path: path.parts)


class Pictures(Files):
    """(H, W, 1 or 3) uint8."""

    word = "picture"
    suffixes = picture.SUFFIXES
    any_size = True

    def load(self, number: int) -> Array:
        return picture.decoded(self.paths[number], self.name(number))

    def measured(self, number: int) -> tuple[int, ...]:
        return picture.measured(self.paths[number], self.name(number))
