"""The learning rate at each step, as a factor of the full rate: pure functions of the position."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from functools import singledispatch
from typing import NamedTuple

from ...compiler.recipes import learning as rule
from ...compiler.recipes.types import Length


class Clock(NamedTuple):
    """How long a phase is, in steps, and how lengths become steps. `unit` is what a bare number counts."""

    steps: int
    per_epoch: int
    batch: int
    unit: str = "epochs"

    def length(self, length: Length) -> float:
        """A length in steps."""
        unit = length.unit or self.unit
        if unit == "images":
            return length.number / self.batch
        return length.number * (self.per_epoch if unit == "epochs" else 1)

    def told(self, length: Length) -> str:
        """`5 epochs`"""
        return f"{length.number:g} {length.unit or self.unit}"


Factor = Callable[[int], float]
"""From the number of steps done in the phase to the factor of the next one."""


def factor(schedule: rule.Schedule, clock: Clock, lr: float) -> Factor:
    """The schedule with its warm-up; `lr` is the full rate, which a `min` is measured by."""
    rise = round(clock.length(schedule.warmup))
    rest = curve(schedule, clock._replace(steps=max(clock.steps - rise, 1)), lr)

    def at(step: int) -> float:
        if step >= rise:
            return rest(step - rise)
        start = schedule.warmup_from
        return start + (1 - start) * (step + 1) / (rise + 1)

    return at


@singledispatch
def curve(schedule: rule.Schedule, clock: Clock, lr: float) -> Factor:
    """The factor without the warm-up."""
    return lambda step: 1.0


@curve.register
def cosine(schedule: rule.Cosine, clock: Clock, lr: float) -> Factor:
    low = schedule.min / lr if lr else 0.0
    return lambda step: low + (1 - low) * (1 + math.cos(math.pi * min(step / clock.steps, 1))) / 2


@curve.register
def linear(schedule: rule.Linear, clock: Clock, lr: float) -> Factor:
    low = schedule.min / lr if lr else 0.0
    return lambda step: low + (1 - low) * (1 - min(step / clock.steps, 1))


@curve.register
def polynomial(schedule: rule.Polynomial, clock: Clock, lr: float) -> Factor:
    low = schedule.min / lr if lr else 0.0
    return lambda step: low + (1 - low) * (1 - min(step / clock.steps, 1)) ** schedule.power


@curve.register
def stairs(schedule: rule.StepSchedule, clock: Clock, lr: float) -> Factor:
    every = max(clock.length(schedule.every), 1)
    times = math.inf if schedule.times is None else schedule.times
    return lambda step: schedule.factor ** min(step // every, times)


@curve.register
def multistep(schedule: rule.MultiStep, clock: Clock, lr: float) -> Factor:
    moments = sorted(clock.length(Length(moment)) for moment in schedule.at)
    return lambda step: schedule.factor ** bisect_right(moments, step)


@curve.register
def exponential(schedule: rule.Exponential, clock: Clock, lr: float) -> Factor:
    every = max(clock.length(schedule.every), 1)
    return lambda step: schedule.factor ** (step / every)


@curve.register
def one_cycle(schedule: rule.OneCycle, clock: Clock, lr: float) -> Factor:
    top = schedule.rise * clock.steps
    low = schedule.min / lr if lr else 0.0

    def at(step: int) -> float:
        if step < top:
            return schedule.start + (1 - schedule.start) * (1 - math.cos(math.pi * step / top)) / 2
        return low + (1 - low) * (1 + math.cos(math.pi * (step - top) / max(clock.steps - top, 1))) / 2

    return at


class Plateau:
    """Lowers the rate when the held-out loss has not fallen for a while; what it knows is saved with the run."""

    def __init__(self, schedule: rule.Plateau, clock: Clock, lr: float) -> None:
        self.schedule = schedule
        self.patience = clock.length(schedule.patience) / clock.per_epoch
        self.lowest = schedule.min / lr if lr else 0.0
        self.factor = 1.0
        self.best = math.inf
        self.waited = 0

    def seen(self, loss: float) -> None:
        """Take note of the loss of one epoch."""
        if loss < self.best:
            self.best, self.waited = loss, 0
            return
        self.waited += 1
        if self.waited > self.patience:
            self.factor = max(self.factor * self.schedule.factor, self.lowest)
            self.waited = 0

    def state(self) -> list[float]:
        return [self.factor, self.best, float(self.waited)]

    def restore(self, state: list[float]) -> None:
        self.factor, self.best, self.waited = state[0], state[1], int(state[2])
