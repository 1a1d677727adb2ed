"""Checked -> onnx.ModelProto: each operator by its rule, in the written order, names and paths kept."""

from __future__ import annotations

from collections.abc import Iterable

from onnx import ModelProto, TensorProto, ValueInfoProto, helper

from ...graph import Checked, Node, Port
from .emitter import Builder, Emitter, Weights
from .rules import emit

OPSET = 18


def build(checked: Checked, weights: Weights, *, opset: int = OPSET) -> ModelProto:
    """The network as an ONNX model with its weights inside.

    Inputs and outputs lie channels first behind an open batch `N`; `weights` gives the array of each path.
    """
    translation = Translation(checked, weights)
    graph = helper.make_graph(
        translation.builder.nodes,
        checked.name,
        [info(name, Port(node, 0), node in checked.looked_up) for node, name in translation.entries.items()],
        [info(name, port) for name, port in translation.exits.items()],
        list(translation.builder.initializers.values()),
        doc_string=checked.doc,
        value_info=[info(name, port) for name, port in translation.inner()],
    )
    opsets = [helper.make_opsetid("", opset)]
    oldest = helper.find_min_ir_version_for(opsets)  # the newest is beyond what ONNX Runtime reads for some months
    return helper.make_model(graph, opset_imports=opsets, ir_version=oldest, producer_name="cnnc")


class Translation:
    """The walk over the nodes: `values` holds the name of every value made so far."""

    def __init__(self, checked: Checked, weights: Weights) -> None:
        self.builder = Builder(weights)
        self.values: dict[tuple[int, int], str] = {}
        self.ports: list[Port] = []
        self.entries = {node: self.builder.unique(node.path) for node in checked.inputs}
        for node, name in self.entries.items():
            self.values[node.serial, 0] = name
        self.exits = {self.builder.unique(name): port for name, port in checked.outputs}
        for node in checked.nodes:
            if node not in self.entries:
                self.translate(node)
        self.close()

    def translate(self, node: Node) -> None:
        path = self.builder.unique(node.path)
        inputs = [self.values[p.node.serial, p.index] for p in node.inputs]
        names = emit(node.op, Emitter(self.builder, path, node.path, inputs, node.shapes, node.facts.outputs))
        for index, name in enumerate(names):
            self.values[node.serial, index] = name
            self.ports.append(Port(node, index))

    def close(self) -> None:
        """Give the outputs their names."""
        for name, port in self.exits.items():
            self.builder.nodes.append(
                helper.make_node("Identity", [self.values[port.node.serial, port.index]], [name], f"{name}/output")
            )

    def inner(self) -> Iterable[tuple[str, Port]]:
        """The values between inputs and outputs, by name."""
        outside = {*self.entries.values(), *self.exits}
        named = {self.values[port.node.serial, port.index]: port for port in self.ports}
        return ((name, port) for name, port in named.items() if name not in outside)


def info(name: str, port: Port, whole: bool = False) -> ValueInfoProto:
    """The declaration of a value: channels first, batch `N`."""
    kind = TensorProto.INT64 if whole or port.index in port.node.op.whole_outputs else TensorProto.FLOAT
    shape = port.shape
    return helper.make_tensor_value_info(name, kind, ("N", shape[-1], *shape[:-1]))
