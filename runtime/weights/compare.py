"""Two sets of weights against each other: how far apart each array is, and what only one of them has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from .held import Array, Held, Sizes, sizes


class Difference(NamedTuple):
    """What became of one weight. `absolute` is the largest difference, `relative` that of the largest value of either;
    both None where the shapes differ or one has not the weight, whose shape is then None."""

    path: str
    before: Sizes | None
    after: Sizes | None
    absolute: float | None
    relative: float | None

    @property
    def same(self) -> bool:
        return self.absolute == 0

    def __str__(self) -> str:
        if self.before is None or self.after is None:
            side, shape = ("second", self.after) if self.before is None else ("first", self.before)
            return f"{self.path}: {sizes(shape or ())}, in the {side} only"
        if self.absolute is None:
            return f"{self.path}: {sizes(self.before)} in the first, {sizes(self.after)} in the second"
        return f"{self.path}: differs by {self.absolute:.3g}, {self.relative:.1e} of the largest"


def differences(before: Mapping[str, Held], after: Mapping[str, Held]) -> Iterator[Difference]:
    """Every weight of either, in the order of the first."""
    for path in [*before, *(path for path in after if path not in before)]:
        yield difference(path, before.get(path), after.get(path))


def difference(path: str, before: Held | None, after: Held | None) -> Difference:
    shapes = before and before.shape, after and after.shape
    if before is None or after is None or before.shape != after.shape:
        return Difference(path, *shapes, None, None)
    return Difference(path, *shapes, *apart(before.read(), after.read()))


def apart(a: Array, b: Array) -> tuple[float, float]:
    """The largest difference, absolute and relative to the largest value; NaN against NaN is none."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    with np.errstate(invalid="ignore"):
        gaps = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0, np.abs(a - b))
    absolute = float(np.nan_to_num(gaps, nan=np.inf).max(initial=0.0))
    largest = float(max(np.nan_to_num(np.abs(x)).max(initial=0.0) for x in (a, b)))
    return absolute, absolute / largest if largest else float(absolute > 0)


def as_dict(found: Difference) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in found._asdict().items()}
