"""An ONNX graph, indexed: who makes a value, which values are fixed, what a tree of nodes looks like."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

from ...diagnostics import UserError

Array = np.ndarray[Any, Any]

LONG = 9
"""Characters from which on a decimal number is not the one that somebody wrote."""

OLDEST = 7
"""The first set of operators that broadcasts as they all do since."""


class View(NamedTuple):
    """One node: what it is, what it is fed, its attributes as plain values."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.kind} `{self.name or self.outputs[0]}`"


class Graph:
    """The nodes in order, and the numbers that are known before anything runs."""

    def __init__(self, model: Any) -> None:
        graph = model.graph
        self.name = graph.name
        self.producer = model.producer_name
        self.opset = opset(model)
        self.constants: dict[str, Array] = {}
        self.stored: dict[str, Any] = {tensor.name: tensor for tensor in graph.initializer}
        self.initializers = frozenset(self.stored)
        self.same: dict[str, str] = {}
        self.inputs = [value for value in graph.input if value.name not in self.stored]
        self.outputs = [value.name for value in graph.output]
        self.nodes: list[View] = []
        for node in graph.node:
            self.take(node)
        self.makers = {name: view for view in self.nodes for name in view.outputs if name}
        self.users: dict[str, list[View]] = {}
        for view in self.nodes:
            for name in dict.fromkeys(view.inputs):
                self.users.setdefault(name, []).append(view)

    def take(self, node: NodeProto) -> None:
        """A node of the graph; constants, copies of them and what they are stored as are no nodes."""
        attributes = {a.name: plain(helper.get_attribute_value(a)) for a in node.attribute}
        if node.domain not in ("", "ai.onnx"):
            attributes["domain"] = node.domain
        kind, known = node.op_type, all(self.is_stored(name) for name in node.input if name)
        if kind == "Constant":
            self.constants[node.output[0]] = constant(attributes)
        elif (kind == "Identity" and known) or (kind == "Cast" and self.widened(node.input[0], attributes["to"])):
            self.same[node.output[0]] = node.input[0]
        elif kind == "DequantizeLinear" and known and "block_size" not in attributes:
            numbers, scale, *zero = (self.fixed(name) for name in node.input if name)
            self.constants[node.output[0]] = dequantized(attributes, numbers, scale, *zero)
        else:
            self.nodes.append(View(node.op_type, node.name, tuple(node.input), tuple(node.output), attributes))

    def widened(self, name: str, kind: int) -> bool:
        """Whether stored numbers with a point are only given more room."""
        tensor = self.stored.get(self.original(name))
        narrow = (TensorProto.FLOAT16, TensorProto.BFLOAT16)
        return tensor is not None and tensor.data_type in narrow and kind == TensorProto.FLOAT

    def is_stored(self, name: str) -> bool:
        return name in self.stored or name in self.constants or name in self.same

    def original(self, name: str) -> str:
        """The name under which equal numbers are kept once."""
        while name in self.same:
            name = self.same[name]
        return name

    def fixed(self, name: str) -> Array | None:
        """The numbers of an initialiser or constant; None for what is computed."""
        name = self.original(name)
        if name in self.stored:
            self.constants[name] = numpy_helper.to_array(self.stored.pop(name))
        return self.constants.get(name)


def dequantized(attributes: dict[str, Any], numbers: Any, scale: Any, zero: Any = None) -> Array:
    """Whole numbers that stand for others: (number - zero) * scale, along an axis where these are several."""
    along = [1] * numbers.ndim
    if scale.size > 1:
        along[attributes.get("axis", 1)] = -1
    shift = np.zeros_like(scale) if zero is None else zero
    found: Array = (numbers.astype(np.int64) - shift.astype(np.int64).reshape(along)) * scale.reshape(along)
    return found.astype(scale.dtype)


def constant(attributes: dict[str, Any]) -> Array:
    """The numbers of a `Constant` node."""
    for name in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        if name in attributes:
            kind = {"value_float": np.float32, "value_floats": np.float32}.get(name)
            return np.asarray(attributes[name], kind)
    return np.asarray(0)


def plain(value: Any) -> Any:
    """An attribute as a Python value; numbers of 32 bits in their shortest spelling."""
    if isinstance(value, TensorProto):
        return numpy_helper.to_array(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float):
        return decimal(value)
    if isinstance(value, list) and value and isinstance(value[0], float):
        return [decimal(v) for v in value]
    return value


def decimal(value: Any) -> float:
    """0.001 for the number of 32 bits nearest to it; 1 / 255 where it is the nearest to that."""
    short = float(str(np.float32(value)))
    if 0 < abs(short) < 1 and len(str(short)) > LONG:
        whole = round(1 / short)
        if np.float32(1 / whole) == np.float32(value):
            return 1 / whole
    return short


def opened(path: str | os.PathLike[str]) -> Graph:
    """The graph of an ONNX file. UserError where it is none."""
    file = Path(path)
    with file.open("rb"):
        pass  # an OSError that names the file, before a library says it in its own way
    try:
        model = onnx.load(file)
    except Exception as wrong:
        raise UserError(f"{path}: {unopened(file)}: {wrong or type(wrong).__name__}") from None
    if not model.graph.node:
        raise UserError(f"{path}: this is no ONNX model: it has no nodes")
    if opset(model) < OLDEST:
        hint = "onnx.version_converter brings it up to date"
        raise UserError(f"{path}: its operators are those of opset {opset(model)}; {OLDEST} and later are read: {hint}")
    return Graph(model)


def opset(model: Any) -> int:
    """The version of the operators of ONNX itself."""
    return max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=0)


def unopened(file: Path) -> str:
    """What is wrong with a file that could not be read whole."""
    try:
        onnx.load(file, load_external_data=False)
    except Exception:
        return "this is no ONNX model"
    return "its weights lie in another file, which cannot be read"
