"""What a run writes after an epoch: its rows, and the best weights where these are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from ...compiler.diagnostics import UserError
from ...compiler.graph import Checked
from ..training.position import Row
from ..weights import load
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
        self.sparing = Sparing()

    def add(self, rows: list[Row], best: Mapping[str, Any] | None = None) -> None:
        """An epoch is over; its weights where they are the best so far. What becomes of these behind this call does
        not matter."""
        self.rows = rows
        if self.sparing.due:
            self.write(best)
        elif best is not None and self.folder.written:
            self.best = {name: x.clone() if isinstance(x, Tensor) else x for name, x in best.items()}

    def write(self, best: Mapping[str, Any] | None = None) -> None:
        """Write what waits; better weights than those that wait."""
        if self.rows is None:
            return
        best = self.best if best is None else best
        with self.sparing.writing():
            if best is not None:
                self.folder.write_weights(self.folder.best, best)
            self.folder.write_rows(self.rows)
        self.best = self.rows = None


def lost(folder: RunFolder, checked: Checked) -> str:
    """Why the best weights cannot be taken; nothing where they can."""
    try:
        for _ in load(checked, folder.best).values():
            pass
    except OSError as error:
        return f"{folder.best}: {(error.strerror or str(error)).lower()}"
    except UserError as error:
        return f"{folder.best}: {error}"
    return ""
