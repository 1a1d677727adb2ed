"""Where a run stands: what a checkpoint holds beside weights and optimizer."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

Row = dict[str, Any]
"""The figures of one epoch, as in `metrics.csv`."""


@dataclass
class Position:
    """Counts from the beginning of the run, and what the epoch under way has added up."""

    stage: int = 0
    stage_step: int = 0
    step: int = 0
    epoch: int = 0
    passes: int = 0
    loss: float = 0.0
    score: float = 0.0
    seen: int = 0
    best: float = -math.inf
    best_tie: float = -math.inf
    best_epoch: int = 0
    waited: int = 0
    stopped: bool = False
    averaged: int = 0
    told: str = "accuracy"
    """What `score` is the sum of, over the examples of the epoch."""
    rows: list[Row] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def forget_best(self) -> None:
        """None of the epochs so far was the best."""
        self.best, self.best_tie, self.best_epoch = -math.inf, -math.inf, 0

    def forget_epoch(self) -> None:
        """Begin to add up anew."""
        self.loss, self.score, self.seen = 0.0, 0.0, 0
