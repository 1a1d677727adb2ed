"""Checked -> ONNX: each operator by its rule, in the written order, names and paths kept."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import numpy as np
from onnx import ModelProto, TensorProto, ValueInfoProto, helper

from ...diagnostics import CompileError, Diagnostic
from ...graph import Checked, Node, Port
from ...ops.base import Op, OpError
from ...ops.structure import Input
from .constants import computed
from .emitter import Builder, Emitter, Weights
from .form import Form, Precision, precision
from .prelude import Prelude
from .rules import emit

Array = np.ndarray[Any, Any]


class Draft(NamedTuple):
    """An ONNX model without its weights, whose shapes are `held` by name and whose numbers are asked of `weights`."""

    model: ModelProto
    held: dict[str, tuple[int, ...]]
    weights: Weights
    precision: Precision

    def array(self, name: str) -> Array:
        """The numbers of one weight, as they are written."""
        array = np.ascontiguousarray(self.weights[name], self.precision.dtype)
        if array.shape != self.held[name]:
            raise ValueError(f"{name}: {self.held[name]} in the network, {array.shape} given")
        return array


def draft(checked: Checked, weights: Weights, form: Form = Form()) -> Draft:  # noqa: B008
    """The network as an ONNX model without the numbers of its weights.

    Inputs and outputs have the batch `N` and the channels first; every value bears the path of its layer. `weights`
    gives the array of each path (float32, PyTorch's layout). CompileError for what ONNX cannot say.
    """
    work = Translation(checked, form)
    nodes, constants, held = work.builder.finished(), dict(work.builder.constants), dict(work.builder.held)
    if form.constants:
        nodes, constants, held = computed(nodes, constants, held, weights, work.builder.precision)
    graph = helper.make_graph(
        nodes,
        checked.name,
        list(work.entries.values()),
        [work.info(name, port, outside=True) for name, port in work.exits.items()],
        list(constants.values()),
        doc_string=checked.doc,
        value_info=[work.info(name, port) for name, port in work.inner(nodes).items()],
    )
    opsets = [helper.make_opsetid("", form.operators)]
    oldest = helper.find_min_ir_version_for(opsets)  # the newest is beyond what ONNX Runtime reads for some months
    model = helper.make_model(
        graph, opset_imports=opsets, ir_version=oldest, producer_name="cnnc", doc_string=checked.doc
    )
    helper.set_model_props(model, properties(checked))
    return Draft(model, held, weights, work.builder.precision)


def properties(checked: Checked) -> dict[str, str]:
    """What the file tells of its origin: the text of the model and its fingerprint."""
    text = checked.graph.span.source.text
    return {
        "model": checked.name,
        "file": checked.file,
        "text": text,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "layout": "batch and channels first",
    }


class Translation:
    """The walk over the nodes: `values` holds the name of every value made so far."""

    def __init__(self, checked: Checked, form: Form) -> None:
        outputs = checked.outputs[:1] if form.first_only else checked.outputs
        nodes = leading_to(checked.nodes, [port.node for _, port in outputs])
        shapes = {path: weight.shape for path, weight in checked.weights.items()}
        self.builder = Builder(shapes, precision(form.precision))
        for key in self.builder.shapes:
            self.builder.value(key)  # values and initialisers share one name space, in which weights keep their keys
        self.whole = checked.looked_up
        self.values: dict[tuple[int, int], str] = {}
        self.entries: dict[Node, ValueInfoProto] = {}
        for node in checked.inputs:
            self.enter(node, form)
        self.exits = {self.builder.value(name): port for name, port in outputs}
        self.ports: dict[str, Port] = {}
        readers: dict[Node, tuple[Op, ...]] = {}
        for node in nodes:
            for port in node.inputs:
                readers[port.node] = (*readers.get(port.node, ()), node.op)
        for node in nodes:
            if not isinstance(node.op, Input):
                self.translate(node, readers.get(node, ()))
        for name, port in self.exits.items():
            self.builder.name_output(self.values[port.node.serial, port.index], name, kind_of(port))

    def enter(self, node: Node, form: Form) -> None:
        """Declare an input, and bring what comes in to the form in which the network computes."""
        name = self.builder.value(node.path)
        prelude = Prelude(name, node, node in self.whole, form.preprocessing)
        self.entries[node] = prelude.declared()
        self.values[node.serial, 0] = prelude.brought(self.builder)

    def translate(self, node: Node, readers: tuple[Op, ...]) -> None:
        inputs = [self.values[port.node.serial, port.index] for port in node.inputs]
        try:
            to = Emitter(self.builder, node.path, inputs, node.shapes, node.facts.outputs, readers)
            names = emit(node.op, to)
        except OpError as wrong:
            raise unexported(node, wrong) from None
        for index, name in enumerate(names):
            self.values[node.serial, index] = name
            if name not in self.ports and name not in inputs:
                self.ports[name] = Port(node, index)
                self.builder.rename(name, node.path if len(names) == 1 else f"{node.path}:{index}")

    def inner(self, nodes: list[Any]) -> dict[str, Port]:
        """The values between inputs and outputs, by name."""
        made = {name for node in nodes for name in node.output}
        named = {self.builder.renamed.get(name, name): port for name, port in self.ports.items()}
        return {name: port for name, port in named.items() if name in made and name not in self.exits}

    def info(self, name: str, port: Port, *, outside: bool = False) -> ValueInfoProto:
        """The declaration of a value: batch and channels first. What leaves the network is fp32."""
        kind = kind_of(port)
        kind = self.builder.precision.kind if kind == TensorProto.FLOAT and not outside else kind
        return helper.make_tensor_value_info(name, kind, ("N", port.shape[-1], *port.shape[:-1]))


def leading_to(nodes: tuple[Node, ...], ends: list[Node]) -> list[Node]:
    """The nodes that the ends depend on, in order."""
    wanted = set(ends)
    for node in reversed(nodes):
        if node in wanted:
            wanted.update(port.node for port in node.inputs)
    return [node for node in nodes if node in wanted]


def unexported(node: Node, wrong: OpError) -> CompileError:
    """What ONNX cannot say, at the layer's place."""
    found = Diagnostic("error", wrong.code, wrong.message, node.span, wrong.label, (), wrong.help, node.frame)
    return CompileError([found])


def kind_of(port: Port) -> int:
    """ONNX's type of a value in fp32."""
    return int(TensorProto.INT64 if port.index in port.node.op.whole_outputs else TensorProto.FLOAT)
