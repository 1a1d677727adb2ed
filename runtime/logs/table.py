"""A table in a file: one row an epoch, columns as they come."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path


class Table:
    """A file of comma-separated values that grows; it begins anew with each start."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.rows: list[dict[str, float]] = []

    def numbers(self, step: int, numbers: Mapping[str, float]) -> None:
        if "epoch" not in numbers:
            return
        self.rows.append({"step": step, **numbers})
        columns = list(dict.fromkeys(name for row in self.rows for name in row))
        with self.path.open("w", newline="", encoding="utf-8") as lines:
            table = csv.DictWriter(lines, columns, lineterminator="\n")
            table.writeheader()
            table.writerows(self.rows)

    def close(self, state: str) -> None:
        return None
