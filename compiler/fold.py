"""Batch normalisation put into the layer before it: a smaller network that computes the same outside training.

There batch normalisation is one factor and one summand for each channel, which a convolution or dense layer before it
can take into its own weights (Jacob et al., 2018, section 3.2). What becomes of the numbers:
runtime/lowering/folded.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import singledispatch
from typing import NamedTuple

from .graph import Checked, Graph, Layer, Node, Output, Port
from .ops.base import Op
from .ops.conv import Conv, DepthwiseConv, SeparableConv
from .ops.conv_transpose import ConvTranspose
from .ops.dense import Dense
from .ops.norm import BatchNorm


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


class Folding(NamedTuple):
    """The network without the normalisations that went into other layers, and which went where."""

    checked: Checked
    norms: dict[Node, Node]
    """Each normalisation that is gone, and the layer of the old network that took it in."""


def fold(checked: Checked) -> Folding:
    """Put every batch normalisation that may be into the layer before it."""
    norms = foldable(checked.nodes, [output.port for output in checked.outputs])
    takes = set(norms.values())
    made: dict[Node, Node] = {}
    nodes = []
    for node in checked.nodes:
        if node in norms:
            made[node] = made[norms[node]]
            continue
        made[node] = rebuilt(node, made, biased=node in takes)
        nodes.append(made[node])
    return Folding(recreated(checked, made, tuple(nodes), set(norms)), norms)


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


def rebuilt(node: Node, made: dict[Node, Node], *, biased: bool) -> Node:
    """The node among those made so far; with a bias, which the summand of a normalisation becomes."""
    op = node.op.changed(bias=True) if biased and not node.op.bias else node.op  # type: ignore[attr-defined]
    facts = node.facts if op is node.op else op.facts(node.shapes)
    return Node(
        node.serial, op, tuple(moved(port, made) for port in node.inputs), facts, node.path, node.span, node.frame,
        shared=node.shared, spans=node.spans, defaulted=node.defaulted,
    )  # fmt: skip


def moved(port: Port, made: dict[Node, Node]) -> Port:
    return Port(made[port.node], port.index)


def recreated(checked: Checked, made: dict[Node, Node], nodes: tuple[Node, ...], gone: set[Node]) -> Checked:
    """The network of the nodes made."""
    old = checked.graph
    outputs = tuple(Output(name, moved(port, made)) for name, port in old.outputs)
    inputs = tuple(made[node] for node in old.inputs)
    graph = Graph(old.name, old.file, list(nodes), inputs, outputs, old.span, old.doc)
    graph.parameters = old.parameters
    layers = (layer for layer in checked.layers if layer.node not in gone)
    rows = tuple(Layer(tuple(made[node] for node in layer.nodes)) for layer in layers)
    return Checked(graph, nodes, rows, checked.recipes)
