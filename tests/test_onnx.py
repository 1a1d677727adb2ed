"""The exported file: what ONNX Runtime computes from it, and what it says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from cnnc.compiler.backends.onnx import Form, build, export, write
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import compile_text
from cnnc.runtime.lowering.export import drawn
from cnnc.runtime.lowering.lower import lower
from cnnc.runtime.lowering.verify import compared, difference
from hypothesis import given, settings

from .chance import networks

SMALL = '''
"""Two heads."""

model Small(classes=10):
    input ?x?x3
    conv 8, 3x3, pad=same, act=relu as stem
    residual:
        conv 8, 3x3, pad=same -> batchnorm -> relu
    as body
    global_avgpool -> dense classes -> softmax as main
    side = body -> global_maxpool -> dense 2 as logits
    output main, side
'''


def compiled(text: str) -> Checked:
    return compile_text(text).checked


def session(model: Any) -> onnxruntime.InferenceSession:
    data = model if isinstance(model, str) else model.SerializeToString()
    return onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])


def test_any_batch_and_any_open_size_run() -> None:
    checked = compiled(SMALL)
    weights = drawn(checked)
    run = session(build(checked, weights))
    net = lower(checked, seed=0).eval()
    for sizes in ((1, 3, 8, 8), (3, 3, 9, 12)):
        x = np.random.default_rng(0).standard_normal(sizes, np.float32)
        with torch.no_grad():
            expected = net(torch.from_numpy(x))
        for ours, theirs in zip(run.run(None, {"input": x}), expected, strict=True):
            np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-4, atol=1e-6)


def test_values_bear_the_names_of_the_file() -> None:
    checked = compiled(SMALL)
    graph = build(checked, drawn(checked)).graph
    assert [i.name for i in graph.input] == ["input"]
    assert [o.name for o in graph.output] == ["main", "side"]
    assert {i.name for i in graph.initializer} >= set(checked.weights)
    made = {name for node in graph.node for name in node.output}
    assert {"stem", "bn1", "add1", "main", "side"} <= made
    assert any(node.name == "stem/Conv" for node in graph.node)
    assert len({node.name for node in graph.node}) == len(graph.node)


def test_sizes_are_named_where_they_are_open() -> None:
    checked = compiled(SMALL)
    (x,) = build(checked, drawn(checked)).graph.input
    dims = x.type.tensor_type.shape.dim
    assert [d.dim_param or d.dim_value for d in dims] == ["N", 3, "input_height", "input_width"]


def test_shapes_of_inner_values_are_told() -> None:
    checked = compiled("model A:\n    input 8x6x3\n    conv 4, 3x3 as c -> flatten as f -> dense 2 as d\n")
    told = {v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim]
            for v in build(checked, drawn(checked)).graph.value_info}  # fmt: skip
    assert told == {"c": ["N", 4, 6, 4], "f": ["N", 96]}


def test_the_file_says_where_it_comes_from(tmp_path: Path) -> None:
    import hashlib

    checked = compiled(SMALL)
    export(checked, tmp_path / "a.onnx", drawn(checked))
    model = onnx.load(tmp_path / "a.onnx")
    told = {p.key: p.value for p in model.metadata_props}
    assert model.producer_name == "cnnc"
    assert model.graph.name == told["model"] == "Small"
    assert told["sha256"] == hashlib.sha256(SMALL.encode()).hexdigest()


def test_the_first_output_alone_leaves_out_the_rest() -> None:
    checked = compiled(SMALL)
    graph = build(checked, drawn(checked), Form(first_only=True)).graph
    assert [o.name for o in graph.output] == ["main"]
    assert not any("logits" in node.name for node in graph.node)
    assert not any("logits" in i.name for i in graph.initializer)


def test_an_input_may_be_an_output_and_a_value_two_outputs() -> None:
    checked = compiled("model A:\n    x = input 4\n    y = x -> relu\n    output x, y\n")
    run = session(build(checked, {}))
    x = np.array([[-1, 2, -3, 4]], np.float32)
    names = [o.name for o in run.get_outputs()]
    assert len(set(names)) == 2
    first, second = run.run(None, {run.get_inputs()[0].name: x})
    np.testing.assert_array_equal(first, x)
    np.testing.assert_array_equal(second, np.maximum(x, 0))


OPEN = [
    "conv 4, 2x2, stride=3, pad=same",
    "depthwise_conv 2x2, stride=4, pad=same",
    "maxpool 2, stride=3, pad=same",
    "avgpool 2, stride=3, pad=same",
    "l2pool 3, stride=2, ceil=true",
    "maxpool 3, stride=2, ceil=true",
    "maxpool 3, stride=2, pad=1, ceil=true",
    "maxpool 2, stride=4, pad=1, ceil=true",
    "avgpool 3, stride=2, ceil=true",
    "avgpool 3, stride=2, pad=1, ceil=true",
    "avgpool 3, stride=2, pad=1, ceil=true, count_pad=true",
    "adaptive_avgpool 3",
    "adaptive_avgpool 4x2",
    "adaptive_maxpool 4x2",
    "maxpool_places 3, stride=2, ceil=true",
    "maxpool_places (2, 3), stride=(3, 2), pad=1, ceil=true",
    "maxpool_places 2, stride=3, pad=same",
    "zeropad ((1, 2), (0, 3)) -> crop input",
]
"""Layers whose windows lie elsewhere for every size of the map."""


@pytest.mark.parametrize("layer", OPEN)
def test_windows_that_hang_on_open_sizes_are_worked_out_in_the_graph(layer: str) -> None:
    checked = compiled(f"model A:\n    input ?x?x3\n    {with_places(layer)}\n")
    weights = drawn(checked)
    run, net = session(build(checked, weights)), lower(checked, seed=0).eval()
    for height in range(5, 13):
        x = np.random.default_rng(height).standard_normal((1, 3, height, 17 - height), np.float32)
        found = run.run(None, {"input": x})
        with torch.no_grad():
            made = net(torch.from_numpy(x))
        expected = made if isinstance(made, tuple) else (made,)
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-5, atol=1e-6)


def with_places(layer: str) -> str:
    """The layer, its places an output too where it tells them."""
    return f"m, p = input -> {layer}\n    output m, p" if layer.startswith("maxpool_places") else layer


def test_numbers_go_back_to_places_that_come_from_elsewhere_at_any_size() -> None:
    checked = compiled("model A:\n    m = input ?x?x2\n    p = input ?x?x2\n    (m, p) -> unpool 3, stride=2\n")
    run = session(build(checked, {}))
    for height, width in ((7, 9), (11, 5)):
        x = torch.randn(2, 2, height, width)
        maps, places = torch.nn.functional.max_pool2d(x, 3, 2, return_indices=True)
        (found,) = run.run(None, {"m": maps.numpy(), "p": places.numpy()})
        torch.testing.assert_close(torch.from_numpy(found), torch.nn.functional.max_unpool2d(maps, places, 3, 2))


def test_a_border_of_zeros_before_a_maxpool_stays_a_border_of_zeros() -> None:
    """ONNX Runtime would take it for one of minus infinity, as in the stem of ResNet50V2."""
    checked = compiled("model A:\n    input 8x8x2\n    zeropad 1 -> maxpool 3, stride=2\n")
    x = -np.ones((1, 2, 8, 8), np.float32)
    (found,) = session(build(checked, {})).run(None, {"input": x})
    np.testing.assert_array_equal(found[0, 0], [[0, 0, 0, 0], [0, -1, -1, -1], [0, -1, -1, -1], [0, -1, -1, -1]])


def test_tokens_are_whole_numbers() -> None:
    checked = compiled("model A:\n    input 5\n    embedding 7, 3 -> global_avgpool\n")
    weights = {"embedding1.weight": np.arange(21, dtype=np.float32).reshape(7, 3)}
    run = session(build(checked, weights))
    assert run.get_inputs()[0].type == "tensor(int64)"
    (found,) = run.run(None, {"input": np.array([[0, 1, 2, 3, 4]])})
    np.testing.assert_allclose(found, [[6, 7, 8]])


def test_large_weights_stand_beside_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "LIMIT", 100)
    checked = compiled("model A:\n    input 64\n    dense 64\n")
    weights = drawn(checked)
    export(checked, tmp_path / "a.onnx", weights)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.onnx", "a.onnx.data"]
    assert max(compared(checked, tmp_path / "a.onnx", weights).values()) < 1e-5


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.onnx").write_text("old")
    checked = compiled("model A:\n    input 4\n    dense 2\n")

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(write, "put", full)
    with pytest.raises(OSError, match="no space") as told:
        export(checked, tmp_path / "a.onnx", drawn(checked))
    assert told.value.filename == str(tmp_path / "a.onnx")
    assert [p.name for p in tmp_path.iterdir()] == ["a.onnx"]
    assert (tmp_path / "a.onnx").read_text() == "old"


def test_verify_notices_wrong_numbers(tmp_path: Path) -> None:
    checked = compiled("model A:\n    input 8\n    dense 3\n")
    weights = drawn(checked)
    export(checked, tmp_path / "a.onnx", weights)
    assert max(compared(checked, tmp_path / "a.onnx", weights).values()) < 1e-5
    changed = {**weights, "dense1.bias": weights["dense1.bias"] + 0.1}
    assert max(compared(checked, tmp_path / "a.onnx", changed).values()) > 1e-3


def test_verify_tries_several_sizes_where_they_are_open(tmp_path: Path) -> None:
    """A file of another network that is the same at one size: its border is that of `same` at 64 alone."""
    other = compiled("model A:\n    input ?x?x3\n    conv 2, 3x3, stride=2, pad=((0, 1), (0, 1)) as c\n")
    weights = drawn(other)
    export(other, tmp_path / "a.onnx", weights)
    checked = compiled("model A:\n    input ?x?x3\n    conv 2, 3x3, stride=2, pad=same as c\n")
    found = compared(checked, tmp_path / "a.onnx", weights)
    assert list(found) == ["64x64x3", "96x160x3", "75x53x3"]
    assert [value < 1e-5 for value in found.values()] == [True, True, False]


def test_verify_leaves_out_sizes_that_do_not_fit_the_network(tmp_path: Path) -> None:
    text = "model A:\n    input ?x?x3\n    maxpool 2 -> conv_transpose 3, 2x2, stride=2 -> add input\n"
    checked = compiled(text)
    export(checked, tmp_path / "a.onnx", drawn(checked))
    assert list(compared(checked, tmp_path / "a.onnx", drawn(checked))) == ["64x64x3", "96x160x3"]
    large = compiled("model A:\n    input ?x?x3\n    conv 2, 200x200\n")
    export(large, tmp_path / "b.onnx", drawn(large))
    assert list(compared(large, tmp_path / "b.onnx", drawn(large))) == ["256x256x3"]


def test_difference_is_relative_to_the_largest_value() -> None:
    assert difference(np.array([1.0, 4.0]), np.array([1.0, 5.0])) == pytest.approx(0.2)
    assert difference(np.zeros(2), np.zeros(3)) == float("inf")


# --- forms -----------------------------------------------------------------------------------------------------------
# --- the command ------------------------------------------------------------------------------------------------------
# --- networks drawn by chance -----------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None, derandomize=True)
@given(networks())
def test_networks_drawn_by_chance_agree(text: str) -> None:
    checked = compiled(text)
    net = lower(checked, seed=1).eval()
    weights = {path: tensor.numpy() for path, tensor in net.state_dict().items()}
    x = np.random.default_rng(0).standard_normal((2, 4, *checked.inputs[0].facts.output.spatial), np.float32)
    (found,) = session(build(checked, weights)).run(None, {"input": x})
    with torch.no_grad():
        np.testing.assert_allclose(found, net(torch.from_numpy(x)).numpy(), rtol=1e-3, atol=1e-6)
