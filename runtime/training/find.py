"""What to train with: the learning rate by a range test, the batch size by its speed. Nothing is kept of the trials."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from ...compiler.recipes import course, learning
from ...compiler.recipes.base import Entry
from ...compiler.recipes.record import Recipe
from ..batches.batch import Batch
from ..batches.readers import readers_needed
from ..devices.engine import Engine
from ..devices.ranks import Positions
from ..jobs.job import Job
from ..run.memory import starved
from ..run.run_folder import Unwritten
from .learner import TrainingError
from .position import Position
from .train import Trainer

LOWEST, HIGHEST = 1e-6, 10.0
STEPS = 100
SMOOTH = 0.9
"""Share of the mean loss so far that is kept at each step."""
DIVERGED = 4.0
"""How many times the least loss a loss is that is out of hand."""
ENOUGH = 0.9
"""The share of the greatest speed from which a larger batch is not worth it."""
SIZES = tuple(2**n for n in range(2, 13))
PATIENCE = 10.0
"""Seconds that a step of a trial may take."""
TIMED = 3
"""Steps of a trial that are timed at most."""


class Nobody:
    """Is told nothing."""

    def step(self, *_: object) -> None: ...

    def epoch(self, *_: object) -> None: ...

    def say(self, text: str) -> None: ...


class Tried(NamedTuple):
    """One step of the range test."""

    lr: float
    loss: float


class Rates(NamedTuple):
    """The range test: `steepest` is the rate at which the loss falls fastest, `least` that of the least loss."""

    tried: tuple[Tried, ...]
    steepest: float
    least: float

    @property
    def wanted(self) -> float:
        """A rate to train with: the steepest, but no more than a tenth of that of the least loss."""
        return min(self.steepest, self.least / 10)


class Speed(NamedTuple):
    """Training with batches of one size; `error` where they do not fit."""

    size: int
    per_second: float = 0.0
    error: str = ""


def find_rate(job: Job, engine: Engine) -> Rates:
    """Smith (2015): train with a rate that grows at each step, until the loss is out of hand."""
    plain = job.recipe.having([learning.Constant()])
    trainer = begun(job._replace(recipe=without(plain, course.Average)), engine)
    learner, at = trainer.learner, Position()
    full = max(group["rate"] for group in learner.optimizer.param_groups) or 1.0
    learner.plateau = None
    learner.factor = lambda step: LOWEST * (HIGHEST / LOWEST) ** (step / (STEPS - 1)) / full
    learner.learning()
    tried: list[Tried] = []
    mean, least = 0.0, math.inf
    for number, batch in enumerate(read(trainer, STEPS)):
        before = at.loss
        try:
            lr = learner.step(batch, at)
            learner.settle(at)
        except TrainingError:
            break
        loss = (at.loss - before) / len(batch.y)
        mean = SMOOTH * mean + (1 - SMOOTH) * loss
        smooth = mean / (1 - SMOOTH ** (number + 1))
        if not math.isfinite(smooth) or (number > 10 and smooth > DIVERGED * least):
            break
        least = min(least, smooth)
        tried.append(Tried(lr, smooth))
    return judged(tuple(tried))


def judged(tried: tuple[Tried, ...]) -> Rates:
    """The steepest fall of the loss over the logarithm of the rate, and the least loss, without the first few steps."""
    losses, rates = np.array([t.loss for t in tried]), np.array([t.lr for t in tried])
    skip = min(10, len(tried) // 3)
    end = int(losses.argmin()) + 1
    falls = np.gradient(losses)[skip : max(end, skip + 2)] if len(tried) > skip + 2 else np.zeros(1)
    return Rates(tried, float(rates[min(skip + int(falls.argmin()), len(rates) - 1)]), float(rates[losses.argmin()]))


def find_batch(job: Job, engine: Engine) -> Iterator[Speed]:
    """Sizes in turn, each twice the one before, until memory, patience or examples end or larger is no faster."""
    fastest = 0.0
    for size in [size for size in SIZES if size <= len(job.data.train)] or [len(job.data.train)]:
        found = speed(job, engine, size)
        yield found
        if found.error or found.per_second < 0.8 * fastest or size / max(found.per_second, 1e-9) > PATIENCE:
            return
        fastest = max(fastest, found.per_second)


def best(found: list[Speed]) -> Speed | None:
    """The smallest batch that is nearly as fast as any."""
    whole = [one for one in found if not one.error]
    fastest = max((one.per_second for one in whole), default=0.0)
    return next((one for one in whole if one.per_second >= ENOUGH * fastest), None)


def speed(job: Job, engine: Engine, size: int) -> Speed:
    """Examples a second over a few steps; the first step does not count."""
    said = job.recipe.one(course.Batch) or course.Batch(size=size)
    recipe = without(job.recipe, course.Batch).having([said.changed(size=size)])
    try:
        return Speed(size, size / paced(begun(job._replace(recipe=recipe), engine), engine))
    except (RuntimeError, MemoryError) as error:
        if not starved(error):
            raise
        return Speed(size, error="out of memory")
    finally:
        gc.collect()
        if engine.kind == "cuda":
            torch.cuda.empty_cache()


def paced(trainer: Trainer, engine: Engine) -> float:
    """Seconds of the fastest of a few steps, what is prepared between them on the same cores included. Beside a GPU
    others prepare, and a few steps do not tell how fast: there it is the step alone."""
    trainer.learner.learning()
    took: list[float] = []
    start = began = time.perf_counter()
    for batch in read(trainer, 1 + TIMED):
        began = time.perf_counter() if engine.apart else began
        trainer.learner.step(batch, trainer.position)
        engine.wait()
        now = time.perf_counter()
        took.append(now - began)
        began = now
        if len(took) > 1 and now - start > PATIENCE:
            break
    return min(took[1:])


def begun(job: Job, engine: Engine) -> Trainer:
    """A run that writes nothing."""
    trainer = Trainer(job, Unwritten(), engine, Nobody())
    trainer.prepare()
    return trainer


def read(trainer: Trainer, count: int) -> Iterator[Batch]:
    """So many batches, made as those of a run are."""
    try:
        with readers_needed():
            yield from trainer.feed.batches((number, some(trainer, number)) for number in range(count))
    finally:
        trainer.feeds.only()


def some(trainer: Trainer, number: int) -> Positions:
    """The positions of one batch after another, over and over."""
    size, count = min(trainer.stages[0].batch, len(trainer.feed)), len(trainer.feed)
    order = np.random.default_rng(0).permutation(count)
    found: Positions = order[(np.arange(size) + number * size) % count]
    return found


def without(recipe: Recipe, kind: type[Entry]) -> Recipe:
    """The recipe without the entries of a kind."""
    return recipe._replace(said=tuple(said for said in recipe.said if not isinstance(said.entry, kind)))


def drawn(rates: Rates, width: int = 40) -> Iterator[str]:
    """The loss over the rate, a line for every fifth step."""
    low, high = (f(t.loss for t in rates.tried) for f in (min, max))
    for one in rates.tried[::5]:
        share = (one.loss - low) / max(high - low, 1e-12)
        yield f"{one.lr:8.1e}  {one.loss:10.4f}  {'#' * (1 + round(share * width))}"
