"""From what a recipe or the command line says to the data."""

from __future__ import annotations

from ...compiler.recipes.data import Data, Digits, Folder
from .dataset import DataError, Dataset
from .digits import open_digits
from .folder import open_folder


def open_data(data: Data, seed: int) -> Dataset:
    """Open what an entry `data` names; `seed` divides it where the entry has none. DataError if unusable."""
    seed = seed if data.seed is None else data.seed
    if isinstance(data.source, Digits):
        return open_digits(data.split, seed)
    if isinstance(data.source, Folder):
        return open_folder(data.source.path, data.train, data.test, data.split, seed)
    raise DataError(f"`data {data.source.word}` is not read yet: give a folder of class folders with `--data`")


def named(text: str, data: Data | None) -> Data:
    """The entry for `--data`: `digits`, or a folder; what else the recipe says of its data is kept."""
    source = Digits() if text == "digits" else Folder(path=text)
    if data is None or type(data.source) is not type(source):
        return Data(source=source, seed=data.seed if data is not None else None)
    return data.changed(source=source)
