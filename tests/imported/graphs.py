"""ONNX graphs as other tools lay them out, a few nodes each, and what they become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from cnnc.compiler.decompile import Decompiled, decompile, weights
from cnnc.compiler.frontends import onnx as frontend
from cnnc.runtime.lowering.lower import lower
from cnnc.runtime.lowering.verify import run_onnx
from onnx import helper, numpy_helper, parser

Array = np.ndarray[Any, Any]

MAP = "float[N,4,8,8] x"
LAST = "float[N,8,8,3] x"
"""A map with its channels last, as TensorFlow has it."""


def whole(*numbers: int) -> Array:
    return np.array(numbers, np.int64)


def real(*numbers: float) -> Array:
    return np.array(numbers[0] if len(numbers) == 1 else numbers, np.float32)


def drawn(*shape: int) -> Array:
    """Weights, the same ones each time."""
    return np.random.default_rng(sum(shape)).random(shape, np.float32) + np.float32(0.2)


def written(folder: Path, inputs: str, body: str, opset: int = 13, **numbers: Array) -> Path:
    """A file of some nodes, in ONNX's own notation, from `inputs` to `y`."""
    text = f'<ir_version: 8, opset_import: ["": {opset}]> net ({inputs}) => (float[n] y) {{ {body} }}'
    model = parser.parse_model(text)
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None))
    model.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in numbers.items())
    onnx.save(model, folder / "net.onnx")
    return folder / "net.onnx"


def lines(path: Path) -> str:
    """The body of what it becomes, on one line, without its input."""
    found = decompile(frontend.read(path)).text.partition("model ")[2].splitlines()[2:]
    return " | ".join(line.strip() for line in found)


def agreeing(path: Path, rtol: float = 1e-5) -> Decompiled:
    """The import, which computes what ONNX Runtime computes of the file."""
    network = frontend.read(path)
    found = decompile(network)
    entry = onnx.load(path).graph.input[0].type.tensor_type.shape
    dims = [dim.dim_value or 2 for dim in entry.dim]
    x = np.random.default_rng(0).standard_normal(dims, np.float32) * 2
    (expected,) = run_onnx(path, {"x": x})
    net, arrays = lower(found.checked, seed=None).eval(), weights(network, found)
    net.load_state_dict({key: torch.from_numpy(np.array(arrays[key])) for key in found.checked.weights})
    last = len(dims) > 2 and tuple(dims[1:]) == tuple(found.checked.inputs[0].facts.output)
    with torch.no_grad():
        made = net(torch.from_numpy(np.ascontiguousarray(np.moveaxis(x, -1, 1)) if last else x)).numpy()
    made = np.moveaxis(made, 1, -1) if last and made.ndim > 2 else made
    np.testing.assert_allclose(made, expected, rtol=rtol, atol=1e-5 * float(np.abs(expected).max()))
    return found
