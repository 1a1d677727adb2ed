"""Arrays that are read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ...compiler.diagnostics import UserError

Array = np.ndarray[Any, Any]
Sizes = tuple[int, ...]


class WeightsError(UserError):
    """Weights that cannot be read, or are not those of the network."""


class Held(NamedTuple):
    """An array that is not read yet: its shape, and how to read it."""

    shape: Sizes
    read: Callable[[], Array]

    @classmethod
    def of(cls, array: Array) -> Held:
        return cls(array.shape, lambda: array)

    def moved(self, axes: Sizes) -> Held:
        """With the axes in another order."""
        return Held(tuple(self.shape[axis] for axis in axes), lambda: self.read().transpose(axes))

    def folded(self, shape: Sizes) -> Held:
        """The same values in the same order, in another shape."""
        return Held(shape, lambda: self.read().reshape(shape))

    def changed(self, change: Callable[[Array], Array]) -> Held:
        """With other values in the same shape."""
        return Held(self.shape, lambda: change(self.read()))


class Arrays(Mapping[str, Array]):
    """Arrays by name: floating-point numbers in 32 bits, C-contiguous, read anew at each access."""

    def __init__(self, held: Mapping[str, Held]) -> None:
        self.held = held

    def __getitem__(self, name: str) -> Array:
        array = self.held[name].read()
        found = np.ascontiguousarray(array, np.float32 if array.dtype.kind == "f" else None)
        shaped: Array = found.reshape(array.shape)  # of a single number numpy makes a vector
        return shaped

    def __iter__(self) -> Iterator[str]:
        return iter(self.held)

    def __len__(self) -> int:
        return len(self.held)


def sizes(shape: Sizes) -> str:
    """A shape in words."""
    return "x".join(map(str, shape)) or "one number"


def widened(raw: Array) -> Array:
    """bfloat16, handed over as its 16 bits, as float32, of which it is the upper half."""
    return (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
