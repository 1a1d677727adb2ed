"""Nodes that hang on weights and constants alone, computed while exporting."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from .emitter import Weights
from .form import Precision

Array = np.ndarray[Any, Any]


def computed(
    nodes: list[NodeProto],
    constants: dict[str, TensorProto],
    held: dict[str, tuple[int, ...]],
    weights: Weights,
    precision: Precision,
) -> tuple[list[NodeProto], dict[str, TensorProto], dict[str, tuple[int, ...]]]:
    """The nodes that are left, and the constants and weights that these read; what is computed joins the constants."""
    fixed = {*constants, *held}
    left, made = [], dict(constants)
    for node in nodes:
        if node.input and all(not name or name in fixed for name in node.input):
            arrays = {name: known(name, made, weights, precision) for name in node.input if name}
            for name, array in zip(node.output, evaluated(node, arrays)):
                made[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
                fixed.add(name)
        else:
            left.append(node)
    read = {name for node in left for name in node.input}
    return (
        left,
        {name: tensor for name, tensor in made.items() if name in read},
        {name: shape for name, shape in held.items() if name in read},
    )


def known(name: str, made: dict[str, TensorProto], weights: Weights, precision: Precision) -> Array:
    """The numbers of a constant or a weight."""
    found: Array = numpy_helper.to_array(made[name]) if name in made else np.asarray(weights[name], precision.dtype)
    return found


def evaluated(node: NodeProto, arrays: dict[str, Array]) -> list[Array]:
    """What one node gives, by ONNX's own reference."""
    from onnx.reference import ReferenceEvaluator

    kinds = {name: helper.np_dtype_to_tensor_dtype(array.dtype) for name, array in arrays.items()}
    inputs = [helper.make_tensor_value_info(name, kinds[name], array.shape) for name, array in arrays.items()]
    outputs = [helper.make_empty_tensor_value_info(name) for name in node.output]
    graph = helper.make_graph([node], "constant", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    found: list[Array] = ReferenceEvaluator(model).run(None, arrays)
    return found
