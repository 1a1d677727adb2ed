"""What is handed over to be looked at: files, pictures of PIL, arrays; as a split without labels."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...compiler.diagnostics import UserError
from ..data import Split
from ..data.dataset import Array
from ..data.files import Pictures
from ..data.picture import plain

BRIGHT = 16
"""Brightness that no picture from 0 to 1 has, nor any measured value near it: such numbers run to 255."""


READ_BY = {
    "bytes": ": `PIL.Image.open(io.BytesIO(content))` reads it",
    "BytesIO": ": `PIL.Image.open` reads it",
    "BufferedReader": ": `PIL.Image.open` reads it",
}
"""Types that may hold a picture, and what makes one of it."""


class Loaded(NamedTuple):
    """Examples that lie in memory, each of its own size."""

    names: tuple[str, ...]
    arrays: tuple[Array, ...]

    def __len__(self) -> int:
        return len(self.arrays)

    def load(self, number: int) -> Array:
        return self.arrays[number]

    def name(self, number: int) -> str:
        return self.names[number]

    def split(self) -> Split:
        """All of them, without labels."""
        numbers = np.arange(len(self))
        return Split(self, numbers, np.zeros(len(self), np.int64))


def pictures(paths: Sequence[str]) -> Split:
    """Files, and the picture files in folders, as a split without labels."""
    found: list[Path] = []
    for text in paths:
        path = Path(text)
        if path.is_dir():
            found.extend(Pictures.below(path))
        elif path.is_file():
            found.append(path)
        else:
            raise FileNotFoundError(2, "No such file or directory", text)
    if not found:
        raise UserError(f"no picture in {', '.join(paths)}")
    numbers = np.arange(len(found))
    return Split(Pictures(found), numbers, np.zeros(len(found), np.int64))


def given(what: Any, rank: int, bright: float = BRIGHT) -> Split:
    """What Python hands over: paths, pictures of PIL, arrays of `rank` dimensions or a batch of such, or a list."""
    several = what if isinstance(what, (list, tuple)) else [what]
    if not len(several):
        raise UserError("nothing is given to look at: the list is empty")
    if all(isinstance(one, (str, os.PathLike)) for one in several):
        return pictures([os.fspath(one) for one in several])
    named = [(name, readable(array, rank, bright)) for one in several for name, array in examples(one, rank)]
    names = tuple(name or f"[{i}]" for i, (name, _) in enumerate(named))
    return Loaded(names, tuple(array for _, array in named)).split()


def examples(one: Any, rank: int) -> Iterator[tuple[str, Array]]:
    """The examples in one thing, with the names of files."""
    if isinstance(one, (str, os.PathLike)):
        files = pictures([os.fspath(one)])
        yield from ((files.examples.name(n), files.examples.load(n)) for n in files.numbers.tolist())
    else:
        yield from (("", array) for array in as_arrays(one, rank))


def readable(example: Array, rank: int, bright: float = BRIGHT) -> Array:
    """The example, whose numbers mean something. UserError where they do not, or are above what is taken."""
    kind = example.dtype.kind
    if not example.size:
        raise UserError(f"an example of {'x'.join(map(str, example.shape))} holds nothing")
    if rank == 3 and kind == "f" and float(example.max()) > bright:
        raise UserError('pictures of floats are brightness from 0 to 1; these run to '
                        f'{float(example.max()):g}: divide them by 255, or `.astype("uint8")`')  # fmt: skip
    if kind == "f" and not np.isfinite(example).all():
        raise UserError("an example holds values that are no numbers")
    if kind not in "fbui" or (rank == 3 and kind in "ui" and example.dtype != np.uint8):
        hint = ': `.astype("uint8")` where they run to 255' if kind in "ui" else ""
        raise UserError(f"pictures are bytes, or brightness from 0 to 1; these are numbers of {example.dtype}{hint}")
    return example


def as_arrays(one: Any, rank: int) -> Iterator[Array]:
    """The examples in one thing; gray pictures may come without channels."""
    if hasattr(one, "getexif"):  # a picture of PIL
        yield np.atleast_3d(np.array(plain(one)))
        return
    found = np.asarray(one)
    if not found.ndim:
        kind = type(one).__name__ if one is not None else "None"
        raise UserError(f"examples are paths, folders, pictures of PIL or arrays, found {kind}{READ_BY.get(kind, '')}")
    if found.ndim == rank + 1:
        yield from found
    elif found.ndim in (rank, rank - 1):
        yield found if found.ndim == rank else found[..., None]
    else:
        raise UserError(f"an example has {rank} dimensions, a batch {rank + 1}, found {found.ndim}")
