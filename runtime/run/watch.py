"""Who is told how a run goes."""

from __future__ import annotations

from typing import Protocol

from ..jobs.stages import Stage
from ..training.position import Position, Row


class Watch(Protocol):
    """Who is told how it goes."""

    def step(self, position: Position, stage: Stage, lr: float) -> None: ...

    def epoch(self, row: Row, best: bool) -> None: ...

    def say(self, text: str) -> None: ...
