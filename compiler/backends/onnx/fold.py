"""Folding: batch normalisation into the layer before it, and what hangs on weights alone computed once.

Outside training batch normalisation is one factor and one summand for each channel, y = a x + b with
a = weight / sqrt(variance + eps) and b = bias - a mean, which a convolution before it can take into its own weights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import singledispatch
from typing import Any, NamedTuple, Protocol

import numpy as np

from ...graph import Node, Port
from ...ops.base import Op, Weight, weight_key
from ...ops.conv import Conv, DepthwiseConv, SeparableConv
from ...ops.conv_transpose import ConvTranspose
from ...ops.dense import Dense
from ...ops.norm import BatchNorm

Array = np.ndarray[Any, Any]


class Weights(Protocol):
    """Where numbers come from: the array of a weight, by its path."""

    def __getitem__(self, path: str, /) -> Array: ...


class Target(NamedTuple):
    """The weight that takes in a factor for each output channel, and the axis on which these lie."""

    weight: str
    axis: int


@singledispatch
def target(op: Op) -> Target | None:
    """Where a layer takes in a batch normalisation that follows; None where it cannot."""
    return None


@target.register
def conv(op: Conv) -> Target | None:
    return Target("weight", 0) if op.act is None and not op.weight_norm else None


@target.register
def depthwise_conv(op: DepthwiseConv) -> Target | None:
    return Target("weight", 0) if op.act is None else None


@target.register
def separable_conv(op: SeparableConv) -> Target | None:
    return Target("pointwise.weight", 0) if op.act is None else None


@target.register
def conv_transpose(op: ConvTranspose) -> Target | None:
    return Target("weight", 1) if op.act is None and op.groups == 1 else None


@target.register
def dense(op: Dense) -> Target | None:
    return Target("weight", 0) if op.act is None else None


def foldable(nodes: Iterable[Node], ends: Iterable[Port]) -> dict[Node, Node]:
    """Each batch normalisation that is all that reads the layer before it, and that layer."""
    nodes = list(nodes)
    reads = Counter(port.node for port in [*ends, *(p for node in nodes for p in node.inputs)])
    uses = Counter(node.path for node in nodes)
    found = {}
    for node in nodes:
        if isinstance(node.op, BatchNorm) and uses[node.path] == 1:
            before = node.inputs[0].node
            if target(before.op) is not None and reads[before] == 1 and uses[before.path] == 1:
                found[node] = before
    return found


class Folded:
    """Weights in which every foldable normalisation has gone into the layer before it."""

    def __init__(self, weights: Weights, folds: Mapping[Node, Node]) -> None:
        self.weights = weights
        self.norms: dict[str, tuple[Node, Node, str]] = {}
        for norm, node in folds.items():
            aim = target(node.op)
            assert aim is not None
            for name in (aim.weight, "bias"):
                self.norms[weight_key(node.path, name)] = (norm, node, name)

    def __getitem__(self, path: str) -> Array:
        if path not in self.norms:
            return self.weights[path]
        norm, node, name = self.norms[path]
        factor, summand = self.affine(norm)
        if name == "bias":
            own = self.weights[path] if node.op.bias else 0.0  # type: ignore[attr-defined]
            made = factor * own + summand
        else:
            aim = target(node.op)
            assert aim is not None
            kernel = self.weights[path]
            made = kernel * factor.reshape([-1 if i == aim.axis else 1 for i in range(kernel.ndim)])
        return made.astype(np.float32)

    def affine(self, norm: Node) -> tuple[Array, Array]:
        """The factor and the summand of each channel, in double precision."""
        op = norm.op
        assert isinstance(op, BatchNorm)
        mean, variance = (self.weights[f"{norm.path}.running_{kind}"].astype(np.float64) for kind in ("mean", "var"))
        factor = 1 / np.sqrt(variance + op.eps)
        if op.scale:
            factor = factor * self.weights[f"{norm.path}.weight"]
        bias = self.weights[f"{norm.path}.bias"] if op.center else 0.0
        return factor, bias - factor * mean


def with_bias(node: Node) -> tuple[Op, dict[str, Weight]]:
    """The layer as it takes in a normalisation: with a bias; and the weights it then has."""
    op = node.op if node.op.bias else node.op.changed(bias=True)  # type: ignore[attr-defined]
    return op, dict(op.facts(node.shapes).weights)
