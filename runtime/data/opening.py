"""From what a recipe or the command line says to the data. A source of data is one rule, in a module of its own."""

from __future__ import annotations

from functools import singledispatch
from pathlib import Path

from ...compiler.recipes.base import Part
from ...compiler.recipes.data import Data
from .dataset import DataError, Dataset
from .examined import Examined
from .meant import entry

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
    found = source(data.source, data, seed if data.seed is None else data.seed)
    binary = data.labels == "binary" and not isinstance(data, Examined)
    if binary and found.target == "classes" and len(found.classes) != 2:
        raise DataError(f"`labels=binary` takes two classes, {found.name} has {len(found.classes):,}")
    return found


def named(text: str, data: Data | None) -> Data:
    """The entry for `--data`: `digits`, `npz("a.npz"), split=0.9`, a file or a folder; what else the recipe says of its
    data is kept where the source is of the same kind, of sub-folders where they are there."""
    found = entry(text)
    given = {name: value for name, value in found.__dict__.items() if value != getattr(Data(source=found.source), name)}
    if data is None or type(data.source) is not type(found.source):
        kept = Data(source=found.source, seed=data.seed if data is not None else None)
    else:
        kept = divided(data.changed(source=found.source))
    return kept.changed(**given)


def divided(data: Data) -> Data:
    """Without the sub-folders that the source lacks, which were those of another one."""
    path = Path(getattr(data.source, "path", ""))
    lacks = path.is_dir() and not all((path / part).exists() for part in (data.train, data.test) if part)
    return data.changed(train=None, test=None) if lacks else data
