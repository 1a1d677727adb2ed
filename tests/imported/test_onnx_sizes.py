"""Sizes that an exporter computes though they are known, names of equal weights, and files that are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from cnnc.compiler.decompile import decompile, weights
from cnnc.compiler.frontends import onnx as frontend
from cnnc.compiler.frontends.unread import Unreadable

from .graphs import MAP, agreeing, drawn, lines, real, whole, written

ROW = "float[N,4,7,8] x"
COMPUTED: list[tuple[str, int, str, dict[str, Any]]] = [
    ("upsample to=4, mode=bilinear", 13,
     "s = Shape(x) h = Slice(s, two, four) f = Cast<to=1>(h) d = Div(f, real2) c = Ceil(d) i = Cast<to=7>(c)"
     "b = Slice(s, zero, two) z = Concat<axis=0>(b, i) y = Resize<mode=\"linear\">(x, , , z)",
     {"zero": whole(0), "two": whole(2), "four": whole(4), "real2": real(2, 2)}),
    ("upsample 2", 9,
     "s = Shape(x) h = Slice<axes=[0], starts=[2], ends=[4]>(s) t = Mul(h, two) a = Cast<to=1>(t) b = Cast<to=1>(h)"
     "q = Div(a, b) f = Concat<axis=0>(one, one, q) y = Upsample(x, f)",
     {"two": whole(2), "one": real([1])}),
    ("flatten -> dense 3", 13,
     "s = Shape(x) n = Gather<axis=0>(s, zero) u = Unsqueeze(n, first) z = Concat<axis=0>(u, rest) f = Reshape(x, z)"
     "y = Gemm(f, w, b)",
     {"zero": whole(0).reshape(()), "first": whole(0), "rest": whole(-1), "w": drawn(224, 3), "b": drawn(3)}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "opset", "body", "numbers"), COMPUTED, ids=[row[0] for row in COMPUTED])
def test_sizes_are_computed_as_the_graph_does(
    text: str, opset: int, body: str, numbers: dict[str, Any], tmp_path: Path
) -> None:
    path = written(tmp_path, ROW, body, opset, **numbers)
    agreeing(path)
    assert lines(path) == text


def test_layers_whose_weights_were_equal_keep_their_names(tmp_path: Path) -> None:
    """PyTorch's exporter stores equal weights once, and hands them on under the other names."""
    path = written(
        tmp_path,
        MAP,
        "n = Conv<kernel_shape=[1,1]>(x, w, b) y = Conv<kernel_shape=[1,1]>(n, w2, b2)",
        w=drawn(4, 4, 1, 1),
        b=drawn(4),
    )
    model = onnx.load(path)
    names = {"w": "layer.0.weight", "b": "layer.0.bias", "w2": "layer.1.weight", "b2": "layer.1.bias"}
    for stored in model.graph.initializer:
        stored.name = names[stored.name]
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
    for name in ("weight", "bias"):
        model.graph.node.insert(0, onnx.helper.make_node("Identity", [f"layer.0.{name}"], [f"layer.1.{name}"]))
    onnx.save(model, path)
    assert decompile(frontend.read(path)).checked.weights.keys() == set(names.values())


STORED: list[tuple[str, str, dict[str, Any]]] = [
    ("half", "v = Cast<to=1>(w)", {"w": drawn(5, 4, 3, 3).astype(np.float16)}),
    ("transposed", "v = Transpose<perm=[3,2,0,1]>(w)", {"w": drawn(3, 3, 4, 5)}),
    ("bytes", "v = DequantizeLinear(w, s, z)",
     {"w": np.arange(180, dtype=np.uint8).reshape(5, 4, 3, 3), "s": real(0.1), "z": np.array(90, np.uint8)}),
    ("bytes by channel", "v = DequantizeLinear<axis=0>(w, s)",
     {"w": np.arange(-90, 90, dtype=np.int8).reshape(5, 4, 3, 3), "s": drawn(5)}),
]  # fmt: skip


@pytest.mark.parametrize(("how", "numbers"), [row[1:] for row in STORED], ids=[row[0] for row in STORED])
def test_weights_are_read_however_they_are_stored(how: str, numbers: dict[str, Any], tmp_path: Path) -> None:
    path = written(tmp_path, MAP, f"{how} y = Conv<kernel_shape=[3,3]>(x, v)", **numbers)
    agreeing(path)
    assert lines(path).startswith("conv 5, 3x3, bias=false")


def test_tokens_are_looked_up_as_tensorflow_does_it(tmp_path: Path) -> None:
    body = "g = Gather(e, x) y = ReduceMean<axes=[1], keepdims=0>(g)"
    path = written(tmp_path, "int64[N,7] x", body, e=drawn(10, 4))
    network = frontend.read(path)
    assert lines(path).startswith("embedding 10, 4")
    assert network.layers[-1].op.word == "global_avgpool"


def test_a_factor_and_a_summand_leave_no_other_weight_behind(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        MAP,
        "p = MaxPool<kernel_shape=[2,2]>(x) m = Mul(p, s) y = Add(m, b)",
        s=drawn(4, 1, 1),
        b=drawn(4, 1, 1),
    )
    network = frontend.read(path)
    found = decompile(network)
    assert weights(network, found).keys() == found.checked.weights.keys()


WRONG = [
    ("MaxPool `y`: it is not as ONNX lays it out", "y = MaxPool(x)"),
    ("Concat `y`: it is not as ONNX lays it out", "y = Concat(x, x)"),
    ("Gemm `y`: it is not as ONNX lays it out", "y = Gemm(x)"),
    ("Transpose `y`: it orders 4 axes by", "y = Transpose<perm=[0,1]>(x)"),
    ("Relu `y`: `z` is not made by any node", "y = Relu(z)"),
]


@pytest.mark.parametrize(("text", "body"), WRONG)
def test_files_that_are_wrong_are_told_as_such(text: str, body: str, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=text):
        frontend.read(written(tmp_path, MAP, body))
