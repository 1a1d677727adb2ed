"""What a classifier said of labelled examples, and the figures that follow. Loads no torch."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

BINS = 15
"""Into how many parts of equal width confidence is divided, as Guo et al. (2017) do."""


class Scores(NamedTuple):
    """How well one class is told: shares of 0 to 1, None where nothing was there to take a share of."""

    examples: int
    precision: float | None
    """Of what was taken for the class, how much is of it."""
    recall: float | None
    """Of what is of the class, how much was found."""
    f1: float | None
    """Their harmonic mean."""


class Bin(NamedTuple):
    """Examples about whose class the model was about equally sure."""

    low: float
    high: float
    examples: int
    confidence: float
    accuracy: float


class Judged(NamedTuple):
    """One value for each example, (N,), in one order.

    `said` is the class found most probable, `confidence` its probability; `right` is the probability of the true
    class, `rank` the number of classes found more probable than it. `positions` are those in the split.
    """

    classes: tuple[str, ...]
    positions: NDArray[np.int64]
    labels: NDArray[np.int64]
    said: NDArray[np.int64]
    confidence: NDArray[np.float32]
    right: NDArray[np.float32]
    rank: NDArray[np.int64]

    @classmethod
    def of(cls, classes: tuple[str, ...], positions: Any, labels: Any, found: Any) -> Judged:
        """From probabilities, (N, classes)."""
        found, labels = np.asarray(found, np.float32), np.asarray(labels, np.int64)
        at = np.arange(len(labels))
        right = found[at, labels]
        rank = (found > right[:, None]).sum(1)
        said = found.argmax(1)
        return cls(classes, np.asarray(positions, np.int64), labels, said, found[at, said], right, rank)

    @classmethod
    def together(cls, classes: tuple[str, ...], parts: list[Judged]) -> Judged:
        """The examples of several, one behind the other."""
        if not parts:
            return cls.of(classes, [], [], np.zeros((0, max(len(classes), 1))))
        return cls(classes, *(np.concatenate(column) for column in list(zip(*parts))[1:]))

    # --- the figures --------------------------------------------------------------------------------------------------

    @property
    def examples(self) -> int:
        return len(self.labels)

    @property
    def accuracy(self) -> float:
        return mean(self.said == self.labels)

    @property
    def loss(self) -> float:
        """The mean cross entropy."""
        return mean(-np.log(np.maximum(self.right.astype(np.float64), 1e-12)))

    def top(self, k: int) -> float:
        """Share of examples whose class is among the k most probable."""
        return mean(self.rank < k)

    @property
    def confusion(self) -> NDArray[np.int64]:
        """[i, j] counts examples of class i taken for class j."""
        count = len(self.classes)
        return np.bincount(self.labels * count + self.said, minlength=count * count).reshape(count, count)

    def confused(self, most: int) -> list[tuple[int, str, str]]:
        """How often a class was taken for which other, the most frequent first."""
        return confused(self.confusion, self.classes, most)

    def scores(self) -> tuple[Scores, ...]:
        """One for each class."""
        return scores(self.confusion)

    @property
    def error(self) -> float:
        """The expected calibration error (Guo et al., 2017): how far confidence lies from accuracy, on the average."""
        return sum(b.examples * abs(b.confidence - b.accuracy) for b in self.reliability()) / max(self.examples, 1)

    def reliability(self, bins: int = BINS) -> tuple[Bin, ...]:
        """The examples by how sure the model was; empty bins are left out."""
        number = np.minimum((self.confidence * bins).astype(int), bins - 1)
        hit = self.said == self.labels
        found = ((i, number == i) for i in range(bins))
        return tuple(
            Bin(i / bins, (i + 1) / bins, int(some.sum()), mean(self.confidence[some]), mean(hit[some]))
            for i, some in found
            if some.any()
        )

    def worst(self) -> NDArray[np.int64]:
        """Numbers of the examples that were told wrong, the surest mistake first."""
        order = np.argsort(-(self.confidence - self.right), kind="stable")
        wrong: NDArray[np.int64] = order[self.said[order] != self.labels[order]]
        return wrong

    def as_dict(self, ks: tuple[int, ...] = ()) -> dict[str, Any]:
        """For JSON."""
        found = self.scores()
        return {
            "examples": self.examples,
            "loss": self.loss,
            "accuracy": self.accuracy,
            **{f"top{k}": self.top(k) for k in ks},
            **averages(found),
            "calibration_error": self.error,
            "reliability": [b._asdict() for b in self.reliability()],
            "classes": {name: score._asdict() for name, score in zip(self.classes, found)},
            "confusion": self.confusion.tolist(),
        }


def confused(confusion: NDArray[np.int64], classes: tuple[str, ...], most: int) -> list[tuple[int, str, str]]:
    """How often a class was taken for which other, the most frequent first."""
    table = confusion.copy()
    np.fill_diagonal(table, 0)
    order = np.argsort(-table, axis=None, kind="stable")[:most]
    places = zip(*np.unravel_index(order, table.shape))
    return [(int(table[i, j]), classes[i], classes[j]) for i, j in places if table[i, j]]


def scores(confusion: NDArray[np.int64]) -> tuple[Scores, ...]:
    """The scores of each class, from how often each was taken for each."""
    there, said, right = confusion.sum(1), confusion.sum(0), confusion.diagonal()
    return tuple(
        Scores(int(n), share(hit, m), share(hit, n), share(2 * hit, n + m)) for n, m, hit in zip(there, said, right)
    )


def averages(found: tuple[Scores, ...]) -> dict[str, float]:
    """Precision, recall and F1 averaged over the classes that have examples, each class alike; none said counts 0."""
    there = [score for score in found if score.examples]
    words = ("precision", "recall", "f1")
    return {word: mean(np.array([getattr(score, word) or 0.0 for score in there])) for word in words}


def share(part: Any, whole: Any) -> float | None:
    return float(part / whole) if whole else None


def mean(values: NDArray[Any]) -> float:
    """The mean, 0 of nothing."""
    return float(values.mean()) if len(values) else 0.0
