"""The numbers of a network whose batch normalisations went into other layers (compiler/fold.py).

y = a x + b with a = weight / sqrt(variance + eps) and b = bias - a mean: the kernel before is multiplied by a for each
output channel, its bias becomes a bias + b.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from ...compiler.fold import Folding, fold, target
from ...compiler.graph import Checked, Node
from ...compiler.ops.base import weight_key
from ...compiler.ops.norm import BatchNorm

Array = np.ndarray[Any, Any]


class Weights(Protocol):
    """Where numbers come from: the array of a weight, by its path."""

    def __getitem__(self, path: str, /) -> Array: ...


def folded(checked: Checked, weights: Weights) -> tuple[Checked, Weights]:
    """The smaller network and its weights, made when they are asked for."""
    folding = fold(checked)
    return folding.checked, Folded(weights, folding)


class Folded:
    """Weights with every normalisation in the layer before it, in fp32."""

    def __init__(self, weights: Weights, folding: Folding) -> None:
        self.weights = weights
        self.taken: dict[str, tuple[Node, Node]] = {}
        for norm, node in folding.norms.items():
            self.taken[weight_key(node.path, "bias")] = norm, node
            self.taken[kernel(node)] = norm, node

    def __getitem__(self, path: str) -> Array:
        if path not in self.taken:
            return self.weights[path]
        norm, node = self.taken[path]
        factor, summand = affine(norm, self.weights)
        if path == kernel(node):
            return spread(self.weights[path], factor, node)
        own = self.weights[path] if "bias" in node.facts.weights else 0.0
        made: Array = (factor * own + summand).astype(np.float32)
        return made


def kernel(node: Node) -> str:
    """The path of the weight that a factor goes into."""
    aim = target(node.op)
    assert aim is not None
    return weight_key(node.path, aim.weight)


def spread(array: Array, factor: Array, node: Node) -> Array:
    """The kernel times the factor of each output channel."""
    aim = target(node.op)
    assert aim is not None
    made: Array = array * factor.reshape([-1 if i == aim.axis else 1 for i in range(array.ndim)])
    return made.astype(np.float32)


def affine(norm: Node, weights: Weights) -> tuple[Array, Array]:
    """The factor and the summand of each channel, in double precision."""
    op = norm.op
    assert isinstance(op, BatchNorm)
    mean, variance = (weights[f"{norm.path}.running_{kind}"].astype(np.float64) for kind in ("mean", "var"))
    factor = 1 / np.sqrt(variance + op.eps)
    if op.scale:
        factor = factor * weights[f"{norm.path}.weight"]
    bias = weights[f"{norm.path}.bias"] if op.center else 0.0
    return factor, bias - factor * mean
