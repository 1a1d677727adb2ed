"""From what a recipe or the command line says to the data. A source of data is one rule, in a module of its own."""

from __future__ import annotations

from functools import singledispatch
from pathlib import Path

from ...compiler.override import read
from ...compiler.recipes.base import PARTS, Part
from ...compiler.recipes.data import Data, Folder
from .dataset import DataError, Dataset

FILES: dict[str, type[Part]] = {}
"""Endings of files, and the source that `--data FILE` then means; the source takes the path as its first argument."""

TAKEN: dict[type[Part], tuple[str, ...]] = {}
"""Arguments of `data` beside `train`, `test`, `split`, `seed`, `size` and `sample` that a source makes use of, such as
`length`; where one is said that the source does not take, the run is refused by name."""


@singledispatch
def source(part: Part, data: Data, seed: int) -> Dataset:
    """The data that a part of the kind `source` names. `data` says how they are divided and brought into form.

    Register a rule for each source. DataError where the data are not there or cannot be used.
    """
    raise DataError(f"`data {part.word}` is not read yet: give a folder of class folders with `--data`")


def opens(part: Part) -> bool:
    """Whether there is a rule for the source."""
    return source.dispatch(type(part)) is not source.dispatch(Part)


def open_data(data: Data, seed: int) -> Dataset:
    """Open what an entry `data` names; `seed` divides it where the entry has none. DataError if unusable."""
    return source(data.source, data, seed if data.seed is None else data.seed)


def named(text: str, data: Data | None) -> Data:
    """The entry for `--data`: `digits`, `npz("a.npz")`, a file or a folder; what else the recipe says of its data is
    kept where the source is of the same kind."""
    found = meant(text)
    if data is None or type(data.source) is not type(found):
        return Data(source=found, seed=data.seed if data is not None else None)
    return data.changed(source=found)


def meant(text: str) -> Part:
    """The source that a text means."""
    word = text.partition("(")[0].strip()
    if word in PARTS["source"] and not Path(text).exists():
        said = read(f"train:\n    data {text}").one(Data)
        assert said is not None
        return said.source
    kind = FILES.get(Path(text).suffix.lower())
    return kind(path=text) if kind is not None else Folder(path=text)
