"""A meter for each task: what its figures follow from, added up where the network runs."""

from __future__ import annotations

from functools import singledispatch
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..jobs import task as of
from .criterion import Outputs
from .figures import overlap
from .losses import activated
from .places import framed

Scores = dict[str, float]

ROWS = 1024
"""Vectors whose distances to all others are there at once."""

SAME = 1e-13
"""The part of the squares below which their spread is what rounding leaves of none."""


class Meter(Protocol):
    """Adds up what the figures of a task follow from."""

    def add(self, outputs: Outputs, y: Tensor) -> None: ...

    def scores(self) -> Scores: ...

    @property
    def told(self) -> Tensor | float:
        """The score of the task that is told while training, perhaps still to be computed."""

    @property
    def confusion(self) -> Any: ...


@singledispatch
def meter(task: of.Task, folded: str | None = None, top: tuple[int, ...] = ()) -> Meter:
    """An empty meter: `folded` is the activation left out of the first output, `top` are the top-k that are wanted."""
    raise NotImplementedError(task.word)


class Confusion:
    """How often each class was taken for each, of examples or places, and how often the right one was near the top.

    No activation changes the order of the outputs, so it is left out here. A single output is above 0 for yes.
    """

    def __init__(self, classes: int, top: tuple[int, ...] = ()) -> None:
        self.table: Any = 0
        self.classes = classes
        self.hits: dict[int, Any] = dict.fromkeys(top, 0)

    def add(self, outputs: Outputs, y: Tensor) -> None:
        found = outputs[0] if outputs[0].shape[1] > 1 else torch.cat([-outputs[0], outputs[0]], 1)
        y = framed(y, found)
        pairs = y.flatten() * self.classes + found.argmax(1).flatten()
        self.table = self.table + counts(pairs, self.classes**2)
        for k in self.hits:
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
def of_classification(task: of.Classification, folded: str | None = None, top: tuple[int, ...] = ()) -> Meter:
    return Confusion(max(len(task.classes), 2), top)


@meter.register
def of_segmentation(task: of.Segmentation, folded: str | None = None, top: tuple[int, ...] = ()) -> Meter:
    return Overlap(max(len(task.classes), 2), top)


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
def of_tagging(task: of.Tagging, folded: str | None = None, top: tuple[int, ...] = ()) -> Meter:
    return Tags()


class Errors:
    """Differences between what was found and what is known.

    `apart`: each value of the second dimension has a mean of its own, and R2 is the mean of theirs.
    """

    confusion = None

    def __init__(self, folded: str | None, apart: bool) -> None:
        self.folded = folded
        self.apart = apart
        self.sums: Any = 0
        """Of absolute errors, of their squares, of what is known, of its squares: (4, values)."""
        self.count = 0

    def add(self, outputs: Outputs, y: Tensor) -> None:
        found = activated(outputs[0].float(), self.folded)
        wanted = framed(y, found).double().reshape(found.shape)
        errors = found.double() - wanted
        sums = [errors.abs(), errors.square(), wanted, wanted.square()]
        self.sums = self.sums + torch.stack([self.summed(x) for x in sums])
        self.count += errors.numel()

    def summed(self, x: Tensor) -> Tensor:
        """For each value, or for all of them."""
        return x.sum([at for at in range(x.ndim) if at != 1]) if self.apart else x.sum()[None]

    def scores(self) -> Scores:
        count = max(self.count, 1)
        sums = self.sums.cpu().numpy()
        absolute, squares, _, _ = sums.sum(1).tolist()
        found = {"mae": absolute / count, "rmse": (squares / count) ** 0.5}
        return {**found, "r2": explained(sums[1:], count / sums.shape[1])}

    @property
    def told(self) -> Tensor:
        found: Tensor = self.sums[0].sum() / max(self.count, 1)
        return found


def explained(sums: Any, count: float) -> float:
    """R2, the mean over values, from the sums of squared errors, of what is known and of its squares. Of a value that
    is always the same, 1 where it is met and else 0, as scikit-learn has it."""
    squares, total, known = sums
    spread = known - total**2 / count
    spread = np.where(spread > SAME * known, spread, 0)
    shares = 1 - squares / np.where(spread > 0, spread, 1)
    return float(np.where(spread > 0, shares, squares == 0).mean())


@meter.register
def of_regression(task: of.Regression, folded: str | None = None, top: tuple[int, ...] = ()) -> Meter:
    return Errors(folded, apart=True)


@meter.register
def of_reconstruction(task: of.Reconstruction, folded: str | None = None, top: tuple[int, ...] = ()) -> Meter:
    return Errors(folded, apart=False)


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
    return (y[nearest(vectors[0])] == y).float().mean()


def nearest(vectors: Tensor) -> Tensor:
    """The place of the nearest other vector, of each: (N, D) -> (N,). As many rows at once as memory bears."""
    places = torch.arange(len(vectors), device=vectors.device)
    found = []
    for rows in torch.split(places, ROWS):
        distances = torch.cdist(vectors[rows], vectors)
        distances[rows - rows[0], rows] = float("inf")
        found.append(distances.argmin(1))
    return torch.cat(found)


@meter.register
def of_embedding(task: of.Embedding, folded: str | None = None, top: tuple[int, ...] = ()) -> Meter:
    return Neighbours()
