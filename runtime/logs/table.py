"""A table in a file: one row an epoch, columns as they come."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path


class Table:
    """A file of comma-separated values that grows; it begins anew with each start."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.columns: list[str] = []
        self.rows: list[dict[str, float]] = []

    def numbers(self, step: int, numbers: Mapping[str, float]) -> None:
        if "epoch" not in numbers:
            return
        row = {"step": step, **numbers}
        self.rows.append(row)
        new = [name for name in row if name not in self.columns]
        if new:
            self.columns += new
            self.begin()
        else:
            self.write([row])

    def begin(self) -> None:
        """The file anew, with the columns of now."""
        self.path.write_text("", encoding="utf-8")
        self.write([dict(zip(self.columns, self.columns)), *self.rows])

    def write(self, rows: Sequence[Mapping[str, object]]) -> None:
        with self.path.open("a", newline="", encoding="utf-8") as lines:
            csv.DictWriter(lines, self.columns, lineterminator="\n").writerows(rows)

    def close(self, state: str) -> None:
        return None
