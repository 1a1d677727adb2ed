"""What a rule writes to: the ONNX graph under construction, seen from one node of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from ...ops.base import weight_key
from ...shape import Shape
from .form import Precision

if TYPE_CHECKING:
    from ...ops.base import Op

Array = np.ndarray[Any, Any]


class Weights(Protocol):
    """Where numbers come from: the array of a weight, by its path."""

    def __getitem__(self, path: str, /) -> Array: ...


class Builder:
    """The parts of the ONNX graph so far. Names of values and names of nodes are unique, each among themselves.

    `held` are the weights that are used, by name, with their shapes; their numbers are asked for when they are written.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], precision: Precision) -> None:
        self.shapes = shapes
        self.precision = precision
        self.nodes: list[NodeProto] = []
        self.held: dict[str, tuple[int, ...]] = {}
        self.constants: dict[str, TensorProto] = {}
        self.renamed: dict[str, str] = {}
        self._known: dict[tuple[Any, ...], str] = {}
        self._values: dict[str, int] = {}
        self._nodes: dict[str, int] = {}
        self._outputs: set[str] = set()

    def value(self, name: str) -> str:
        """A name for a value."""
        return unique(name, self._values)

    def append(self, kind: str, path: str, inputs: list[str], outputs: int, attributes: dict[str, Any]) -> list[str]:
        """Add a node that bears the path of its layer; the names of its outputs."""
        name = unique(f"{path}/{kind}", self._nodes)
        names = [self.value(name if outputs == 1 else f"{name}:{i}") for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, name, **attributes))
        return names

    def rename(self, value: str, name: str) -> None:
        """Call a value by a better name when all is finished."""
        self.renamed[value] = self.value(name)

    def name_output(self, value: str, name: str, kind: int) -> None:
        """Let a value be the output `name` of a type; it is copied where it is an input or another output too."""
        made = {output for node in self.nodes for output in node.output}
        if kind == TensorProto.FLOAT != self.precision.kind:
            self.nodes.append(helper.make_node("Cast", [value], [name], unique(f"{name}/Cast", self._nodes), to=kind))
        elif value in made and self.renamed.get(value) not in self._outputs:
            self.renamed[value] = name
        else:
            self.nodes.append(helper.make_node("Identity", [value], [name], unique(f"{name}/output", self._nodes)))
        self._outputs.add(name)

    def finished(self) -> list[NodeProto]:
        """The nodes, every value under its last name."""
        for node in self.nodes:
            for names in (node.input, node.output):
                for i, name in enumerate(names):
                    if name in self.renamed:
                        names[i] = self.renamed[name]
        return self.nodes

    def weight(self, path: str) -> str:
        """The initialiser that holds the weight of this path."""
        self.held[path] = self.shapes[path]
        return path

    def constant(self, path: str, array: Array) -> str:
        """An initialiser that holds fixed numbers; equal ones are kept once."""
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            name = self._known[key] = self.value(f"{path}/constant")
            self.constants[name] = numpy_helper.from_array(array, name)
        return self._known[key]


def unique(name: str, used: dict[str, int]) -> str:
    """The name, numbered from its second use on."""
    count = used.get(name, 0)
    used[name] = count + 1
    return unique(f"{name}_{count}", used) if count else name


class Emitter:
    """One use of an operator: where it stands, what it is fed, and the means to add ONNX nodes.

    `inputs` are the names of its input values, `shapes` and `outputs` the shapes of its inputs and outputs (written
    order: spatial first, channels last, no batch), `readers` the operators that read its outputs. In the ONNX graph
    maps lie channels first, with the batch.
    """

    def __init__(
        self,
        builder: Builder,
        path: str,
        inputs: list[str],
        shapes: tuple[Shape, ...],
        outputs: tuple[Shape, ...],
        readers: tuple[Op, ...] = (),
    ) -> None:
        self.builder = builder
        self.path = path
        self.inputs = inputs
        self.shapes = shapes
        self.outputs = outputs
        self.readers = readers

    @property
    def kind(self) -> int:
        """ONNX's type of the values of the network."""
        return self.builder.precision.kind

    def weight(self, name: str) -> str:
        """The initialiser of one of the layer's weights, by its name in `Facts.weights`."""
        return self.builder.weight(weight_key(self.path, name))

    def constant(self, value: Any, dtype: Any = None) -> str:
        """An initialiser holding `value`: whole numbers as int64, others in the network's numbers, unless `dtype` is
        given."""
        array = np.asarray(value, dtype)
        if dtype is None:
            whole = np.dtype(np.int64)
            kinds = {"f": self.builder.precision.dtype, "i": whole, "u": whole}
            array = array.astype(kinds.get(array.dtype.kind, array.dtype))
        return self.builder.constant(self.path, array)

    def node(self, kind: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any) -> Any:
        """Append an ONNX node; the name of its output, or a list of names where `outputs` is more than 1.

        An empty name among `inputs` leaves an optional input out; attributes that are None are left out.
        """
        given = {key: list(v) if isinstance(v, tuple) else v for key, v in attributes.items() if v is not None}
        names = self.builder.append(kind, self.path, list(inputs), outputs, given)
        return names[0] if outputs == 1 else names

    def activate(self, act: Op | None, value: str) -> str:
        """What `act=` makes of the layer's output `value`; the value itself where there is none."""
        if act is None:
            return value
        from .rules import emit

        (made,) = emit(act, Emitter(self.builder, self.path, [value], self.outputs, self.outputs))
        return made
