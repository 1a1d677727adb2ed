"""Checked -> onnx.ModelProto: each operator by its rule, in the written order, names and paths kept."""

from __future__ import annotations

import hashlib

from onnx import ModelProto, TensorProto, ValueInfoProto, helper

from ...diagnostics import CompileError, Diagnostic
from ...graph import Checked, Node, Port
from ...ops.base import OpError
from ...ops.structure import Input
from .emitter import Builder, Emitter, Weights
from .rules import emit

OPSET = 18

SIDES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
"""Names for the open sizes of an input, by its number of spatial dimensions."""


def build(checked: Checked, weights: Weights, *, opset: int = OPSET, first_only: bool = False) -> ModelProto:
    """The network as an ONNX model with its weights inside.

    Inputs and outputs have the batch `N` and the channels first; every value bears the path of its layer. `weights`
    gives the array of each path. `first_only` leaves out all outputs but the first, and what only they need.
    """
    work = Translation(checked, weights, first_only)
    graph = helper.make_graph(
        work.builder.finished(),
        checked.name,
        [declared(name, node, node in checked.looked_up) for node, name in work.entries.items()],
        [info(name, port) for name, port in work.exits.items()],
        list(work.builder.initializers.values()),
        doc_string=checked.doc,
        value_info=[info(name, port) for name, port in work.inner().items()],
    )
    opsets = [helper.make_opsetid("", opset)]
    oldest = helper.find_min_ir_version_for(opsets)  # the newest is beyond what ONNX Runtime reads for some months
    model = helper.make_model(
        graph, opset_imports=opsets, ir_version=oldest, producer_name="cnnc", doc_string=checked.doc
    )
    helper.set_model_props(model, properties(checked))
    return model


def properties(checked: Checked) -> dict[str, str]:
    """What the file tells of its origin; of the text a fingerprint."""
    text = checked.graph.span.source.text
    return {
        "model": checked.name,
        "file": checked.file,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "layout": "batch and channels first",
    }


class Translation:
    """The walk over the nodes: `values` holds the name of every value made so far."""

    def __init__(self, checked: Checked, weights: Weights, first_only: bool) -> None:
        outputs = checked.outputs[:1] if first_only else checked.outputs
        nodes = leading_to(checked.nodes, [port.node for _, port in outputs])
        self.builder = Builder(weights)
        for key in checked.weights:
            self.builder.value(key)  # values and initialisers share one name space, in which weights keep their keys
        self.entries = {node: self.builder.value(node.path) for node in checked.inputs}
        self.exits = {self.builder.value(name): port for name, port in outputs}
        self.values = {(node.serial, 0): name for node, name in self.entries.items()}
        self.ports: dict[str, Port] = {}
        for node in nodes:
            if not isinstance(node.op, Input):
                self.translate(node)
        for name, port in self.exits.items():
            self.builder.name_output(self.values[port.node.serial, port.index], name)

    def translate(self, node: Node) -> None:
        inputs = [self.values[port.node.serial, port.index] for port in node.inputs]
        try:
            names = emit(node.op, Emitter(self.builder, node.path, inputs, node.shapes, node.facts.outputs))
        except OpError as wrong:
            raise unexported(node, wrong) from None
        for index, name in enumerate(names):
            self.values[node.serial, index] = name
            if name not in self.ports and name not in inputs:
                self.ports[name] = Port(node, index)
                self.builder.rename(name, node.path if len(names) == 1 else f"{node.path}:{index}")

    def inner(self) -> dict[str, Port]:
        """The values between inputs and outputs, by name."""
        named = {self.builder.renamed.get(name, name): port for name, port in self.ports.items()}
        return {name: port for name, port in named.items() if name not in self.exits}


def leading_to(nodes: tuple[Node, ...], ends: list[Node]) -> list[Node]:
    """The nodes that the ends depend on, in order."""
    wanted = set(ends)
    for node in reversed(nodes):
        if node in wanted:
            wanted.update(port.node for port in node.inputs)
    return [node for node in nodes if node in wanted]


def declared(name: str, node: Node, whole: bool) -> ValueInfoProto:
    """The declaration of an input; its open sizes are named."""
    shape = node.facts.output
    kind = TensorProto.INT64 if whole else TensorProto.FLOAT
    sides = SIDES.get(shape.rank, tuple(f"side{i}" for i in range(shape.rank)))
    sizes = [f"{name}_{side}" if n is None else n for n, side in zip(shape.spatial, sides, strict=True)]
    channels = f"{name}_length" if shape.channels is None else shape.channels
    return helper.make_tensor_value_info(name, kind, ("N", channels, *sizes))


def unexported(node: Node, wrong: OpError) -> CompileError:
    """What ONNX cannot say, at the layer's place."""
    found = Diagnostic("error", wrong.code, wrong.message, node.span, wrong.label, (), wrong.help, node.frame)
    return CompileError([found])


def info(name: str, port: Port) -> ValueInfoProto:
    """The declaration of a value: batch and channels first."""
    kind = TensorProto.INT64 if port.index in port.node.op.whole_outputs else TensorProto.FLOAT
    return helper.make_tensor_value_info(name, kind, ("N", port.shape[-1], *port.shape[:-1]))
