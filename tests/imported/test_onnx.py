"""ONNX files: ours come back exactly, those of PyTorch's exporter compute what PyTorch computes."""

from __future__ import annotations

import gc
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from cnnc.compiler.backends.onnx import export
from cnnc.compiler.decompile import Decompiled, decompile, weights
from cnnc.compiler.frontends import onnx as frontend
from cnnc.compiler.frontends.unread import Unreadable
from cnnc.compiler.pipeline import compile_path, compile_text
from cnnc.runtime.lowering.export import drawn
from cnnc.runtime.lowering.lower import lower
from cnnc.runtime.lowering.verify import examples, run_onnx
from onnx import TensorProto, helper
from torch import nn

from cnnc.cli import main

from .test_structure import MODELS

Array = np.ndarray[Any, Any]


def shaken(arrays: dict[str, Array]) -> dict[str, Array]:
    """The weights with noise, so that no two layers have the same and statistics are not trivial."""
    draw = np.random.default_rng(1)
    return {
        name: (array + (0.05 + draw.random(array.shape) * 0.1)).astype(array.dtype)
        if array.dtype.kind == "f" else array
        for name, array in arrays.items()
    }  # fmt: skip


def there_and_back(name: str, folder: Path) -> Decompiled:
    """A model exported, imported and exported again: both files must compute the same, to the last bit or nearly."""
    checked = compile_path(name).checked
    path, again = folder / "there.onnx", folder / "back.onnx"
    export(checked, path, shaken(drawn(checked)))
    network = frontend.read(path)
    found = decompile(network)
    export(found.checked, again, weights(network, found))
    fed = examples(checked, 1, 0)
    first = run_onnx(path, fed)
    second = run_onnx(again, {n.path: value for n, value in zip(found.checked.inputs, fed.values(), strict=True)})
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-6 * float(np.abs(a).max()))
    assert found.checked.params == checked.params
    assert [o.port.shape for o in found.checked.outputs] == [o.port.shape for o in checked.outputs]
    return found


SMALL = ["zoo:lenet5", "zoo:squeezenet1_1", "zoo:shufflenet_v2_x0_5", "zoo:char_cnn_small", "zoo:tcn",
         "zoo:lenet5_original", "zoo:time_series_resnet"]  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_our_own_files_come_back(name: str, tmp_path: Path) -> None:
    assert there_and_back(name, tmp_path).level == "loops"


LACKING = {"deepface"}
"""Models with layers that ONNX has no word for, and that are not put together again yet: `local_conv`."""


@pytest.mark.proof
def test_the_whole_zoo_comes_back(tmp_path: Path) -> None:
    for name in MODELS:
        if name in LACKING:
            continue
        checked = compile_path(f"zoo:{name}").checked
        if checked.params < 120_000_000:
            assert there_and_back(f"zoo:{name}", tmp_path).level == "loops", name
        gc.collect()


# --- what PyTorch's exporter writes -----------------------------------------------------------------------------------


class Squeeze(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(width, width // 4, 1), nn.Conv2d(width // 4, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = self.fc2(torch.relu(self.fc1(x.mean((2, 3), keepdim=True))))
        return x * nn.functional.hardsigmoid(found)


class Odd(nn.Module):
    """What torchvision's models are made of, in one small network."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.Hardswish())
        self.deep = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.BatchNorm2d(8), nn.SiLU())
        self.squeeze = Squeeze(8)
        self.norm = nn.GroupNorm(2, 8)
        self.act = nn.PReLU(8)
        self.up = nn.ConvTranspose2d(8, 4, 2, 2)
        self.last = nn.LayerNorm(6)
        self.fc = nn.Linear(6 * 16 * 16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        x = self.squeeze(x + self.deep(x))
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        a, b = self.norm(x).chunk(2, 1)
        x = torch.cat([nn.functional.gelu(a), b.clamp(0, 6)], 1)
        x = nn.functional.avg_pool2d(self.up(self.act(nn.functional.max_pool2d(x, 3, 2, 1))), 2)
        x = nn.functional.interpolate(torch.cat([x, x[:, 1:3]], 1), scale_factor=2, mode="nearest")
        x = self.last(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return torch.log_softmax(self.fc(torch.flatten(nn.functional.dropout(x, 0.5, self.training), 1)), 1)


def computed(found: Decompiled, arrays: dict[str, Array], x: torch.Tensor) -> torch.Tensor:
    """What the imported network makes of an input."""
    net = lower(found.checked, seed=None).eval()
    net.load_state_dict({key: torch.from_numpy(np.array(arrays[key])) for key in found.checked.weights})
    with torch.no_grad():
        made: torch.Tensor = net(x)
    return made


def unsettled(module: nn.Module) -> nn.Module:
    """Statistics and factors that are not 0 and 1."""
    torch.manual_seed(0)
    for key, value in module.state_dict().items():
        if value.dtype.is_floating_point and value.ndim == 1:
            value.uniform_(0.5, 1.5) if "var" in key or "weight" in key else value.normal_(0, 0.1)
    return module.eval()


@pytest.mark.parametrize("folded", [True, False])
def test_pytorch_s_own_files_compute_what_pytorch_computes(folded: bool, tmp_path: Path) -> None:
    """With batch normalisation folded into convolutions as its exporter does, and without."""
    module, x = unsettled(Odd()), torch.randn(2, 3, 32, 32)
    path = tmp_path / "odd.onnx"
    training = torch.onnx.TrainingMode.EVAL if folded else torch.onnx.TrainingMode.PRESERVE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (x,), path, dynamo=False, training=training, do_constant_folding=folded)
    network = frontend.read(path)
    found = decompile(network)
    with torch.no_grad():
        expected = module(x)
    torch.testing.assert_close(computed(found, weights(network, found), x), expected, rtol=1e-4, atol=1e-5)
    words = [node.op.word for node in found.checked.nodes]
    assert ("batchnorm" in words) is not folded
    for word in (
        "hard_swish",
        "swish",
        "hard_sigmoid",
        "gelu",
        "relu6",
        "channel_shuffle",
        "groupnorm",
        "layernorm",
        "prelu",
    ):
        assert word in words


# --- what cannot be said ----------------------------------------------------------------------------------------------


def model(nodes: list[Any], folder: Path) -> Path:
    """A file of some nodes on `x`, a map of 4 x 8 x 8."""
    entry = helper.make_tensor_value_info("x", TensorProto.FLOAT, ("N", 4, 8, 8))
    end = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    path = folder / "some.onnx"
    onnx.save(helper.make_model(helper.make_graph(nodes, "some", [entry], [end])), path)
    return path


def test_every_node_without_a_counterpart_is_named(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Sin", ["x"], ["a"], "first"),
        helper.make_node("Relu", ["a"], ["b"], "between"),
        helper.make_node("Cos", ["b"], ["c"], "second"),
        helper.make_node("Add", ["x", "c"], ["y"], "sum"),
        helper.make_node("Tan", ["x"], ["nobody wants it"], "third"),
    ]
    with pytest.raises(Unreadable) as wrong:
        frontend.read(model(nodes, tmp_path))
    text = str(wrong.value)
    assert "`first`" in text
    assert "`second`" not in text  # behind the first, where nothing is known
    assert "`third`" not in text
    assert "between" not in text


def test_a_node_behind_one_that_is_lost_is_told_too(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Sin", ["x"], ["a"], "first"),
        helper.make_node("Cos", ["x"], ["b"], "second"),
        helper.make_node("Add", ["a", "b"], ["y"], "sum"),
    ]
    with pytest.raises(Unreadable, match="2 nodes") as wrong:
        frontend.read(model(nodes, tmp_path))
    assert "`first`" in str(wrong.value)
    assert "`second`" in str(wrong.value)


@pytest.mark.parametrize(("nodes", "text"), [
    ([helper.make_node("Softmax", ["x"], ["y"], axis=2)], "axis 2"),
    ([helper.make_node("ReduceMean", ["x"], ["y"], axes=[1])], "over the channels"),
    ([helper.make_node("Transpose", ["x"], ["y"], perm=[1, 0, 2, 3])], "moves the batch"),
    ([helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[3, 3], dilations=[2, 2])], "dilated"),
    ([helper.make_node("Foo", ["x"], ["y"], domain="mine")], "domain `mine`"),
])  # fmt: skip
def test_refusals_say_why(nodes: list[Any], text: str, tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=text):
        frontend.read(model(nodes, tmp_path))


def test_flattening_is_said_by_the_weights_behind_it(tmp_path: Path) -> None:
    """PyTorch's order of a flattened map differs from ours: the columns of the next layer are permuted."""
    weight = np.arange(2 * 4 * 8 * 8, dtype=np.float32).reshape(2, -1)
    nodes = [
        helper.make_node("Constant", [], ["w"], value=onnx.numpy_helper.from_array(weight)),
        helper.make_node("Flatten", ["x"], ["f"]),
        helper.make_node("Gemm", ["f", "w"], ["y"], transB=1),
    ]
    network = frontend.read(model(nodes, tmp_path))
    (found,) = [layer.weights["weight"] for layer in network.layers if layer.weights]
    x = np.random.default_rng(0).random((4, 8, 8))
    np.testing.assert_allclose(found @ x.transpose(1, 2, 0).ravel(), weight @ x.ravel())


# --- the command ------------------------------------------------------------------------------------------------------

NET = "model Net:\n    input 8x8x3\n    conv 4, 3x3 -> relu\n    flatten -> dense 2\n"


def exported(folder: Path) -> Path:
    checked = compile_text(NET).checked
    export(checked, folder / "net.onnx", drawn(checked))
    return folder / "net.onnx"


def test_the_command_writes_a_file_and_its_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target, stored = exported(tmp_path), tmp_path / "new.cnn", tmp_path / "new.safetensors"
    assert main(["import", str(source), "-o", str(target), "--weights", str(stored)]) == 0
    assert "226" not in capsys.readouterr().out
    assert target.read_text("utf-8") == f'"""Imported from net.onnx."""\n\n{NET}'
    assert main(["fmt", "--check", str(target)]) == 0
    assert main(["check", str(target)]) == 0
    assert main(["export", str(target), "--weights", str(stored), "-o", str(tmp_path / "again.onnx"), "--verify"]) == 0


def test_the_command_writes_over_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = exported(tmp_path), tmp_path / "new.cnn"
    target.write_text("mine", "utf-8")
    assert main(["import", str(source), "-o", str(target)]) == 2
    assert "--force" in capsys.readouterr().err
    assert target.read_text("utf-8") == "mine"
    assert main(["import", str(source), "-o", str(target), "--force"]) == 0


@pytest.mark.parametrize(("words", "status", "text"), [
    (["net.txt"], 2, "is no .onnx, .keras or .json file"),
    (["nowhere.onnx"], 1, "nowhere.onnx"),
    (["bad.onnx"], 1, "this is no ONNX model"),
    (["bad.json"], 1, "this is no Keras model"),
    (["bad.keras"], 1, "this is no Keras model"),
    (["nowhere.at.all:net"], 1, "No module named"),
    (["torch.nn:Nothing"], 1, "has no `Nothing`"),
    (["torch.nn:Linear"], 1, "called without arguments"),
    (["math:pi"], 1, "called without arguments"),
    (["bad.onnx", "--input", "3x3x3"], 2, "says the shapes"),
    (["bad.onnx", "--weights", "x.bin"], 2, ".safetensors"),
])  # fmt: skip
def test_mistakes_are_told_in_words(
    words: list[str], status: int, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    for name in ("bad.onnx", "bad.json", "bad.keras"):
        Path(name).write_text("nothing of the kind", "utf-8")
    assert main(["import", *words]) == status
    told = capsys.readouterr().err
    assert text in told or text.replace("says", "say") in told
    assert "Traceback" not in told
