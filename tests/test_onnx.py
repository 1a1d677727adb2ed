"""The exported file: what ONNX Runtime computes from it, and what it says of itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from cnnc.compiler.backends.onnx import OPSETS, Form, Preprocessing, build, export, write
from cnnc.compiler.diagnostics import UserError
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import compile_text
from cnnc.runtime.export import drawn, export_onnx
from cnnc.runtime.lower import lower
from cnnc.runtime.verify import difference, verify
from cnnc.runtime.weights import save
from hypothesis import given, settings

from cnnc.cli import main

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
]
"""Layers whose windows lie elsewhere for every size of the map."""


@pytest.mark.parametrize("layer", OPEN)
def test_windows_that_hang_on_open_sizes_are_worked_out_in_the_graph(layer: str) -> None:
    checked = compiled(f"model A:\n    input ?x?x3\n    {layer}\n")
    weights = drawn(checked)
    run, net = session(build(checked, weights)), lower(checked, seed=0).eval()
    for height in range(5, 13):
        x = np.random.default_rng(height).standard_normal((1, 3, height, 17 - height), np.float32)
        (found,) = run.run(None, {"input": x})
        with torch.no_grad():
            expected = net(torch.from_numpy(x)).numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


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
    assert verify(checked, tmp_path / "a.onnx", weights) < 1e-5


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.onnx").write_text("old")
    checked = compiled("model A:\n    input 4\n    dense 2\n")

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(write, "put", full)
    with pytest.raises(OSError, match="no space"):
        export(checked, tmp_path / "a.onnx", drawn(checked))
    assert [p.name for p in tmp_path.iterdir()] == ["a.onnx"]
    assert (tmp_path / "a.onnx").read_text() == "old"


def test_verify_notices_wrong_numbers(tmp_path: Path) -> None:
    checked = compiled("model A:\n    input 8\n    dense 3\n")
    weights = drawn(checked)
    export(checked, tmp_path / "a.onnx", weights)
    assert verify(checked, tmp_path / "a.onnx", weights) < 1e-5
    changed = {**weights, "dense1.bias": weights["dense1.bias"] + 0.1}
    assert verify(checked, tmp_path / "a.onnx", changed) > 1e-3


def test_difference_is_relative_to_the_largest_value() -> None:
    assert difference(np.array([1.0, 4.0]), np.array([1.0, 5.0])) == pytest.approx(0.2)
    assert difference(np.zeros(2), np.zeros(3)) == float("inf")


# --- forms -----------------------------------------------------------------------------------------------------------

NORMS = """
model Norms:
    input 9x9x3
    zeropad 1 -> conv 8, 3x3, bias=false -> batchnorm -> relu
    depthwise_conv 3x3, pad=same -> batchnorm scale=false -> relu
    separable_conv 8, 3x3, pad=same -> batchnorm center=false
    conv_transpose 4, 2x2, stride=2, bias=false -> batchnorm eps=1e-5
    conv 4, 3x3, pad=same as both -> batchnorm
    add both
    conv 4, 3x3, act=relu -> batchnorm
    flatten -> dense 6 -> batchnorm -> softmax
"""


def used(checked: Checked, seed: int = 0) -> dict[str, np.ndarray[Any, Any]]:
    """Weights as a trained network has them: no statistic at its initial value."""
    draw = np.random.default_rng(seed)
    made = {path: draw.standard_normal(weight.shape, np.float32) * 0.3 for path, weight in checked.weights.items()}
    return {path: np.abs(array) + 0.2 if path.endswith("running_var") else array for path, array in made.items()}


def test_folding_takes_in_every_normalisation_it_may(tmp_path: Path) -> None:
    checked = compiled(NORMS)
    weights = used(checked)
    export_onnx(checked, tmp_path / "a.onnx", weights, fold=True)
    kinds = [node.op_type for node in onnx.load(tmp_path / "a.onnx").graph.node]
    assert kinds.count("BatchNormalization") == 2  # one value is read twice, one layer has its activation inside
    assert verify(checked, tmp_path / "a.onnx", weights) < 1e-5


def test_folding_computes_what_hangs_on_weights_alone() -> None:
    text = "model A:\n    input 8x8x4\n    conv 4, 3x3, weight_norm=true -> prelu -> channel_affine\n"
    checked = compiled(text)
    weights, x = used(checked), np.random.default_rng(1).standard_normal((2, 4, 8, 8), np.float32)
    plain, folded = (build(checked, weights, Form(constants=on)) for on in (False, True))
    assert [n.op_type for n in folded.graph.node] == ["Conv", "PRelu", "Mul", "Add"]
    assert len(plain.graph.node) > 4
    found, expected = (session(model).run(None, {"input": x})[0] for model in (folded, plain))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("fold", [False, True])
def test_half_precision_inside_single_outside(tmp_path: Path, fold: bool) -> None:
    checked = compiled(NORMS)
    weights = used(checked)
    export_onnx(checked, tmp_path / "a.onnx", weights, precision="fp16", fold=fold)
    model = onnx.load(tmp_path / "a.onnx")
    kinds = {tensor.data_type for tensor in model.graph.initializer if tensor.name in checked.weights}
    assert kinds == {onnx.TensorProto.FLOAT16}
    assert session(str(tmp_path / "a.onnx")).get_inputs()[0].type == "tensor(float)"
    assert verify(checked, tmp_path / "a.onnx", weights) < 2e-2


def test_bfloat16_is_what_onnx_computes_with() -> None:
    """ONNX Runtime has no such kernels for the processor, so ONNX's own evaluator runs it."""
    from onnx.reference import ReferenceEvaluator

    checked = compiled("model A:\n    input 6\n    dense 5, act=relu\n    dense 3\n")
    weights, x = used(checked), np.random.default_rng(2).standard_normal((4, 6), np.float32)
    model = build(checked, weights, Form(precision="bf16"))
    onnx.checker.check_model(model, full_check=True)
    assert model.opset_import[0].version == 22
    (found,) = ReferenceEvaluator(model).run(None, {"input": x})
    (expected,) = session(build(checked, weights)).run(None, {"input": x})
    assert found.dtype == np.float32
    assert difference(found, expected) < 5e-2


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_preprocessing_goes_inside(tmp_path: Path, precision: str) -> None:
    checked = compiled("model A:\n    input 7x5x3\n    conv 4, 3x3\n")
    weights = used(checked)
    told = Preprocessing(1 / 255, (0.5, 0.4, 0.3), (0.2, 0.25, 0.3))
    export(checked, tmp_path / "a.onnx", weights, Form(precision=precision, preprocessing=told))
    (entry,) = session(str(tmp_path / "a.onnx")).get_inputs()
    assert (entry.type, entry.shape) == ("tensor(uint8)", ["N", 7, 5, 3])
    x = np.random.default_rng(0).integers(0, 256, (2, 7, 5, 3), np.uint8)
    (found,) = session(str(tmp_path / "a.onnx")).run(None, {"input": x})
    kernel, bias = torch.from_numpy(weights["conv1.weight"]), torch.from_numpy(weights["conv1.bias"])
    from torchvision.transforms.v2.functional import normalize

    picture = torch.from_numpy(x).permute(0, 3, 1, 2).float() / 255
    expected = torch.nn.functional.conv2d(normalize(picture, told.mean, told.std), kernel, bias)
    assert difference(found, expected.numpy()) < (1e-5 if precision == "fp32" else 1e-2)


@pytest.mark.parametrize("opset", range(OPSETS[0], OPSETS[1] + 1))
def test_every_opset_says_the_same(tmp_path: Path, opset: int) -> None:
    checked = compiled(NORMS)
    weights = used(checked)
    export(checked, tmp_path / "a.onnx", weights, Form(opset=opset))
    onnx.checker.check_model(tmp_path / "a.onnx", full_check=True)
    assert onnx.load(tmp_path / "a.onnx").opset_import[0].version == opset
    assert verify(checked, tmp_path / "a.onnx", weights) < 1e-5


# --- the command ------------------------------------------------------------------------------------------------------

DENSE = "model A(classes=2):\n    input 3x3x2\n    flatten -> dense classes as fc -> softmax\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.cnn"
    path.write_text(DENSE)
    return path


def test_export_and_verify_from_the_command_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = file.with_name("out.onnx")
    assert main(["export", str(file), "-p", "classes=5", "-o", str(out), "--verify"]) == 0
    assert [d.dim_value for d in onnx.load(out).graph.output[0].type.tensor_type.shape.dim] == [0, 5]
    assert "freshly drawn" in capsys.readouterr().out


def test_weights_that_do_not_fit_are_told_with_both_shapes(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = file.with_name("w.safetensors")
    save(wrong, {"fc.weight": np.zeros((3, 18), np.float32), "other": np.zeros(4, np.float32)})
    out = file.with_name("out.onnx")
    assert main(["export", str(file), "--weights", str(wrong), "-o", str(out)]) == 1
    told = capsys.readouterr().err
    assert "fc.weight: 2x18 in the network, 3x18 in the file" in told
    assert "fc.bias: 2 in the network, missing in the file" in told
    assert "other: 4 in the file, unknown to the network" in told
    assert not out.exists()


def test_weights_of_unknown_order_are_refused(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"fc.weight": torch.zeros(2, 18), "fc.bias": torch.zeros(2)}, tmp_path / "w.pt")
    out = str(tmp_path / "o.onnx")
    assert main(["export", str(file), "--weights", str(tmp_path / "w.pt"), "-o", out]) == 1
    assert "fc.weight" in capsys.readouterr().err
    arguments = ["export", str(file), "--weights", str(tmp_path / "w.pt"), "-o", out]
    assert main([*arguments, "--layout", "channels_first"]) == 0


def test_checkpoints_run_no_code(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pickle

    class Evil:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "touched",))

    (tmp_path / "w.pt").write_bytes(pickle.dumps(Evil()))
    assert main(["export", str(file), "--weights", str(tmp_path / "w.pt"), "-o", str(tmp_path / "o.onnx")]) == 1
    assert not (tmp_path / "touched").exists()
    assert "neither safetensors nor a checkpoint" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"\x08\x00\x00\x00\x00\x00\x00\x00{}{}{}{}", b"no weights at all"])
@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_broken_files_of_weights_are_told(tmp_path: Path, file: Path, content: bytes, suffix: str) -> None:
    from cnnc.runtime.weights import read

    (tmp_path / f"w{suffix}").write_bytes(content)
    with pytest.raises(UserError, match="w"):
        read(tmp_path / f"w{suffix}")


def test_a_run_folder_brings_its_weights(file: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "model.cnn").write_text(DENSE)
    (run / "config.json").write_text('{"format": 1, "params": ["classes=2"], "inputs": ["3x3x2"], "model": "A"}')
    bias = np.array([3.0, -1.0], np.float32)
    save(run / "best.safetensors", {"fc.weight": np.zeros((2, 18), np.float32), "fc.bias": bias})
    out = tmp_path / "o.onnx"
    assert main(["export", str(run), "-o", str(out)]) == 0
    (found,) = session(str(out)).run(None, {"input": np.zeros((1, 2, 3, 3), np.float32)})
    np.testing.assert_allclose(found[0], np.exp(bias) / np.exp(bias).sum(), rtol=1e-6)


def test_a_folder_that_is_no_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(tmp_path)]) == 1
    assert "no run: there is no config.json in it" in capsys.readouterr().err


def test_export_with_weights_loads_no_framework(file: Path, tmp_path: Path) -> None:
    arrays = {"fc.weight": np.zeros((2, 18), np.float32), "fc.bias": np.zeros(2, np.float32)}
    save(tmp_path / "w.safetensors", arrays)
    arguments = ["export", str(file), "--weights", str(tmp_path / "w.safetensors"), "-o", str(tmp_path / "o.onnx")]
    code = f"import sys; from cnnc.cli import main; main({arguments!r}); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


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
