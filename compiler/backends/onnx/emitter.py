"""What a rule writes to: the ONNX graph under construction, seen from one node of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from ...shape import Shape

if TYPE_CHECKING:
    from ...ops.base import Op


class Weights(Protocol):
    """Where numbers come from: the array of a weight, by its path."""

    def __getitem__(self, path: str, /) -> np.ndarray[Any, Any]: ...


class Builder:
    """The parts of the ONNX graph so far; names of values and nodes are unique in it."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[NodeProto] = []
        self.initializers: dict[str, TensorProto] = {}
        self._constants: dict[tuple[Any, ...], str] = {}
        self._used: dict[str, int] = {}

    def unique(self, name: str) -> str:
        """The name, numbered from its second use on."""
        count = self._used.get(name, 0)
        self._used[name] = count + 1
        return self.unique(f"{name}_{count}") if count else name

    def weight(self, path: str) -> str:
        if path not in self.initializers:
            array = np.ascontiguousarray(self.weights[path])
            self.initializers[path] = numpy_helper.from_array(array, path)
        return path

    def constant(self, name: str, array: np.ndarray[Any, Any]) -> str:
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            name = self._constants[key] = self.unique(name)
            self.initializers[name] = numpy_helper.from_array(array, name)
        return self._constants[key]


class Emitter:
    """One use of an operator: where it stands, what it is fed, and the means to add ONNX nodes.

    `inputs` are the names of its input values, `shapes` and `outputs` the shapes of its inputs and outputs (written
    order: spatial first, channels last, no batch). In the ONNX graph maps lie batch and channels first, (N, C, D, H, W).
    """

    def __init__(
        self,
        builder: Builder,
        path: str,
        prefix: str,
        inputs: list[str],
        shapes: tuple[Shape, ...],
        outputs: tuple[Shape, ...],
    ) -> None:
        self.builder = builder
        self.path = path
        self.prefix = prefix
        self.inputs = inputs
        self.shapes = shapes
        self.outputs = outputs

    def weight(self, name: str) -> str:
        """The initialiser of one of the layer's weights, by its name in `Facts.weights`."""
        return self.builder.weight(f"{self.prefix}.{name}")

    def constant(self, value: Any, dtype: Any = None) -> str:
        """An initialiser holding `value`: whole numbers as int64 and others as float32 where no `dtype` is given."""
        array = np.asarray(value, dtype)
        if dtype is None:
            array = array.astype(
                np.float32 if array.dtype.kind == "f" else np.int64 if array.dtype.kind in "iu" else array.dtype
            )
        return self.builder.constant(f"{self.path}/constant", array)

    def node(self, kind: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any) -> Any:
        """Append an ONNX node; the name of its output, or a list of names where `outputs` is more than 1.

        An empty name among `inputs` leaves an optional input out; attributes that are None are left out.
        """
        name = self.builder.unique(f"{self.path}/{kind}")
        names = [name] if outputs == 1 else [f"{name}:{i}" for i in range(outputs)]
        given = {key: list(v) if isinstance(v, tuple) else v for key, v in attributes.items() if v is not None}
        self.builder.nodes.append(helper.make_node(kind, list(inputs), names, name, **given))
        return names[0] if outputs == 1 else names

    def activate(self, act: Op | None, value: str) -> str:
        """What `act=` makes of the layer's output `value`; the value itself where there is none."""
        if act is None:
            return value
        from .rules import emit

        (made,) = emit(act, Emitter(self.builder, self.path, self.prefix, [value], self.outputs, self.outputs))
        return made
