"""How well a network does at its task: a meter for each, over a split, each example counted once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from math import prod
from operator import mul
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..batches.batch import Batch
from ..batches.feed import Feed
from ..devices.engine import Engine
from ..devices.fetch import Fetched
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
    def told(self) -> Tensor | float:
        """The score of the task that is told while training, perhaps still to be computed."""

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
    losses, sizes = [], []
    for outputs, batch in answers(module, feed, engine, limit):
        losses.append(criterion(outputs, batch.y, batch.clean))
        sizes.append(len(batch.y))
        adding.add(outputs, known(batch, measuring.task))
    count, loss = sum(sizes), sum(map(mul, Fetched(losses).read(), sizes))
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
        self.table: Any = 0
        self.classes, self.how = classes, how
        self.hits: dict[int, Any] = dict.fromkeys(how.top, 0)

    def add(self, outputs: Outputs, y: Tensor) -> None:
        found = outputs[0] if outputs[0].shape[1] > 1 else torch.cat([-outputs[0], outputs[0]], 1)
        y = framed(y, found)
        pairs = y.flatten() * self.classes + found.argmax(1).flatten()
        self.table = self.table + counts(pairs, self.classes**2)
        for k in self.how.top:
            best = found.topk(min(k, found.shape[1]), 1).indices
            self.hits[k] = self.hits[k] + (best == y[:, None]).any(1).sum()

    @property
    def confusion(self) -> Any:
        table = self.table.cpu().numpy() if isinstance(self.table, Tensor) else self.table
        return np.broadcast_to(table, self.classes**2).reshape(self.classes, self.classes)

    def scores(self) -> Scores:
        table = self.confusion
        count = max(int(table.sum()), 1)
        right = float(np.trace(table)) / count
        return {"accuracy": right, **{f"top{k}": int(n) / count for k, n in self.hits.items()}}

    @property
    def told(self) -> float:
        return self.scores()["accuracy"]


def counts(numbers: Tensor, length: int) -> Any:
    """How often each whole number from 0 on is there, (length,); those below 0 do not count. For tensors of the CPU an
    array, else a tensor that is still to be computed."""
    if numbers.device.type == "cpu":
        array = numbers.numpy()
        return np.bincount(array[array >= 0], minlength=length)
    one = (numbers >= 0).long()
    return torch.zeros(length, dtype=torch.long, device=numbers.device).scatter_add_(0, numbers.clamp_min(0), one)


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
        self.count = 0

    def add(self, outputs: Outputs, y: Tensor) -> None:
        said, there = outputs[0].float() > 0, y > 0.5
        self.table = self.table + torch.stack([(said & there).sum(0), (said & ~there).sum(0), (~said & there).sum(0)])
        self.count += y.numel()

    def scores(self) -> Scores:
        hit, wrong, missed = self.table.cpu().numpy().astype(np.float64)
        f1 = 2 * hit / np.maximum(2 * hit + wrong + missed, 1)
        return {"f1": float(f1.mean()), "accuracy": float(self.told)}

    @property
    def told(self) -> Tensor:
        found: Tensor = 1 - self.table[1:].sum() / max(self.count, 1)
        return found


@meter.register
def of_tagging(task: of.Tagging, how: Measuring) -> Meter:
    return Tags()


class Errors:
    """Differences between what was found and what is known."""

    confusion = None

    def __init__(self, how: Measuring) -> None:
        self.how = how
        self.sums: Any = 0
        """Of absolute errors, of their squares, of what is known, of its squares."""
        self.count = 0

    def add(self, outputs: Outputs, y: Tensor) -> None:
        found = activated(outputs[0].float(), self.how.folded)
        wanted = framed(y, found).double().reshape(found.shape)
        errors = found.double() - wanted
        sums = [errors.abs().sum(), errors.square().sum(), wanted.sum(), wanted.square().sum()]
        self.sums = self.sums + torch.stack(sums)
        self.count += errors.numel()

    def scores(self) -> Scores:
        count = max(self.count, 1)
        absolute, squares, total, known = self.sums.tolist()
        spread = known - total**2 / count
        found = {"mae": absolute / count, "rmse": (squares / count) ** 0.5}
        return {**found, "r2": 1 - squares / spread if spread > 0 else 0.0}

    @property
    def told(self) -> Tensor:
        found: Tensor = self.sums[0] / max(self.count, 1)
        return found


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
        self.found.append((tuple(x.float().flatten(1) for x in outputs), y))

    def scores(self) -> Scores:
        return {"accuracy": float(self.told)}

    @property
    def told(self) -> Tensor:
        vectors = [torch.cat(column) for column in zip(*(outputs for outputs, _ in self.found))]
        return nearness(vectors, torch.cat([labels for _, labels in self.found]))


def nearness(vectors: list[Tensor], y: Tensor) -> Tensor:
    if len(vectors) == 3:
        near, far = ((vectors[0] - other).square().sum(1) for other in vectors[1:])
        return (near < far).float().mean()
    if len(vectors) == 2:
        order = (vectors[0] - vectors[1]).square().sum(1).argsort()
        alike = (y[order] == 1).float()
        right = functional.pad((2 * alike - 1).cumsum(0), (1, 0)) + (1 - alike).sum()
        return right.max() / len(y)
    distances = among(vectors[0]).fill_diagonal_(float("inf"))
    return (y[distances.argmin(1)] == y).float().mean()


@meter.register
def of_embedding(task: of.Embedding, how: Measuring) -> Meter:
    return Neighbours()
