"""What a name of an ONNX graph stands for while it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Union

import numpy as np

from ..arranged import Map, first, last
from ..unread import Unread


class Sizes(NamedTuple):
    """A tensor of sizes computed from shapes; None where the batch or an open size stands."""

    items: tuple[int | None, ...]
    scalar: bool = False


class Lost(NamedTuple):
    """A value that has no counterpart of its own; it matters only if nothing else explains it."""

    reason: Unread


Value = Union[Map, Sizes, Lost]


def whole(items: Sequence[Any] | np.ndarray[Any, Any]) -> list[int]:
    return [int(n) for n in np.asarray(items).reshape(-1)]


def uniform(array: np.ndarray[Any, Any]) -> float | None:
    """The one number that an array holds, however often."""
    flat = array.reshape(-1)
    return float(flat[0]) if flat.size and bool((flat == flat[0]).all()) else None


__all__ = ["Lost", "Map", "Sizes", "Value", "first", "last", "uniform", "whole"]
