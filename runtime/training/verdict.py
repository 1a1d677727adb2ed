"""Which weights are the best so far, and whether it is time to stop."""

from __future__ import annotations

import math

from ...compiler.diagnostics import UserError
from ...compiler.recipes import course
from .position import Position, Row

LOW = ("loss", "mae", "rmse", "pixel_error")
"""The figures that are good where they are low."""


def prefer(at: Position, row: Row, keep: course.Keep, usual: str) -> bool:
    """Whether an epoch is better than the best so far, which it then becomes; of equals the one with less loss.

    `usual` is the figure that counts where the recipe names none.
    """
    score, tie = goodness(row, keep.by or usual), -float(row["val_loss"])
    better = keep.what == "last" or (score, tie) > (at.best, at.best_tie)
    if better:
        at.best, at.best_tie, at.best_epoch = score, tie, at.epoch
    return better


def tire(at: Position, row: Row, stop: course.Stop) -> None:
    """Count the epochs without improvement, in `at.rows` and this one; `stopped` once they are too many."""
    before = max((goodness(earlier, stop.by) for earlier in at.rows if stop.by in earlier), default=-math.inf)
    at.waited = 0 if goodness(row, stop.by) > before else at.waited + 1
    at.stopped = at.waited >= stop.patience


def goodness(row: Row, by: str) -> float:
    """A figure of an epoch, the greater the better."""
    if by not in row:
        there = ", ".join(f"`{name}`" for name in row if name.startswith("val_"))
        raise UserError(f"`by={by}`: the run has no such figure, only {there}")
    return -float(row[by]) if by.removeprefix("val_") in LOW else float(row[by])
