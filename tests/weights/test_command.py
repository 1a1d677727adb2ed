"""`cnnc weights show | convert | diff`, and `--weights` of other commands, as a user calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cnnc.runtime.weights import save

from cnnc.cli import main

TEXT = "model Net:\n    input 6x6x3\n    conv 4, 3x3 as stem -> relu\n    flatten -> dense 2 as fc\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.cnn").write_text(TEXT)
    shapes = {"stem.weight": (4, 3, 3, 3), "stem.bias": (4,), "fc.weight": (2, 64), "fc.bias": (2,)}
    draw = np.random.default_rng(0)
    save("w.safetensors", {name: draw.normal(size=shape).astype(np.float32) for name, shape in shapes.items()})
    return tmp_path / "net.cnn"


def said(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    assert main(["weights", *words]) == status
    told = capsys.readouterr()
    return told.err if status else told.out


@pytest.mark.parametrize("suffix", [".pt", ".npz", ".weights.h5", ".keras", ".safetensors"])
def test_conversions_lose_nothing(file: Path, suffix: str, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "convert", "w.safetensors", f"a{suffix}", "--for", "net.cnn")
    more = ["--layout", "channels_last"] if suffix == ".npz" else []
    said(capsys, "convert", f"a{suffix}", "b.safetensors", "--for", "net.cnn", *more)
    assert said(capsys, "diff", "w.safetensors", "b.safetensors", "--tolerance", "0") == "4 of 4 weights are equal\n"


def test_kernels_for_keras_have_keras_s_axes(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "convert", "w.safetensors", "a.weights.h5", "--for", "net.cnn")
    rows = json.loads(said(capsys, "show", "a.weights.h5", "--json"))
    assert {row["name"]: row["shape"] for row in rows} == {
        "layers/conv2d/0": [3, 3, 3, 4], "layers/conv2d/1": [4], "layers/dense/0": [64, 2], "layers/dense/1": [2],
    }  # fmt: skip


def test_differences_are_measured(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save("a.safetensors", {"x": np.array([1.0, -4.0]), "y": np.ones(3), "only": np.ones(2)})
    save("b.safetensors", {"x": np.array([1.0, -3.5]), "y": np.ones((3, 1)), "new": np.ones(1)})
    assert said(capsys, "diff", "a.safetensors", "b.safetensors").splitlines() == [
        "only: 2, in the first only",
        "y: 3 in the first, 3x1 in the second",
        "new: 1, in the second only",
        "x: differs by 0.5, 1.2e-01 of the largest",
        "0 of 4 weights are equal",
    ]
    assert main(["weights", "diff", "a.safetensors", "b.safetensors", "--tolerance", "0.2"]) == 1
    capsys.readouterr()
    found = json.loads(said(capsys, "diff", "a.safetensors", "b.safetensors", "--json"))
    assert {"path": "x", "before": [2], "after": [2], "absolute": 0.5, "relative": 0.125} in found


def test_what_a_model_would_take_is_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("other.cnn").write_text(TEXT.replace("dense 2", "dense 5"))
    told = said(capsys, "show", "w.safetensors", "--for", "other.cnn", status=1)
    assert "fc.weight: 5x64 in the network, 2x64 in the file" in told
    told = said(capsys, "show", "w.safetensors", "--for", "other.cnn", "--partial")
    assert told.startswith("w.safetensors: 2 weights loaded, 2 begin anew")


@pytest.mark.parametrize(("words", "message"), [
    (["convert", "a.weights.h5", "b.safetensors"], "say of which model with `--for FILE`"),
    (["convert", "w.safetensors", "b.keras"], "say which with `--for FILE`"),
    (["convert", "w.safetensors", "b.onnx"], "names no format of weights"),
    (["convert", "w.safetensors", "b.h5", "--for", "net.cnn"], "must end in .weights.h5"),
    (["convert", "w.safetensors", "b.pt", "--flatten", "channels_first"], "only the model tells"),
    (["diff", "w.safetensors", "a.weights.h5"], "say of which model with `--for FILE`"),
    (["show", "nowhere.pt"], "nowhere.pt: No such file"),
    (["show", "net.cnn"], "neither safetensors nor a checkpoint"),
])  # fmt: skip
def test_mistakes_are_told(file: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "convert", "w.safetensors", "a.weights.h5", "--for", "net.cnn")
    assert message in said(capsys, *words, status=1)


@pytest.mark.parametrize("words", [["diff", "w.safetensors"], ["show"], ["copy", "a", "b"]])
def test_the_wrong_number_of_words(file: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    program = [sys.executable, "-m", "cnnc", "weights", *words]
    assert subprocess.run(program, capture_output=True, check=False).returncode == 2


def test_export_takes_keras_s_weights_without_torch_or_keras(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import onnx

    said(capsys, "convert", "w.safetensors", "a.weights.h5", "--for", "net.cnn")
    assert loaded_by(["export", "net.cnn", "--weights", "a.weights.h5", "-o", "a.onnx"]) == "[]"
    assert loaded_by(["export", "net.cnn", "--weights", "w.safetensors", "-o", "b.onnx"]) == "[]"
    assert loaded_by(["export", "net.cnn", "-o", "c.onnx"]) == "[]"
    one, other = (numbers(onnx.load(name)) for name in ("a.onnx", "b.onnx"))
    assert one == other


def loaded_by(words: list[str]) -> str:
    """The frameworks that a command loads."""
    program = (
        "import sys; from cnnc.cli import main\n"
        f"assert main({words!r}) == 0\n"
        "print(sorted({'torch', 'keras', 'tensorflow', 'jax'} & set(sys.modules)))"
    )
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return made.stdout.splitlines()[-1]


def numbers(model: Any) -> dict[str, bytes]:
    return {tensor.name: tensor.raw_data for tensor in model.graph.initializer}


@pytest.mark.parametrize(("target", "told"), [("no/y.pt", "No such file"), ("folder.pt", "Is a directory")])
def test_where_nothing_can_be_written_is_told(
    file: Path, target: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("folder.pt").mkdir()
    assert f"{target}: {told}" in said(capsys, "convert", "w.safetensors", target, status=1)
