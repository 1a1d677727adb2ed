"""What a run writes after an epoch: its rows, and the best weights where these are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ..training.position import Row
from .run_folder import RunFolder
from .sparing import Sparing


class Results:
    """The rows and the best weights of a run on their way into its folder.

    What the short epochs of a small network leave waits in memory, but never longer than the checkpoint that counts
    on it.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.rows: list[Row] | None = None
        self.best: Mapping[str, Any] | None = None
        self.rarely = Sparing()
        """For the rows, all of which are written each time."""
        self.sparing = Sparing()

    def keep(self, weights: Mapping[str, Any]) -> None:
        """These weights are the best so far; what becomes of them behind this call does not matter."""
        if self.sparing.due:
            self.write_best(weights)
        elif self.folder.written:
            self.best = {name: x.clone() if isinstance(x, Tensor) else x for name, x in weights.items()}

    def write_best(self, weights: Mapping[str, Any]) -> None:
        with self.sparing.writing():
            self.folder.write_weights(self.folder.best, weights)
        self.best = None

    def add(self, rows: list[Row]) -> None:
        """An epoch is over."""
        self.rows = rows
        if self.rarely.due:
            self.write_rows(rows)

    def write_rows(self, rows: list[Row]) -> None:
        with self.rarely.writing():
            self.folder.write_rows(rows)
        self.rows = None

    def write(self) -> None:
        """Write what waits."""
        if self.best is not None:
            self.write_best(self.best)
        if self.rows is not None:
            self.write_rows(self.rows)
