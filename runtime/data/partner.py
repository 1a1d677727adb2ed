"""The file to measure on beside the file to learn from, by their names: `train.csv` and `test.csv`."""

from __future__ import annotations

import re
from pathlib import Path

from ...compiler.recipes.data import Data
from .dataset import DataError

WORDS = ("val", "valid", "validation", "test")


def partner(path: Path, data: Data) -> Path | None:
    """What the recipe names, else the file of the same name with `val` or `test` in place of `train`."""
    if data.test is not None:
        named = path.parent / data.test
        if not named.is_file():
            raise DataError(f"{named}: there is no such file to measure on")
        return named
    files = {other.name.lower(): other for other in path.parent.iterdir() if other.is_file()}
    for word in WORDS if "train" in path.stem.lower() else ():
        name = re.sub("training|train", word, path.name.lower())
        if name in files:
            return files[name]
    return None
