"""The figures of a classification."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Figures(NamedTuple):
    """Over a number of examples. `confusion[i, j]` counts examples of class i taken for class j."""

    examples: int
    loss: float
    accuracy: float
    confusion: NDArray[np.int64]
    top: dict[int, float]

    def as_dict(self, classes: tuple[str, ...]) -> dict[str, Any]:
        """For JSON: with recall and precision per class."""
        return {
            "examples": self.examples,
            "loss": self.loss,
            "accuracy": self.accuracy,
            **{f"top{k}": share for k, share in self.top.items()},
            "classes": {name: self.of_class(i) for i, name in enumerate(classes)},
            "confusion": self.confusion.tolist(),
        }

    def of_class(self, i: int) -> dict[str, Any]:
        """`recall`: share of the class that was found; `precision`: share of what was taken for it that is of it."""
        there, said, right = self.confusion[i].sum(), self.confusion[:, i].sum(), self.confusion[i, i]
        return {
            "examples": int(there),
            "recall": float(right / there) if there else None,
            "precision": float(right / said) if said else None,
        }
