"""Time series in one table: a line each, the class first (UCR archive), or in the format .ts of sktime."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...compiler.recipes.data import Data, Series, Ucr
from .classes import in_order, numbered, numeric, require_classes
from .dataset import Array, DataError, Dataset, Held
from .lot import About, Lot, dataset
from .opening import source
from .partner import partner
from .place import located, root

MISSING = ("", "nan", "?", "na")
"""Cells without a value."""


class Lines(NamedTuple):
    """Classes and series of one file, each (time, channels), where nan is a value that is missing."""

    path: Path
    names: list[str]
    series: list[Array]


@source.register
def series(part: Series, data: Data, seed: int) -> Dataset:
    path = located(part.path, data)
    return opened(path, partner(path, data), data, seed)


@source.register
def ucr(part: Ucr, data: Data, seed: int) -> Dataset:
    """`NAME/NAME_TRAIN.tsv` and `NAME_TEST.tsv`, in the folder of the archive or beside."""
    name = part.name
    for folder in (f"UCRArchive_2018/{name}", f"ucr/{name}", name):
        for ending in (".tsv", ".ts", ".txt"):
            learn, hold = (root(data) / folder / f"{name}_{which}{ending}" for which in ("TRAIN", "TEST"))
            if learn.exists() and hold.exists():
                return opened(learn, hold, data, seed)._replace(name=name)
    where = root(data) / "UCRArchive_2018" / name
    raise DataError(f"put {name}_TRAIN.tsv and {name}_TEST.tsv of the UCR archive into {where}: they are not there")


def opened(path: Path, beside: Path | None, data: Data, seed: int) -> Dataset:
    files = [read(one) for one in (path, beside) if one is not None]
    classes = in_order(files[0].names)
    length = max(len(one) for file in files for one in file.series)
    lots = [Lot(Held(filled(file, length), file.path.stem), numbered(file.names, classes, file.path)) for file in files]
    require_classes(classes, lots[0].labels, path, data)
    channels = files[0].series[0].shape[1]
    about = About(path.stem, classes, (length, channels), channels, remarks=tuple(remarks(files, length)))
    return dataset(about, data, seed, *lots)


def filled(file: Lines, length: int) -> Array:
    """(n, length, channels) float32: what is missing lies on the line between its neighbours, behind the end is 0."""
    made = np.zeros((len(file.series), length, file.series[0].shape[1]), np.float32)
    for row, one in zip(made, file.series):
        if one.shape[1] != made.shape[2]:
            raise DataError(f"{file.path}: series of {one.shape[1]} and of {made.shape[2]} channels")
        for channel in range(one.shape[1]):
            there = np.flatnonzero(~np.isnan(one[:, channel]))
            if len(there):
                row[: len(one), channel] = np.interp(np.arange(len(one)), there, one[there, channel])
    return made


def remarks(files: list[Lines], length: int) -> list[str]:
    """On series that are shorter, and on values that are missing."""
    every = [one for file in files for one in file.series]
    short, missing = sum(len(one) < length for one in every), sum(int(np.isnan(one).sum()) for one in every)
    said = [f"{short:,} series are shorter than {length}: zeros behind them"] if short else []
    return said + ([f"{missing:,} values are missing: put on the line between their neighbours"] if missing else [])


# --- files ------------------------------------------------------------------------------------------------------------


def read(path: Path) -> Lines:
    try:
        lines = [line.strip() for line in path.read_text("utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: no text that can be read ({type(error).__name__})") from None
    numbered_lines = [(number, line) for number, line in enumerate(lines, 1) if line and line[0] not in "#@%"]
    parse = dimensions if path.suffix.lower() == ".ts" else cells
    if parse is cells and numbered_lines and wordy(numbered_lines[0][1]):
        raise DataError(f"{path}:{numbered_lines[0][0]}: series have no names of columns; a table that has is read by "
                        f"`csv(\"{path}\")`")  # fmt: skip
    found = [parse(line, f"{path}:{number}") for number, line in numbered_lines]
    if not found:
        raise DataError(f"{path}: there is no series")
    return Lines(path, [name for name, _ in found], [one for _, one in found])


def parted(line: str) -> list[str]:
    return line.split("\t" if "\t" in line else "," if "," in line else None)


def wordy(line: str) -> bool:
    """Whether there are words where values stand, as in a line of names."""
    values = [part.strip() for part in parted(line)[1:]]
    return bool(values) and not any(numeric(value) or value.lower() in MISSING for value in values)


def cells(line: str, where: str) -> tuple[str, Array]:
    """The class, then the values of one channel; missing ones at the end are no part of the series."""
    parts = parted(line)
    values = [part.strip() for part in parts[1:]]
    while values and values[-1].lower() in MISSING:
        values.pop()
    if not values:
        raise DataError(f"{where}: a class and values are expected, with tabs or commas between them")
    return whole(parts[0].strip()), measured(values, where)[:, None]


def dimensions(line: str, where: str) -> tuple[str, Array]:
    """Channels with `:` between them, the class last."""
    *channels, name = line.split(":")
    if not channels:
        raise DataError(f"{where}: channels and a class are expected, with `:` between them")
    found = [measured([value.strip() for value in channel.split(",")], where) for channel in channels]
    length = max(map(len, found))
    padded = [np.concatenate([one, np.full(length - len(one), np.nan)]) for one in found]
    return whole(name.strip()), np.stack(padded, 1)


def measured(values: list[str], where: str) -> Array:
    """Numbers; nan where one is missing."""
    wrong = next((value for value in values if not numeric(value) and value.lower() not in MISSING), None)
    if wrong is not None:
        raise DataError(f"{where}: a number is expected, found `{wrong}`")
    return np.array([float(value) if numeric(value) else np.nan for value in values])


def whole(name: str) -> str:
    """A class as it is written, `1.0000000e+00` as 1."""
    return str(int(float(name))) if numeric(name) and float(name).is_integer() else name
