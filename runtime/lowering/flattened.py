"""Which weights depend on the order in which a map was flattened, and how to change that order.

`flatten` and `reshape` run in the written order (height, width, channels); PyTorch's run channels first. The layers
behind a flattened map, and those before a vector that becomes a map, have the same weights in another order.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import numpy as np

from ...compiler.graph import Checked, Node, Port
from ...compiler.ops.base import weight_key
from ...compiler.ops.merge import Concat
from ...compiler.ops.reshape import Flatten, Reshape
from ...compiler.shape import Shape

Array = np.ndarray[Any, Any]
Index = np.ndarray[Any, np.dtype[np.intp]]
"""For each place of a vector in the written order its place where channels come first."""

Value = tuple[int, int]


class Order(NamedTuple):
    """The axes of a weight that run over flattened maps, and the order along each."""

    axes: tuple[tuple[int, Index], ...]

    def to_channels_last(self, weight: Array) -> Array:
        """The same weight for maps flattened in the written order, from one for channels first."""
        for axis, index in self.axes:
            weight = np.take(weight, index, axis)
        return weight

    def to_channels_first(self, weight: Array) -> Array:
        """The other way round."""
        for axis, index in self.axes:
            weight = np.take(weight, np.argsort(index), axis)
        return weight


class Reordered(dict[str, Order]):
    """The weights whose order depends on a flattened map, by path.

    `lost` names the layers that take such a vector and do with it what no order of weights can make up for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lost: list[str] = []

    def along(self, node: Node, index: Index, axis: int) -> None:
        """Enter the weights of a layer that run over the vector: the matrix along `axis`, or what has one axis."""
        for name, weight in node.facts.weights.items():
            vector = len(weight.shape) == 1
            if vector and mixes(node) and axis:
                continue  # the bias of a dense layer runs over its outputs
            at = 0 if vector else axis % max(len(weight.shape), 1)
            if weight.shape and weight.shape[at] == len(index) and (vector or mixes(node)):
                self.enter(weight_key(node.path, name), at, index)

    def enter(self, key: str, axis: int, index: Index) -> None:
        held = self.get(key, Order(()))
        if all(axis != other for other, _ in held.axes):  # a shared layer is met more than once
            self[key] = Order((*held.axes, (axis, index)))


def reordered(checked: Checked) -> Reordered:
    """The weights whose order depends on a flattened map."""
    found = Reordered()
    orders: dict[Value, Index] = {}
    for node in checked.nodes:
        if becomes_map(node):
            trace(node.inputs[0], ordered(node.facts.output), orders, found)
    for node in checked.nodes:
        follow(node, orders, found)
    return found


def ordered(x: Shape) -> Index | None:
    """The order of a map of more than one place and channel; None where both orders are one."""
    if x.channels is None or not x.rank or x.area in (None, 1) or x.channels == 1:
        return None
    places = np.arange(prod(n or 1 for n in x)).reshape(x.channels, *(n or 1 for n in x.spatial))
    return np.moveaxis(places, 0, -1).ravel()


def key(port: Port) -> Value:
    return port.node.serial, port.index


# --- towards a vector that becomes a map ------------------------------------------------------------------------------


def trace(port: Port, index: Index | None, orders: dict[Value, Index], found: Reordered) -> None:
    """Against the flow, from a vector that becomes a map to the layers that made it."""
    waiting = [port] if index is not None else []
    while waiting:
        (node, _) = made = waiting.pop()
        assert index is not None
        if mixes(node):
            found.along(node, index, 0)
            orders[key(made)] = index
        elif keeps(node):
            waiting += [p for p in node.inputs if p.shape == made.shape]


# --- behind a map that became a vector --------------------------------------------------------------------------------


def follow(node: Node, orders: dict[Value, Index], found: Reordered) -> None:
    """With the flow: what one layer does with vectors whose order is not its own."""
    out = (node.serial, 0)
    if becomes_vector(node):
        index = ordered(node.shapes[0])
        if index is not None:
            orders[out] = index
        return
    known = [orders[key(port)] for port in node.inputs if key(port) in orders]
    if not known:
        return
    if mixes(node):
        found.along(node, known[0], -1)
    elif isinstance(node.op, Concat):
        orders[out] = joined(node, orders)
    elif keeps(node) and all(np.array_equal(known[0], other) for other in known):
        found.along(node, known[0], 0)
        orders[out] = known[0]
    elif not (becomes_map(node) and np.array_equal(known[0], ordered(node.facts.output))):  # type: ignore[arg-type]
        found.lost.append(node.path)


def joined(node: Node, orders: dict[Value, Index]) -> Index:
    """The order of vectors one behind the other."""
    parts, start = [], 0
    for port in node.inputs:
        size = port.shape.channels or 0
        parts.append(start + orders.get(key(port), np.arange(size)))
        start += size
    return np.concatenate(parts)


# --- what layers do with vectors --------------------------------------------------------------------------------------


def becomes_vector(node: Node) -> bool:
    return isinstance(node.op, (Flatten, Reshape)) and node.shapes[0].rank > 0 and node.facts.output.rank == 0


def becomes_map(node: Node) -> bool:
    return isinstance(node.op, Reshape) and node.shapes[0].rank == 0 and node.facts.output.rank > 0


def mixes(node: Node) -> bool:
    """Whether every output hangs on all values of the vector: behind it their order is its own."""
    return not node.facts.output.rank and any(len(weight.shape) == 2 for weight in node.facts.weights.values())


def keeps(node: Node) -> bool:
    """Whether each output hangs on the value of its own place, or on all of them alike."""
    return bool(node.inputs) and all(x == node.facts.output for x in node.shapes) and not node.facts.output.rank
