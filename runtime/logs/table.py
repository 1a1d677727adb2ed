"""A table in a file: one row an epoch, columns as they come."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path


class Table:
    """A file of comma-separated values that grows; it begins anew with each start, with the epochs that were `before`.

    Where a run goes on before the place where it ended, the epochs from there on are those that it has now.
    """

    def __init__(self, path: str, before: Iterable[tuple[int, Mapping[str, float]]] = ()) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self.file = open(path, "w", newline="", encoding="utf-8")  # noqa: SIM115
        self.table: csv.DictWriter[str] = csv.DictWriter(self.file, (), lineterminator="\n")
        self.rows: list[dict[str, float]] = [{"step": step, **numbers} for step, numbers in before]
        if self.rows:
            self.begin()
            self.file.flush()

    def numbers(self, step: int, numbers: Mapping[str, float]) -> None:
        if "epoch" not in numbers:
            return
        row = {"step": step, **numbers}
        kept = [one for one in self.rows if one["step"] < step]
        same = len(kept) == len(self.rows)
        self.rows = [*kept, row]
        if same and row.keys() <= set(self.table.fieldnames):
            self.table.writerow(row)
        else:
            self.begin()
        self.file.flush()

    def begin(self) -> None:
        """The file anew, with the columns of all rows."""
        self.file.seek(0)
        self.file.truncate()
        self.table.fieldnames = tuple(dict.fromkeys(name for row in self.rows for name in row))
        self.table.writeheader()
        self.table.writerows(self.rows)

    def close(self, state: str) -> None:
        self.file.close()
