"""The command `export`: whose weights go into the file, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from cnnc.compiler.diagnostics import UserError
from cnnc.runtime.weights import save

from cnnc.cli import main

from .test_onnx import session

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
