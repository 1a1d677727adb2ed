"""A border around a map, as a layer or an operation; numbers along one of its axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .....ops.geometry import Pairs
from .....shape import Shape
from ..placed import Numbers, Placed, Tensor, as_lists


def bordered(at: Placed, pairs: Pairs, value: float | None = None, mode: str = "constant", part: str = "pad") -> Tensor:
    """The map with a border: of zeros as a layer, else by the operation."""
    x = at.x
    sizes = [None if n is None else n + before + after for n, (before, after) in zip(x.shape.spatial, pairs)]
    shape = Shape((*sizes, x.shape.channels))
    if value is None and mode == "constant":
        padding = as_lists(pairs) if len(pairs) > 1 else list(pairs[0])
        return at.put(f"layers.ZeroPadding{len(pairs)}D", shape=shape, part=part, padding=padding)
    config = {"pad_width": [[0, 0], *as_lists(pairs), [0, 0]], "mode": mode}
    more = {} if value is None else {"constant_values": value}
    return at.apply("ops.numpy.Pad", x, shape=shape, part=part, config=config, **more)


def along(numbers: Sequence[float], axis: int, rank: int, dtype: str = "float32") -> Numbers:
    """Numbers along one axis of a map."""
    value: list[Any] = [*numbers]
    for _ in range(rank + 1 - axis):
        value = [[n] for n in value]
    return Numbers(value, dtype)
