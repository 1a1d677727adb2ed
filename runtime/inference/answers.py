"""What a trained network says of examples: classes, tags, values, masks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ...compiler.diagnostics import UserError
from ..augment import sizing
from ..batches.feed import Feed
from ..data import Held, Split
from ..devices.reading import reading
from ..jobs.stages import even, parted
from ..measuring.judged import Judged
from .given import Loaded
from .trained import Trained

TOLD = {
    "classification": ("class", "probability"),
    "tagging": ("class", "probability"),
    "segmentation": ("class", "share"),
    "regression": ("value", "value"),
}
"""What is said of an example by each task: the name of what is told, and of its number."""

BATCH = 64
MANY = 1024
"""Files from which processes that read are worth their beginning."""


class Answer(NamedTuple):
    """What is said of one example: classes or tags with their probabilities, the most probable first, or values."""

    name: str
    top: tuple[tuple[str, float], ...]

    @property
    def label(self) -> str:
        """The most probable class."""
        return self.top[0][0]

    @property
    def confidence(self) -> float:
        """Its probability."""
        return self.top[0][1]


def as_dict(answer: Answer, task: str) -> dict[str, Any]:
    """For programs: `top` in the order of the answer, or `values`."""
    what, number = TOLD[task]
    if task == "regression":
        return {"file": answer.name, "values": dict(answer.top)}
    return {"file": answer.name, "top": [{what: name, number: value} for name, value in answer.top]}


class Mask(NamedTuple):
    """The class at every place of one example, (spatial...) of class numbers, in its own size where it was resized."""

    name: str
    numbers: NDArray[np.uint8]
    classes: tuple[str, ...]

    @property
    def shares(self) -> dict[str, float]:
        """How much of the example each class takes up, the largest first."""
        counts = np.bincount(self.numbers.ravel(), minlength=len(self.classes))
        order = [i for i in np.argsort(-counts, kind="stable").tolist() if counts[i]]
        return {class_name(self.classes, i): float(counts[i] / self.numbers.size) for i in order}

    @property
    def answer(self) -> Answer:
        """What it says as a whole: the shares of its classes."""
        return Answer(self.name, tuple(self.shares.items()))


def answers(trained: Trained, split: Split, top: int = 5) -> Iterator[Answer]:
    """What the network says of each example, in order; `top` bounds classes and tags. UserError for other tasks."""
    task, classes = trained.preparation.task, trained.preparation.classes
    if top < 1:
        raise UserError(f"`top` is at least 1, found {top}")
    if task not in ("classification", "tagging", "regression"):
        raise UserError(f"the model learned {task}: it tells no classes, tags or values")
    for positions, found in outputs(trained, split):
        count = found.shape[1] if task == "regression" else min(top, found.shape[1])
        order = np.arange(count)[None] if task == "regression" else found.topk(count, 1).indices.numpy()
        for position, values, chosen in zip(positions, found.numpy(), np.broadcast_to(order, (len(found), count))):
            name = split.examples.name(int(split.numbers[position]))
            yield Answer(name, tuple((class_name(classes, i), float(values[i])) for i in chosen.tolist()))


def masks(trained: Trained, split: Split) -> Iterator[Mask]:
    """The class at every place of each picture, in order. UserError for other tasks."""
    preparation = trained.preparation
    if preparation.task != "segmentation":
        raise UserError(f"the model learned {preparation.task}: it makes no masks")
    whole = not any(sizing(step) for step in preparation.steps)
    for positions, found in outputs(trained, split):
        for position, shares in zip(positions, found):
            number = int(split.numbers[position])
            taken = shares.argmax(0).to(torch.uint8)
            sizes = split.examples.load(number).shape[:-1]
            if whole and taken.shape != sizes:
                taken = functional.interpolate(taken[None, None].float(), size=sizes, mode="nearest-exact")[0, 0]
            yield Mask(split.examples.name(number), taken.numpy().astype(np.uint8), preparation.classes)


def class_name(classes: tuple[str, ...], number: int) -> str:
    return classes[number] if number < len(classes) else str(number)


def outputs(
    trained: Trained, split: Split, order: NDArray[np.int64] | None = None
) -> Iterator[tuple[NDArray[np.int64], Tensor]]:
    """Positions, in order unless another is given, and what the network gives, batch by batch."""
    preparation = trained.preparation
    made = reading(trained.device.type, None if reads_files(split) else 0)
    feed = Feed(split, preparation.steps, preparation.wanted, 0, reading=made, once=True)
    parts = parted(np.arange(len(split)) if order is None else order, even(len(split), BATCH))
    for batch in feed.batches((0, positions) for positions in parts):
        yield batch.positions, trained.predict(batch.on(trained.device).x)


def reads_files(split: Split) -> bool:
    """Whether there is much to read: not where examples lie in memory, as those of requests do."""
    return len(split) >= MANY and not isinstance(split.examples, (Held, Loaded))


def judged(trained: Trained, split: Split, seconds: float | None = None) -> Judged:
    """What the model says of each example; of as many as that takes, in random order, where time is given."""
    order = np.arange(len(split))
    if seconds is not None:
        order = np.random.default_rng(0).permutation(order)
    classes, began, parts = trained.preparation.classes, time.perf_counter(), []
    for at, found in outputs(trained, split, order):
        parts.append(Judged.of(classes, at, split.labels[at], found))
        if seconds is not None and time.perf_counter() - began > seconds:
            break
    return Judged.together(classes, parts)
