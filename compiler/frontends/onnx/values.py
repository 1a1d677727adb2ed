"""What a name of an ONNX graph stands for while it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Union

import numpy as np

from ...decompile.network import Ref
from ...shape import Shape
from ..unread import Unread


class Map(NamedTuple):
    """A value of the network. `axes` says for each axis behind the batch which axis of the written shape it is.

    `order` is the written shape of a map that lies flattened with its channels first: a dense layer's weights are
    permuted for it.
    """

    ref: Ref
    axes: tuple[int, ...]
    order: Shape | None = None


class Sizes(NamedTuple):
    """A tensor of sizes computed from shapes; None where the batch or an open size stands."""

    items: tuple[int | None, ...]
    scalar: bool = False


class Lost(NamedTuple):
    """A value that has no counterpart of its own; it matters only if nothing else explains it."""

    reason: Unread


Value = Union[Map, Sizes, Lost]


def first(rank: int) -> tuple[int, ...]:
    """Channels first."""
    return (rank, *range(rank))


def last(rank: int) -> tuple[int, ...]:
    """Channels last: as written."""
    return tuple(range(rank + 1))


def whole(items: Sequence[Any] | np.ndarray[Any, Any]) -> list[int]:
    return [int(n) for n in np.asarray(items).reshape(-1)]


def uniform(array: np.ndarray[Any, Any]) -> float | None:
    """The one number that an array holds, however often."""
    flat = array.reshape(-1)
    return float(flat[0]) if flat.size and bool((flat == flat[0]).all()) else None
