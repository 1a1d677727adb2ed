"""Which weights depend on the order in which a map was flattened, and how to change that order.

`flatten` runs in the written order (height, width, channels); PyTorch's runs channels first. A dense layer behind it
has the same weights in another order.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..compiler.graph import Checked, Node
from ..compiler.ops.base import weight_key
from ..compiler.ops.reshape import Flatten
from ..compiler.shape import Shape

Array = np.ndarray[Any, Any]


class Order(NamedTuple):
    """The axis of a weight that runs over a flattened map of `shape` (spatial sizes, channels)."""

    axis: int
    shape: Shape

    def to_channels_last(self, weight: Array) -> Array:
        """The same weight for a map flattened in the written order, from one for channels first."""
        sizes = (self.shape.channels, *self.shape.spatial)
        return self.moved(weight, sizes, self.axis, self.axis + self.shape.rank)

    def to_channels_first(self, weight: Array) -> Array:
        """The other way round."""
        return self.moved(weight, self.shape, self.axis + self.shape.rank, self.axis)

    def moved(self, weight: Array, sizes: tuple[int | None, ...], source: int, target: int) -> Array:
        """Unfold the axis into `sizes`, move one of them, fold it again."""
        unfolded = weight.reshape(*weight.shape[: self.axis], *sizes, *weight.shape[self.axis + 1 :])
        return np.ascontiguousarray(np.moveaxis(unfolded, source, target).reshape(weight.shape))


def reordered(checked: Checked) -> dict[str, Order]:
    """The weights whose order depends on a flattened map, by path."""
    found: dict[str, Order] = {}
    flattened: dict[Node, Shape] = {}
    for node in checked.nodes:
        shape = came_from(node, flattened)
        if shape is None:
            continue
        for name, weight in node.facts.weights.items():
            if shape.size == weight.shape[-1] and not (
                dense(node) and len(weight.shape) == 1
            ):  # no bias of a dense layer
                found[weight_key(node.path, name)] = Order(len(weight.shape) - 1, shape)
        if node.facts.output == Shape((shape.size,)) and not dense(node):
            flattened[node] = shape
    return found


def came_from(node: Node, flattened: dict[Node, Shape]) -> Shape | None:
    """The map whose values, flattened, the node takes or makes; None where there is none with more than one place."""
    if isinstance(node.op, Flatten):
        (x,) = node.shapes
        if x.rank and (x.area or 0) > 1 and (x.channels or 0) > 1:
            flattened[node] = x
        return None
    return next((flattened[port.node] for port in node.inputs if port.node in flattened), None)


def dense(node: Node) -> bool:
    """Whether a layer mixes the values of its vector: behind it their order is its own."""
    return node.facts.macs != 0
