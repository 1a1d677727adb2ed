"""What a name of an ONNX graph stands for while it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Union

import numpy as np

from ..arranged import Map, first, last
from ..unread import Unread


class Sizes(NamedTuple):
    """A tensor of sizes computed from shapes; None where the batch or an open size stands.

    `origins` says of which value each is a size, and of which of its written axes; None where it was computed further.
    """

    items: tuple[int | None, ...]
    scalar: bool = False
    origins: tuple[tuple[Map, int] | None, ...] = ()

    def at(self, places: Sequence[int], *, scalar: bool = False) -> Sizes:
        """Those at some places."""
        return Sizes(tuple(self.items[i] for i in places), scalar, tuple(self.known_origins[i] for i in places))

    @property
    def known_origins(self) -> tuple[tuple[Map, int] | None, ...]:
        return self.origins or (None,) * len(self.items)

    def value(self, rank: int) -> Map | None:
        """The value of which the last ones are the sizes, all its dimensions in order; None where there is none."""
        found = self.known_origins[-rank:]
        map_ = found[0][0] if found and found[0] is not None else None
        return map_ if map_ is not None and found == tuple((map_, axis) for axis in range(rank)) else None


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


def along_channels(x: Map, array: np.ndarray[Any, Any]) -> bool:
    """Whether fixed numbers, as they are broadcast to a value, are one or one for each channel."""
    from_end = len(x.axes) - x.axes.index(len(x.axes) - 1)
    return array.size == 1 or (array.ndim >= from_end and array.shape[-from_end] == array.size)


__all__ = ["Lost", "Map", "Sizes", "Value", "along_channels", "first", "last", "uniform", "whole"]
