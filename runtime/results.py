"""What a run writes after an epoch: its rows, and the best weights where these are."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from .position import Row
from .run_folder import RunFolder

SPAN = 1.0
"""Seconds between two writings. Epochs of small networks are shorter: what they leave waits in memory, but never longer
than the checkpoint that counts on it."""


class Results:
    """The rows and the best weights of a run on their way into its folder."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.rows: list[Row] | None = None
        self.best: Mapping[str, Any] | None = None
        self.written = -SPAN

    @property
    def due(self) -> bool:
        return time.perf_counter() - self.written >= SPAN

    def keep(self, weights: Mapping[str, Any]) -> None:
        """These weights are the best so far; what becomes of them behind this call does not matter."""
        if self.due:
            self.folder.write_weights(self.folder.best, weights)
            self.best = None
        elif self.folder.written:
            self.best = {name: x.clone() if isinstance(x, Tensor) else x for name, x in weights.items()}

    def add(self, rows: list[Row]) -> None:
        """An epoch is over."""
        self.rows = rows
        if self.due:
            self.write()

    def write(self) -> None:
        """Write what waits."""
        if self.best is not None:
            self.folder.write_weights(self.folder.best, self.best)
        if self.rows is not None:
            self.folder.write_rows(self.rows)
        self.best = self.rows = None
        self.written = time.perf_counter()
