"""Tables of files and what is known of them, of texts, or of numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from shlex import quote
from typing import NamedTuple

import numpy as np

from ...compiler.recipes.data import AgNews, Csv, Data
from . import picture
from .classes import in_order, listed, numbered, numeric, require_classes
from .dataset import Array, DataError, Dataset, Examples, Held, Target
from .files import Files, Pictures
from .lot import About, Lot, dataset
from .opening import TAKEN, source
from .partner import partner
from .place import located, published, unfetched
from .rows import placed, repeated, require_endings, require_labels, require_parts, require_some
from .sound import Sound, sound, together
from .table import Table, class_names, table
from .text import Texts
from .tree import HELD
from .volume import VOLUMES
from .volumes import Volumes

FILE = ("file", "filename", "file_name", "filepath", "file_path", "path", "image", "image_path", "img", "picture")
LABEL = ("label", "labels", "class", "class_name", "category", "target", "y", "species")
TEXT = ("text", "title", "description", "review", "sentence", "content", "sequence")
SPLIT = ("split", "set", "subset", "partition")
LOOKED_AT = 20
"""Rows that tell what a column holds."""

TAKEN[Csv] = TAKEN[AgNews] = ("alphabet", "length")


class Columns(NamedTuple):
    """Which columns hold what; -1 where there is none."""

    file: int
    label: int
    split: int
    values: tuple[int, ...]
    texts: tuple[int, ...]
    numbers: tuple[int, ...]


@source.register
def csv(part: Csv, data: Data, seed: int) -> Dataset:
    path = located(part.path, data)
    return opened(path, partner(path, data), part, data, seed)


@source.register
def ag_news(part: AgNews, data: Data, seed: int) -> Dataset:
    """Class, title and description; 120,000 to learn from, 7,600 held out."""
    folder = published(data, ("ag_news_csv", "ag_news"), ("train.csv", "test.csv"), unfetched)
    said = Csv(path="train.csv", label="0", text=("1", "2"))
    return opened(folder / "train.csv", folder / "test.csv", said, data, seed)._replace(name="ag_news")


def opened(path: Path, beside: Path | None, part: Csv, data: Data, seed: int) -> Dataset:
    """A table, and perhaps one to measure on."""
    whole = table(path)
    columns = found(whole, part)
    tables = [whole, table(beside)] if beside is not None else in_two(whole, columns)
    kind = of_files if columns.file >= 0 else of_texts if columns.texts else of_numbers
    pieces = [kind(one, columns, part, data) for one in tables]
    target, classes = known(tables[0], columns)
    lots = [Lot(piece.examples, labels(piece, columns, target, classes)) for piece in pieces]
    if target == "classes":
        classes = renamed(classes, tables[0], columns)
        require_classes(classes, lots[0].labels, path, data)
    looked = together([piece.sound for piece in pieces])
    any_size = isinstance(pieces[0].examples, Files) and pieces[0].examples.any_size
    shape = looked.shape if any_size else looked.usual
    remarks = looked.told + (() if any_size else looked.remarks) + twice(pieces, columns)
    about = About(path.stem, classes, shape, looked.channels, target, looked.skipped, remarks)
    try:
        return dataset(about, data, seed, *lots)
    except DataError as error:
        if columns.label < 0:
            raise
        named = f"`{whole.called(columns.label)}`" if whole.names else whole.called(columns.label)
        raise DataError(f"{error}; the class is taken from {named}") from None


# --- which columns hold what ------------------------------------------------------------------------------------------


def found(whole: Table, part: Csv) -> Columns:
    """What the recipe names, else what names and contents of columns tell. DataError where that is not enough."""
    split = whole.one_of(SPLIT)
    values = tuple(whole.at(name) for name in part.values or ())
    label = -1 if values else whole.at(part.label) if part.label else labelled(whole)
    file = whole.at(part.file) if part.file else -1 if part.text else of_paths(whole, part)
    taken = {split, label, file, *values}
    texts = tuple(whole.at(name) for name in part.text or ())
    rest = [i for i in range(whole.width) if i not in taken]
    if file >= 0:
        label = label if label >= 0 or values else only(whole, rest)
        return Columns(file, label, -1 if split is None else split, values, (), ())
    if label < 0 and not values:
        label = 0 if not whole.names else only(whole, [])
    rest = [i for i in rest if i != label]
    texts = texts or of_words(whole, rest)
    if not texts and not whole.names:
        way = quote(f'series("{whole.path}")')
        raise DataError(
            f"{whole.path}: only numbers, in columns without names: say what they are, as with `--data {way}`"
        )
    return Columns(-1, label, -1 if split is None else split, values, texts, () if texts else tuple(rest))


def of_words(whole: Table, rest: list[int]) -> tuple[int, ...]:
    """The columns of text: those with a usual name, else all where none is one of numbers."""
    words = [i for i in rest if sum(map(numeric, whole.column(i)[:LOOKED_AT])) * 2 < len(whole.rows[:LOOKED_AT])]
    usual = [i for i in words if whole.names and whole.names[i].lower() in TEXT]
    if words and not usual and len(words) < len(rest):
        raise DataError(f"{whole.path}: `{whole.called(words[0])}` holds words beside columns of numbers: say "
                        "`text=` where it is what to learn from, else leave it out")  # fmt: skip
    return tuple(usual or words)


def labelled(whole: Table) -> int:
    place = whole.one_of(LABEL)
    return -1 if place is None else place


def of_paths(whole: Table, part: Csv) -> int:
    """The column of paths, by its name and its cells; -1 where there is none."""
    ends = (*picture.SUFFIXES, *VOLUMES)
    for number in range(whole.width):
        cells = whole.column(number)[:LOOKED_AT]
        if all(cell.lower().endswith(ends) for cell in cells):
            return number
    if not part.text and not part.label and whole.one_of(TEXT) is None:
        require_endings(whole, FILE, ends)
    return -1


def only(whole: Table, rest: list[int]) -> int:
    """The one column that is left for the class."""
    if len(rest) == 1:
        return rest[0]
    there = ", ".join(whole.called(i) for i in (rest or range(whole.width)))
    raise DataError(f"{whole.path}: which column is the class, or holds values to learn? Say `label=` or `values=`, "
                    f"as in `csv(\"{whole.path}\", label=...)`; there are {there}")  # fmt: skip


def in_two(whole: Table, columns: Columns) -> list[Table]:
    """Divided by the column that says to which part a row belongs."""
    if columns.split < 0:
        return [whole]
    cells = [cell.lower() for cell in whole.column(columns.split)]
    require_parts(whole, columns.split, cells)
    held = [cell in HELD for cell in cells]
    if not any(held) or all(held):
        told = listed(in_order(whole.column(columns.split)))
        raise DataError(f"{whole.path}: `{whole.called(columns.split)}` is {told}: `train` and `val` are expected")
    parts = ([number for number, is_held in enumerate(held) if is_held is which] for which in (False, True))
    return [whole.some(numbers) for numbers in parts]


# --- what is known ----------------------------------------------------------------------------------------------------


def known(whole: Table, columns: Columns) -> tuple[Target, tuple[str, ...]]:
    """Classes in a column; values, where they are asked for or no whole numbers."""
    if columns.values:
        return "values", tuple(whole.called(i) for i in columns.values)
    require_labels(whole, columns.label)
    cells = whole.column(columns.label)
    if all(map(numeric, cells)) and not all(float(cell).is_integer() for cell in cells):
        return "values", (whole.called(columns.label),)
    return "classes", in_order(cells)


def labels(piece: Piece, columns: Columns, target: Target, classes: tuple[str, ...]) -> Array:
    if target == "classes":
        return numbered(piece.table.column(columns.label), classes, piece.table.path)
    return as_numbers(piece.table, columns.values or (columns.label,))


def renamed(classes: tuple[str, ...], whole: Table, columns: Columns) -> tuple[str, ...]:
    """By `classes.txt`, where it lies beside."""
    names = class_names(whole.column(columns.label), whole.path.parent)
    return tuple(names[one] for one in classes)


def as_numbers(whole: Table, columns: tuple[int, ...]) -> Array:
    """(n, columns) float32. DataError with the row where a cell is no number."""
    for number, row in enumerate(whole.rows):
        for place in columns:
            if not numeric(row[place].strip()):
                raise DataError(f"{whole.line(number)}: `{whole.called(place)}` is a number in other rows, here "
                                f"`{row[place].strip()}`")  # fmt: skip
    return np.array([[float(row[place]) for place in columns] for row in whole.rows], np.float32)


# --- examples ---------------------------------------------------------------------------------------------------------


class Piece(NamedTuple):
    """Examples, the rows that belong to them, and their shapes."""

    examples: Examples
    table: Table
    sound: Sound


Kind = Callable[[Table, Columns, Csv, Data], Piece]


def of_files(whole: Table, columns: Columns, part: Csv, data: Data) -> Piece:
    """Pictures or arrays; rows whose files cannot be read are left out."""
    folder = located(part.folder, data) if part.folder else whole.path.parent
    cells = whole.column(columns.file)
    kind: type[Files] = Volumes if cells[0].lower().endswith(VOLUMES) else Pictures
    paths = placed(folder, cells)
    require_some(paths, whole, folder)
    every = kind(paths, folder)
    looked = sound(every, data, whole.path)
    kept = kind([every.paths[number] for number in looked.good], folder)
    return Piece(kept, whole.some(looked.good.tolist()), looked)


def twice(pieces: list[Piece], columns: Columns) -> tuple[str, ...]:
    """A remark on files that stand in several rows."""
    paths = [path for piece in pieces if isinstance(piece.examples, Files) for path in piece.examples.paths]
    labels = [cell for piece in pieces if columns.label >= 0 for cell in piece.table.column(columns.label)]
    return repeated(paths, labels or [""] * len(paths))


def of_texts(whole: Table, columns: Columns, part: Csv, data: Data) -> Piece:
    """The columns of text of each row, one after the other."""
    joined = [" ".join(row[place].strip() for place in columns.texts) for row in whole.rows]
    texts = Texts(joined, whole.path.stem, data)
    return Piece(texts, whole, alike(len(texts), texts.shape))


def of_numbers(whole: Table, columns: Columns, part: Csv, data: Data) -> Piece:
    """Each row a vector of its other columns."""
    if not columns.numbers:
        raise DataError(f"{whole.path}: beside what is to be learned there is no column")
    rows = as_numbers(whole, columns.numbers)
    return Piece(Held(rows, whole.path.stem), whole, alike(len(rows), rows.shape[1:]))


def alike(count: int, shape: tuple[int, ...]) -> Sound:
    """That nothing had to be looked into."""
    return Sound(np.arange(count), Counter({shape: count}))
