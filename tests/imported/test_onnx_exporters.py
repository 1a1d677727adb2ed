"""ONNX as PyTorch's exporters spell it, node by node: the graphs are written here as they were found in their files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from cnnc.compiler.backends.onnx import export
from cnnc.compiler.decompile import decompile
from cnnc.compiler.frontends import onnx as frontend
from cnnc.compiler.pipeline import compile_text
from cnnc.runtime.lowering.export import drawn
from onnx import TensorProto, helper, numpy_helper


def written(nodes: list[Any], numbers: dict[str, Any], shape: tuple[int, ...], folder: Path) -> Path:
    """A file of PyTorch's exporter: `nodes` from `x` of a shape to `y`, with numbers by their names."""
    entry = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    end = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    held = [numpy_helper.from_array(np.asarray(array), name) for name, array in numbers.items()]
    path = folder / "net.onnx"
    graph = helper.make_graph(nodes, "main_graph", [entry], [end], held)
    onnx.save(helper.make_model(graph, producer_name="pytorch"), path)
    return path


def body(path: Path) -> str:
    """The file that it becomes, without its head."""
    return decompile(frontend.read(path)).text.split("\n", 1)[1]


def test_values_out_of_a_row_in_their_order(tmp_path: Path) -> None:
    """`as_strided` behind a pool whose map had its channels last, as in ConvNeXt."""
    nodes = [
        helper.make_node("ReduceMean", ["x", "axes"], ["m"], keepdims=1),
        helper.make_node("Reshape", ["m", "row"], ["r"]),
        helper.make_node("Gather", ["r", "places"], ["y"], axis=0),
    ]
    places = np.arange(6).reshape(2, 3, 1, 1)
    numbers = {"axes": np.array([-1, -2]), "row": np.array([-1]), "places": places}
    assert body(written(nodes, numbers, (2, 3, 8, 8), tmp_path)) == "    input 8x8x3\n    global_avgpool keep=true\n"


def test_the_bias_names_a_layer_whose_kernel_was_folded(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MatMul", ["x", "val_4"], ["val_5"], "node_MatMul_1"),
        helper.make_node("Add", ["val_5", "block.3.bias"], ["a"], "node_linear"),
        helper.make_node("MatMul", ["a", "val_6"], ["val_7"], "node_MatMul_3"),
        helper.make_node("Add", ["val_7", "block.5.bias"], ["y"], "node_linear_1"),
    ]
    draw = np.random.default_rng(0)
    shapes = {"val_4": (4, 5), "block.3.bias": 5, "val_6": (5, 2), "block.5.bias": 2}
    numbers = {name: draw.random(shape, np.float32) for name, shape in shapes.items()}
    network = frontend.read(written(nodes, numbers, (1, 4), tmp_path))
    assert decompile(network).checked.weights.keys() == {f"block.{i}.{w}" for i in (3, 5) for w in ("weight", "bias")}


def test_our_own_exporter_keeps_the_momentum(tmp_path: Path) -> None:
    text = "model Net:\n    input 8x8x3\n    batchnorm momentum=0.97\n"
    checked = compile_text(text).checked
    export(checked, tmp_path / "net.onnx", drawn(checked))
    assert body(tmp_path / "net.onnx") == text.partition("\n")[2]


def test_a_factor_and_a_summand_are_one_layer_under_its_path(tmp_path: Path) -> None:
    checked = compile_text('model Net:\n    input 8x8x3\n    avgpool 2 -> channel_affine as "s2.gain"\n').checked
    export(checked, tmp_path / "net.onnx", drawn(checked))
    assert decompile(frontend.read(tmp_path / "net.onnx")).checked.weights.keys() == checked.weights.keys()


BORDERS = [
    ("32x32x3", "conv 4, 3x3, stride=2, pad=same"),
    ("33x32x3", "maxpool 3x3, stride=2, ceil=true"),
    ("32x32x3", "avgpool 3x3, stride=2, pad=same"),
    ("32x3", "conv 4, 3, pad=causal, dilation=4"),
    ("32x32x3", "conv 4, 3x3, stride=2, pad=((2, 0), (0, 1))"),
]


@pytest.mark.parametrize(("shape", "line"), BORDERS)
def test_a_border_is_said_by_its_word(shape: str, line: str, tmp_path: Path) -> None:
    checked = compile_text(f"model Net:\n    input {shape}\n    {line}\n").checked
    export(checked, tmp_path / "net.onnx", drawn(checked))
    assert body(tmp_path / "net.onnx") == f"    input {shape}\n    {line}\n"


def test_a_border_before_a_window_is_its_own(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Pad", ["x", "pads", "zero"], ["p"]),
        helper.make_node("Conv", ["p", "w"], ["y"], pads=[1, 1, 1, 1]),
    ]
    numbers = {
        "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
        "zero": np.float32(0),
        "w": np.ones((4, 3, 5, 5), np.float32),
    }
    text = body(written(nodes, numbers, (1, 3, 8, 8), tmp_path))
    assert text == "    input 8x8x3\n    conv 4, 5x5, pad=2, bias=false as w\n"
