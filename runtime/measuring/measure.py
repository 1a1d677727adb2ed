"""How well a network does at its task: a meter for each, over a split, each example counted once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from math import prod
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from ..batches.batch import Batch
from ..batches.feed import Feed
from ..devices.engine import Engine
from ..devices.ranks import Positions
from ..jobs import task as of
from ..jobs.stages import even, parted
from .criterion import Criterion, Outputs
from .figures import Figures, overlap
from .losses import IGNORED, activated, among
from .places import framed

BATCH = 256
LARGE = 2**26
"""Values of examples that one batch of a measurement holds at most."""

Scores = dict[str, float]


def several(found: Any) -> Outputs:
    """The outputs as a tuple."""
    return found if isinstance(found, tuple) else (found,)


class Meter(Protocol):
    """Adds up what the figures of a task follow from."""

    def add(self, outputs: Outputs, y: Tensor) -> None: ...

    def scores(self) -> Scores: ...

    @property
    def confusion(self) -> Any: ...


class Measuring:
    """What is measured and how: the task, the activation left out of the first output, and which top-k are wanted."""

    def __init__(self, task: of.Task, folded: str | None, top: tuple[int, ...] = ()) -> None:
        self.task, self.folded, self.top = task, folded, top

    def meter(self) -> Meter:
        return meter(self.task, self)

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
        counting = meter(self.task, Measuring(self.task, self.folded))
        counting.add(outputs, known(batch, self.task))
        return counting.scores()[self.task.score]


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
    own = [engine.ranks.share(part) for part in parts]
    plan = ((0, share if len(share) else part[:1]) for share, part in zip(own, parts))
    for batch, part in zip(feed.batches(plan), parts):
        there = engine.at_hand(batch)
        with engine.numbers():
            outputs = several(module(*there.inputs))
        yield tuple(engine.together.gathered(x, part) for x in outputs), whole(there, part, engine)


def whole(batch: Batch, positions: Positions, engine: Engine) -> Batch:
    """What is known about all examples of a batch, from the processes that share it."""
    if engine.ranks.alone:
        return batch
    clean = engine.together.gathered(batch.clean, positions) if batch.clean is not None else None
    return batch._replace(y=engine.together.gathered(batch.y, positions), positions=positions, clean=clean)


@torch.no_grad()
def measure(
    module: nn.Module, feed: Feed, engine: Engine, criterion: Criterion, measuring: Measuring, limit: int | None = None
) -> Figures:
    """Go over a split once; `limit` is a number of batches."""
    adding = measuring.meter()
    loss, count = 0.0, 0
    for outputs, batch in answers(module, feed, engine, limit):
        loss += float(criterion(outputs, batch.y, batch.clean)) * len(batch.y)
        count += len(batch.y)
        adding.add(outputs, known(batch, measuring.task))
    return Figures(count, loss / max(count, 1), adding.scores() if count else {}, adding.confusion)


# --- a meter for each task --------------------------------------------------------------------------------------------


@singledispatch
def meter(task: of.Task, how: Measuring) -> Meter:
    """An empty meter."""
    raise NotImplementedError(task.word)


class Confusion:
    """How often each class was taken for each, of examples or places, and how often the right one was near the top.

    No activation changes the order of the outputs, so it is left out here. A single output is above 0 for yes.
    """

    def __init__(self, classes: int, how: Measuring) -> None:
        self.table: Any = np.zeros(classes * classes, np.int64)
        self.classes, self.how = classes, how
        self.hits = dict.fromkeys(how.top, 0)
        self.count = 0

    def add(self, outputs: Outputs, y: Tensor) -> None:
        found = outputs[0] if outputs[0].shape[1] > 1 else torch.cat([-outputs[0], outputs[0]], 1)
        y = framed(y, found)
        pairs = (y.flatten() * self.classes + found.argmax(1).flatten()).cpu().numpy()
        pairs = pairs[pairs >= 0]  # what does not count is below
        self.table += np.bincount(pairs, minlength=self.classes**2)
        self.count += len(pairs)
        for k in self.how.top:
            best = found.topk(min(k, found.shape[1]), 1).indices
            self.hits[k] += int((best == y[:, None]).any(1).sum())

    @property
    def confusion(self) -> Any:
        return self.table.reshape(self.classes, self.classes)

    def scores(self) -> Scores:
        right = float(np.trace(self.confusion)) / max(self.count, 1)
        return {"accuracy": right, **{f"top{k}": n / max(self.count, 1) for k, n in self.hits.items()}}


class Overlap(Confusion):
    """The same over places, with overlap over union."""

    def scores(self) -> Scores:
        found = super().scores()
        return {"iou": overlap(self.confusion), **found, "pixel_error": 1 - found["accuracy"]}


@meter.register
def of_classification(task: of.Classification, how: Measuring) -> Meter:
    return Confusion(max(len(task.classes), 2), how)


@meter.register
def of_segmentation(task: of.Segmentation, how: Measuring) -> Meter:
    return Overlap(max(len(task.classes), 2), how)


class Tags:
    """Right and wrong answers for each tag; a tag is taken to be there from a probability of one half."""

    confusion = None

    def __init__(self) -> None:
        self.table: Any = 0
        self.right = self.count = 0

    def add(self, outputs: Outputs, y: Tensor) -> None:
        said, there = outputs[0].float() > 0, y > 0.5
        parts = torch.stack([(said & there).sum(0), (said & ~there).sum(0), (~said & there).sum(0)])
        self.table = self.table + parts.cpu().numpy().astype(np.float64)
        self.right += int((said == there).sum())
        self.count += y.numel()

    def scores(self) -> Scores:
        hit, wrong, missed = self.table
        f1 = 2 * hit / np.maximum(2 * hit + wrong + missed, 1)
        return {"f1": float(f1.mean()), "accuracy": self.right / max(self.count, 1)}


@meter.register
def of_tagging(task: of.Tagging, how: Measuring) -> Meter:
    return Tags()


class Errors:
    """Differences between what was found and what is known."""

    confusion = None

    def __init__(self, how: Measuring) -> None:
        self.how = how
        self.absolute = self.squares = self.total = self.known = 0.0
        self.count = 0

    def add(self, outputs: Outputs, y: Tensor) -> None:
        found = activated(outputs[0].float(), self.how.folded)
        wanted = framed(y, found).double().reshape(found.shape)
        errors = found.double() - wanted
        self.absolute += float(errors.abs().sum())
        self.squares += float(errors.square().sum())
        self.total += float(wanted.sum())
        self.known += float(wanted.square().sum())
        self.count += errors.numel()

    def scores(self) -> Scores:
        count = max(self.count, 1)
        spread = self.known - self.total**2 / count
        found = {"mae": self.absolute / count, "rmse": (self.squares / count) ** 0.5}
        return {**found, "r2": 1 - self.squares / spread if spread > 0 else 0.0}


@meter.register
def of_regression(task: of.Regression, how: Measuring) -> Meter:
    return Errors(how)


@meter.register
def of_reconstruction(task: of.Reconstruction, how: Measuring) -> Meter:
    return Errors(how)


class Neighbours:
    """`accuracy` of vectors. Of triplets: how often the positive is nearer than the negative. Of pairs: how often one
    distance, the best there is, tells like from unlike. Else: how often the nearest other example is of the class."""

    confusion = None

    def __init__(self) -> None:
        self.found: list[tuple[Outputs, Tensor]] = []

    def add(self, outputs: Outputs, y: Tensor) -> None:
        self.found.append((tuple(x.float().flatten(1).cpu() for x in outputs), y.cpu()))

    def scores(self) -> Scores:
        vectors = [torch.cat(column) for column in zip(*(outputs for outputs, _ in self.found))]
        y = torch.cat([labels for _, labels in self.found])
        return {"accuracy": nearness(vectors, y)}


def nearness(vectors: list[Tensor], y: Tensor) -> float:
    if len(vectors) == 3:
        near, far = ((vectors[0] - other).square().sum(1) for other in vectors[1:])
        return float((near < far).float().mean())
    if len(vectors) == 2:
        order = (vectors[0] - vectors[1]).square().sum(1).argsort()
        alike = (y[order] == 1).double()
        right = torch.cat([torch.zeros(1, dtype=torch.double), (2 * alike - 1).cumsum(0)]) + (1 - alike).sum()
        return float(right.max() / len(y))
    distances = among(vectors[0]).fill_diagonal_(float("inf"))
    return float((y[distances.argmin(1)] == y).float().mean())


@meter.register
def of_embedding(task: of.Embedding, how: Measuring) -> Meter:
    return Neighbours()
