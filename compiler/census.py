"""Checked -> the figures that papers give of a network as a whole: its depth, its units, the weights that learn."""

from __future__ import annotations

from collections.abc import Iterable

from .graph import Checked, Layer, Node
from .ops.base import weight_key
from .shape import total

WEIGHTED = frozenset({"convolution", "dense"})
"""Families of operators that papers count as layers."""

Paths = frozenset[str]
"""Weights by their paths: those that a recipe freezes, which count as not trainable."""

NONE: Paths = frozenset()


def is_weighted(node: Node) -> bool:
    """Whether it counts as a layer in papers: a convolution or dense layer, for its kernel."""
    return node.op.family in WEIGHTED and node.facts.params > 0


def weighted(checked: Checked) -> int:
    """Layers with a kernel, those of side branches included; a shared one counts once."""
    return sum(is_weighted(layer.node) for layer in checked.layers)


def depth(checked: Checked) -> int:
    """Layers with a kernel on the longest path to an output: the 22 of GoogLeNet, the 152 of ResNet-152.

    Of branches side by side only the deepest counts, so that projections on shortcuts do not.
    """
    behind: dict[int, int] = {}
    for node in checked.nodes:
        before = max((behind[port.node.serial] for port in node.inputs), default=0)
        behind[node.serial] = before + is_weighted(node)
    return max((behind[output.port.node.serial] for output in checked.outputs), default=0)


def units(checked: Checked) -> int | None:
    """Neurons: the numbers that layers with a kernel make for one example. None where a size is open."""
    return total(shape.size for node in checked.nodes if is_weighted(node) for shape in node.facts.outputs)


def trained(layers: Iterable[Layer], frozen: Paths = NONE) -> dict[str, int]:
    """The weights that learn, kernels and biases apart, by path, each with its size."""
    return {
        path: weight.size
        for layer in layers
        for name, weight in layer.node.facts.weights.items()
        if weight.trainable and (path := weight_key(layer.name, name)) not in frozen
    }
