"""What a log is, and how the loop is listened to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:  # which come with torch, and logs are opened before
    from ..jobs.stages import Stage
    from ..run.display import Display
    from ..training.position import Position, Row

EVERY = 50
"""Steps between two numbers that are not those of an epoch."""


class About(NamedTuple):
    """What a log may tell of the run beside its numbers. `ident` stays the same when the run goes on, `before` are the
    steps and numbers of the epochs that it had then."""

    folder: str
    name: str
    ident: str
    settings: Mapping[str, Any]
    before: tuple[tuple[int, Mapping[str, float]], ...] = ()


class Log(Protocol):
    """Takes numbers by name. `step` counts the steps of the optimizer from the beginning of the run."""

    def numbers(self, step: int, numbers: Mapping[str, float]) -> None: ...

    def close(self, state: str) -> None: ...


class Watching:
    """Listens to the loop, for a display and for logs. A log that fails is left alone from then on: the run goes on."""

    def __init__(self, shown: Display, logs: Sequence[Log]) -> None:
        self.shown = shown
        self.logs = list(logs)

    def say(self, text: str) -> None:
        self.shown.say(text)

    def step(self, position: Position, stage: Stage, lr: float) -> None:
        self.shown.step(position, stage, lr)
        if self.logs and position.step % EVERY == 0:
            loss = position.loss / max(position.seen, 1)
            self.each(lambda log: log.numbers(position.step, {"step/loss": loss, "step/lr": lr}))

    def epoch(self, row: Row, best: bool) -> None:
        self.shown.epoch(row, best)
        found = dict(named(row))
        self.each(lambda log: log.numbers(int(row["steps"]), found))

    def close(self, state: str) -> None:
        self.each(lambda log: log.close(state))

    def each(self, tell: Callable[[Log], None]) -> None:
        for log in tuple(self.logs):
            try:
                tell(log)
            except Exception as error:  # whatever a service or a disk may raise: the run matters more
                self.logs.remove(log)
                self.say(f"no more numbers to {type(log).__name__}: {type(error).__name__}: {error}")


def named(row: Row) -> list[tuple[str, float]]:
    """The numbers of an epoch as logs call them: `train/loss`, `val/loss`, `lr`, `images_per_second`."""
    held = [key for key in row if key.startswith("val_")]
    learned = {key.removeprefix("val_") for key in held} | {"loss"}
    found = []
    for key, value in row.items():
        if isinstance(value, (int, float)) and key != "steps":
            place = f"val/{key[4:]}" if key in held else f"train/{key}" if key in learned else key
            found.append((place, float(value)))
    return found
