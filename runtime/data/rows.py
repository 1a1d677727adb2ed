"""What can be wrong with the rows of a table, told before the first step."""

from __future__ import annotations

from collections import defaultdict
from difflib import get_close_matches
from pathlib import Path

from .classes import in_order, listed, numeric
from .dataset import DataError
from .table import Table
from .tree import HELD, TRAIN


def require_labels(whole: Table, column: int) -> None:
    """Something in each row, numbers in all or words in all, and not another whole number in each."""
    cells = whole.column(column)
    called = whole.called(column)
    empty = next((number for number, cell in enumerate(cells) if not cell), None)
    if empty is not None:
        raise DataError(f"{whole.line(empty)}: `{called}` is empty: give the row a class, or take it away")
    fractions = [cell for cell in cells if numeric(cell) and not float(cell).is_integer()]
    strange = next((number for number, cell in enumerate(cells) if not numeric(cell)), None)
    if fractions and strange is not None:
        raise DataError(f"{whole.line(strange)}: `{called}` is a number in other rows, here `{cells[strange]}`")
    if len(cells) > 2 and not fractions and strange is None and len(set(cells)) == len(cells):
        raise DataError(f"{whole.path}: `{called}` has another number in each row: say `values={called}` where "
                        "these are to be learned as values")  # fmt: skip


def require_parts(whole: Table, column: int, cells: list[str]) -> None:
    """In each row a word, in small letters, for one of the two parts. DataError with the first that is another."""
    strange = next((number for number, cell in enumerate(cells) if cell not in (*TRAIN, *HELD)), None)
    if strange is None:
        return
    there = f"is `{whole.column(column)[strange]}`" if cells[strange] else "is empty"
    near = get_close_matches(cells[strange], (*TRAIN, *HELD), n=1)
    hint = f"; did you mean `{near[0]}`?" if near else ""
    raise DataError(f"{whole.line(strange)}: `{whole.called(column)}` {there}: {' or '.join(TRAIN)} is expected of "
                    f"rows to learn from, {', '.join(HELD[:-1])} or {HELD[-1]} of rows to hold out{hint}")  # fmt: skip


def require_endings(whole: Table, names: tuple[str, ...], ends: tuple[str, ...]) -> None:
    """That a column which is called after files holds no paths. DataError where it may, but they have no ending."""
    column = whole.one_of(names)
    if column is None:
        return
    strange = next(number for number, cell in enumerate(whole.column(column)) if not cell.lower().endswith(ends))
    raise DataError(f"{whole.line(strange)}: `{whole.called(column)}` is a column of files by its name, and "
                    f"`{whole.column(column)[strange]}` has no ending such as {', '.join(ends[:3])}: write paths with "
                    "their endings, or say `text=` where this is text")  # fmt: skip


def placed(folder: Path, cells: list[str]) -> list[Path]:
    """The paths of cells; those of Windows on other systems too."""
    found = [folder / cell for cell in cells]
    return [folder / cell.replace("\\", "/") if "\\" in cell and not path.exists() else path
            for path, cell in zip(found, cells)]  # fmt: skip


def require_some(paths: list[Path], whole: Table, folder: Path) -> None:
    """One of the files at least. DataError that says where they are looked for."""
    if not any(path.exists() for path in paths):
        raise DataError(f"{whole.path}: none of {len(paths):,} files is there, {paths[0]} is the first: say with "
                        f"`folder=` where the paths begin, which is {folder.resolve()} now")  # fmt: skip


def repeated(paths: list[Path], labels: list[str]) -> tuple[str, ...]:
    """A remark on files that stand in several rows, and could so be learned from and held out at once."""
    known: dict[Path, list[str]] = defaultdict(list)
    for path, label in zip(paths, labels):
        known[path].append(label)
    twice = {path: names for path, names in known.items() if len(names) > 1}
    torn = {path: names for path, names in twice.items() if len(set(names)) > 1}
    if not twice:
        return ()
    more = ""
    if torn:
        path, names = next(iter(torn.items()))
        more = f"; {len(torn):,} with different classes, {path.name} as {listed(in_order(names))}"
    return (f"{len(twice):,} files stand in several rows, which may be learned from and held out{more}",)
