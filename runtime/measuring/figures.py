"""The figures of a measurement."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Figures(NamedTuple):
    """Over a number of examples. `scores` are those of the task, by name. `confusion[i, j]` counts examples, or places,
    of class i taken for class j; None where there are no classes."""

    examples: int
    loss: float
    scores: dict[str, float]
    confusion: NDArray[np.int64] | None = None

    @property
    def accuracy(self) -> float:
        """Share of the examples, or places, whose class is right."""
        return self.scores["accuracy"]

    def as_dict(self, classes: tuple[str, ...]) -> dict[str, Any]:
        """For JSON: with the figures of each class."""
        found: dict[str, Any] = {"examples": self.examples, "loss": self.loss, **self.scores}
        if self.confusion is not None:
            names = classes if len(classes) == len(self.confusion) else tuple(map(str, range(len(self.confusion))))
            found["classes"] = {name: self.of_class(i) for i, name in enumerate(names)}
            found["confusion"] = self.confusion.tolist()
        return found

    def of_class(self, i: int) -> dict[str, Any]:
        """`recall`: share of the class that was found; `precision`: share of what was taken for it that is of it;
        `iou`, overlap over union: share of both together that is right."""
        assert self.confusion is not None
        there, said, right = self.confusion[i].sum(), self.confusion[:, i].sum(), self.confusion[i, i]
        return {
            "examples": int(there),
            "recall": share(right, there),
            "precision": share(right, said),
            "iou": share(right, there + said - right),
        }


def share(part: Any, whole: Any) -> float | None:
    return float(part / whole) if whole else None


def overlap(confusion: NDArray[np.int64]) -> float:
    """Overlap over union (Jaccard): of the foreground where it is told from background, else the mean of all classes.

    Classes that are neither there nor found do not count.
    """
    right = np.diag(confusion).astype(np.float64)
    union = confusion.sum(0) + confusion.sum(1) - right
    if len(confusion) == 2:
        right, union = right[1:], union[1:]
    there = union > 0
    return float((right[there] / union[there]).mean()) if there.any() else 1.0
