"""The phases of a recipe as stretches of steps, and which examples each step sees."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...compiler.recipes import course, learning
from ...compiler.recipes.record import Recipe
from ..batches import keyed
from ..training.schedule import Clock

Positions = NDArray[np.int64]


class Stage(NamedTuple):
    """One phase: `steps` steps, told and measured every `per_epoch` of them. `passes` batches are one pass."""

    name: str
    recipe: Recipe
    batch: int
    split: int
    passes: int
    per_epoch: int
    steps: int

    @property
    def epochs(self) -> int:
        return -(-self.steps // self.per_epoch)

    def sizes(self, examples: int) -> tuple[int, ...]:
        """How large its batches are, of so many examples."""
        times = self.recipe.one(course.RepeatSamples)
        whole = examples * (times.times if times is not None else 1)
        return tuple({whole // self.passes, -(-whole // self.passes)})

    def least(self, examples: int) -> int:
        """How many examples the smallest part of its batches has, of so many: torch cuts off whole parts."""
        return min(size % -(-size // self.split) or -(-size // self.split) for size in self.sizes(examples))

    @property
    def clock(self) -> Clock:
        unit = "steps" if self.recipe.one(course.Steps) is not None else "epochs"
        return Clock(self.steps, self.per_epoch, self.batch, unit)


def stages(recipe: Recipe, examples: int) -> tuple[Stage, ...]:
    """The phases in order; a recipe without any is one."""
    if not recipe.phases:
        return (stage("", recipe, examples),)
    return tuple(stage(phase.name, recipe.within(phase), examples) for phase in recipe.phases)


def idle(found: tuple[Stage, ...]) -> Iterator[str]:
    """What the recipe asks for and a run of this length never comes to, in words."""
    for stage in found:
        schedule = stage.recipe.one(learning.Schedule)
        rise = round(stage.clock.length(schedule.warmup)) if schedule is not None else 0
        if rise >= stage.steps:
            where = f"phase `{stage.name}`" if stage.name else "the run"
            yield (f"the learning rate only rises: its warm-up takes {rise:,} steps, {where} {stage.steps:,}; "
                   "without it: `--set schedule.warmup=0`")  # fmt: skip
    average = found[-1].recipe.one(course.Average)
    steps = sum(stage.steps for stage in found)
    if average is not None and found[-1].clock.length(average.start) > steps:
        start = found[-1].clock.told(average.start)
        yield f"no weights are averaged: `average` starts after {start}, the run takes {steps} steps"


def stage(name: str, recipe: Recipe, examples: int) -> Stage:
    said = recipe.one(course.Batch) or course.Batch(size=64)
    times = recipe.one(course.RepeatSamples)
    passes = even(examples * (times.times if times is not None else 1), said.size)
    epochs, steps = recipe.one(course.Epochs), recipe.one(course.Steps)
    per_epoch = epochs.steps if epochs is not None and epochs.steps else passes
    total = steps.count if steps is not None else per_epoch * (epochs.count if epochs is not None else 1)
    return Stage(name, recipe, said.size, said.split, passes, per_epoch, total)


def even(count: int, size: int) -> int:
    """Into how many batches of about this size examples are divided, none much smaller than the others."""
    return max(-(-count // size), 1)


def parted(positions: Positions, count: int) -> list[Positions]:
    """In so many parts, none larger than another by more than one, as `numpy.array_split`, which takes longer."""
    least, larger = divmod(len(positions), count)
    edges = [i * least + min(i, larger) for i in range(count + 1)]
    return [positions[start:end] for start, end in pairwise(edges)]


@lru_cache(maxsize=2)
def batches_of(seed: int, epoch: int, examples: int, passes: int) -> tuple[Positions, ...]:
    """The examples in the order of one pass, cut into batches of nearly one size."""
    return tuple(parted(keyed.order(seed, epoch, examples), passes))


def plan(stage: Stage, seed: int, examples: int, first: int, start: int, stop: int) -> Iterator[tuple[int, Positions]]:
    """(pass, positions) for the steps from `start` up to `stop` of a stage; `first` passes went before it.

    Where examples come several times in a pass, positions count on behind the last example.
    """
    times = stage.recipe.one(course.RepeatSamples)
    examples *= times.times if times is not None else 1
    while start < stop:
        over, within = divmod(start, stage.passes)
        found = batches_of(seed, first + over, examples, stage.passes)[within : within + stop - start]
        yield from ((first + over, positions) for positions in found)
        start += len(found)
