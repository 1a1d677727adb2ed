"""Weights behind a flattened map: from the order of channels first to the written one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..shape import Shape

Array = np.ndarray[Any, Any]


def from_channels_first(weight: Array, order: Shape) -> Array:
    """The columns of a dense layer behind a map of the shape `order`."""
    sizes = (order.channels, *order.spatial)
    unfolded = weight.reshape(weight.shape[0], *(n or 1 for n in sizes))
    return np.ascontiguousarray(np.moveaxis(unfolded, 1, -1).reshape(weight.shape))
