"""Tables in text: rows of columns, with names or without."""

from __future__ import annotations

import csv
import gzip
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from .classes import in_order, numeric
from .dataset import DataError

NAMES = {
    "file", "filename", "file_name", "filepath", "file_path", "path", "image", "image_path", "img", "picture", "label",
    "labels", "class", "class_name", "category", "target", "y", "text", "title", "description", "review", "sentence",
    "content", "sequence", "split", "set", "subset", "partition",
}  # fmt: skip
"""Names of columns that tell a first row of names from one of values."""
SEPARATORS = ",\t;|"


class Table(NamedTuple):
    """Rows of as many cells each; `names` is empty where the first row is one of values."""

    path: Path
    names: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]

    def line(self, number: int) -> str:
        """Where a row stands, its last line where it has several."""
        return f"{self.path}:{self.lines[number]}"

    def some(self, numbers: Iterable[int]) -> Table:
        """Some of the rows."""
        chosen = list(numbers)
        return self._replace(rows=[self.rows[n] for n in chosen], lines=[self.lines[n] for n in chosen])

    @property
    def width(self) -> int:
        return len(self.rows[0])

    def column(self, number: int) -> list[str]:
        return [row[number].strip() for row in self.rows]

    def at(self, name: str) -> int:
        """The number of the column of a name, or of a number in place of one. DataError where there is none."""
        lower = [known.lower() for known in self.names]
        if name.lower() in lower:
            return lower.index(name.lower())
        if name.isdigit() and int(name) < self.width:
            return int(name)
        there = ", ".join(self.names) or f"numbers from 0 to {self.width - 1}"
        parts = name.replace(",", " ").split()
        several = f"; several are written [{', '.join(parts)}]" if {p.lower() for p in parts} <= {*lower} else ""
        raise DataError(f"{self.path}: there is no column `{name}` among {there}{several}")

    def one_of(self, names: tuple[str, ...]) -> int | None:
        """The column with the first of these names."""
        lower = [known.lower() for known in self.names]
        return next((lower.index(name) for name in names if name in lower), None)

    def called(self, number: int) -> str:
        return self.names[number] if self.names else f"column {number}"


def table(path: Path) -> Table:
    """The table of a file, which may be compressed. DataError where it is none."""
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"{path}: no text that can be read ({type(error).__name__}: {error})") from None
    return parsed(text_of(content, path), path)


def text_of(content: bytes, path: Path) -> str:
    """UTF-8, with a mark at its beginning or without, and UTF-16 with one."""
    code = "utf-16" if content[:2] in (BOM_UTF16_LE, BOM_UTF16_BE) else "utf-8-sig"
    try:
        text = content.decode(code)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"{path}:{line}: no UTF-8 text: save the table as CSV in UTF-8") from None
    if "\0" in text:
        raise DataError(f"{path}: this is no text")
    return text


def parsed(text: str, path: Path) -> Table:
    csv.field_size_limit(2**24)
    first = text.partition("\n")[0]
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if rows and len(row) != len(rows[0]):
                raise DataError(f"{path}:{reader.line_num}: {len(row)} columns, {len(rows[0])} in the first row")
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: no table that can be read ({error})") from None
    named = has_names(rows)
    if len(rows) - named < 1:
        raise DataError(f"{path}: a table with rows is expected, found {'only names' if rows else 'nothing'}")
    return Table(path, tuple(cell.strip() for cell in rows[0]) if named else (), rows[1:] if named else rows,
                 lines[1:] if named else lines)  # fmt: skip


def has_names(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns: by usual names, or as text above numbers."""
    if not rows:
        return False
    first = [cell.strip() for cell in rows[0]]
    if any(cell.lower() in NAMES for cell in first):
        return True
    second = rows[1] if len(rows) > 1 else first
    return not any(map(numeric, first)) and any(numeric(cell.strip()) for cell in second)


def head(line: str) -> bool:
    """Whether a line, the first of a file, names columns by usual names and holds no number."""
    cells = [cell.strip() for cell in line.split(max(SEPARATORS, key=line.count))]
    return any(cell.lower() in NAMES for cell in cells) and not any(map(numeric, cells))


def class_names(cells: list[str], folder: Path) -> dict[str, str]:
    """The name of each class in a column: its own, or that line of `classes.txt` whose number it is, from 0 or 1."""
    found = in_order(cells)
    listing = folder / "classes.txt"
    if not listing.exists() or not all(cell.isdigit() for cell in found):
        return {cell: cell for cell in found}
    lines = [line.strip() for line in listing.read_text("utf-8").splitlines() if line.strip()]
    first = 0 if "0" in found or int(found[-1]) < len(lines) else 1
    if int(found[-1]) - first >= len(lines):
        raise DataError(f"{listing}: {len(lines)} names, the classes go to {found[-1]}")
    return {cell: lines[int(cell) - first] for cell in found}
