"""How well a network does at its task, over a split: each example counted once."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from operator import mul

import numpy as np
import torch
from torch import Tensor, nn

from ..batches.batch import Batch
from ..batches.feed import Feed
from ..devices.engine import Engine
from ..devices.fetch import Fetched
from ..devices.ranks import Positions
from ..jobs import task as of
from ..jobs.stages import even, parted
from .criterion import Criterion, Outputs, several
from .figures import Figures
from .losses import IGNORED
from .meters import Meter, meter
from .places import framed

BATCH = 256
LARGE = 2**26
"""Values of examples that one batch of a measurement holds at most."""


class Measuring:
    """What is measured and how: the task, the activation left out of the first output, and which top-k are wanted."""

    def __init__(self, task: of.Task, folded: str | None, top: tuple[int, ...] = ()) -> None:
        self.task, self.folded, self.top = task, folded, top

    def meter(self) -> Meter:
        return meter(self.task, self.folded, self.top)

    def running(self, outputs: Outputs, batch: Batch) -> Tensor | float:
        """The score that is told while training, of one batch, times its examples."""
        if isinstance(self.task, of.Classification):
            return right(outputs[0].detach(), batch.y).sum()
        with torch.no_grad():
            return len(batch.y) * self.share(outputs, batch)

    def share(self, outputs: Outputs, batch: Batch) -> Tensor | float:
        """The score of one batch."""
        if isinstance(self.task, of.Segmentation):
            hits, counted = right(outputs[0], batch.y), framed(batch.y, outputs[0]) != IGNORED
            return (hits & counted).sum() / counted.sum().clamp_min(1)
        counting = meter(self.task, self.folded)
        counting.add(outputs, known(batch, self.task))
        return counting.told


def right(found: Tensor, y: Tensor) -> Tensor:
    """Where the most probable class is the right one: (N,), or (N, spatial...)."""
    y = framed(y, found)
    return found.argmax(1) == y if found.shape[1] > 1 else (found[:, 0] > 0) == (y > 0)


def known(batch: Batch, task: of.Task) -> Tensor:
    """What the outputs are held against."""
    return batch.clean if isinstance(task, of.Reconstruction) and batch.clean is not None else batch.y


@torch.no_grad()
def answers(module: nn.Module, feed: Feed, engine: Engine, limit: int | None = None) -> Iterator[tuple[Outputs, Batch]]:
    """Outputs and batches, in the order of the split; in inference mode.

    Several processes share the work, each example once; all get everything but the inputs.
    """
    module.eval()
    size = min(BATCH, max(LARGE // max(prod(feed.wanted.shape), 1), 1))
    parts = parted(np.arange(len(feed)), even(len(feed), size * engine.ranks.total))[:limit]
    for batch, part in zip(feed.batches((0, engine.ranks.passed(part)) for part in parts), parts):
        there = engine.at_hand(batch)
        with engine.numbers():
            outputs = several(module(*there.inputs))
        yield tuple(engine.together.gathered(x, part) for x in outputs), whole(there, part, engine)


def whole(batch: Batch, positions: Positions, engine: Engine) -> Batch:
    """What is known about all examples of a batch, from the processes that share it."""
    if engine.ranks.alone:
        return batch
    clean = engine.together.gathered(batch.clean, positions) if batch.clean is not None else None
    y, *maps = (engine.together.gathered(x, positions) for x in (batch.y, *batch.maps))
    return batch._replace(y=y, positions=positions, clean=clean, maps=tuple(maps))


@torch.no_grad()
def measure(
    module: nn.Module, feed: Feed, engine: Engine, criterion: Criterion, measuring: Measuring, limit: int | None = None
) -> Figures:
    """Go over a split once; `limit` is a number of batches."""
    adding = measuring.meter()
    losses, sizes = [], []
    for outputs, batch in answers(module, feed, engine, limit):
        losses.append(criterion(outputs, batch.y, batch.clean, batch.maps))
        sizes.append(len(batch.y))
        adding.add(outputs, known(batch, measuring.task))
    count, loss = sum(sizes), sum(map(mul, Fetched(losses).read(), sizes))
    return Figures(count, loss / max(count, 1), adding.scores() if count else {}, adding.confusion)
