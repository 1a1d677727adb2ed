"""What a run is not taken for, nor what is none: told in a line, and nothing that was given is passed over."""

from __future__ import annotations

import os
from errno import ENOSPC
from pathlib import Path

import pytest
from cnnc.runtime.weights.replace import replace
from PIL import Image

import cnnc
from cnnc.cli import main


@pytest.fixture
def there(run: cnnc.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a run is called `run`, and its ONNX `run.onnx`; `none` is an empty folder."""
    (tmp_path / "run").symlink_to(Path(run.folder))
    (tmp_path / "none").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["export", "run", "-o", "run.onnx"]) == 0
    return tmp_path


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("eval run -p classes=3", "`run` is as it was trained: `-p`, `--input` and `--model` are for .cnn files"),
        ("predict run.onnx none --input 3x3x3", "`run.onnx` is as it was trained"),
        ("eval run.onnx --weights run/best.safetensors", "`run.onnx` has its weights"),
        ("eval run --top 1,10", "--top 10 is always right: there are 10 classes"),
        ("bench run.onnx", "a .cnn file or a run is measured"),
        ("train --find-lr zoo:lenet5 --resume run", "--find-lr and --find-batch take a FILE, not a run"),
        ("train zoo:lenet5 --resume run", "--resume run goes on with the model of the run: leave out `zoo:lenet5`"),
        ("train --resume run -p classes=3", "--resume does not take `-p`: it goes on with the model"),
        ("train --resume run --recipe other", "--resume does not take `--recipe`: it goes on with the model"),
        ("train --resume run --model A --epochs 3", "--resume does not take `--epochs`, `--model`: it goes on with"),
    ],
)
def test_what_does_not_go_with_a_run_is_refused(
    line: str, told: str, there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line.split()) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("command", ["eval", "predict", "serve"])
def test_a_picture_in_the_place_of_the_run_is_told(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.png"
    Image.new("L", (8, 8)).save(path)
    assert main([command, str(path), *([str(path)] if command == "predict" else [])]) == 1
    assert f"{path}: no run folder, .onnx or .cnn file" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["eval none", "predict none a.png", "serve none", "bench none"])
def test_a_folder_without_a_run_is_told(line: str, there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 1
    assert capsys.readouterr().err == "cnnc: none: no run: there is no config.json in it\n"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("eval run --device tpu", "there is no device `tpu` here, only `cpu`"),
        ("predict run . --device cuda:99", "there is no device `cuda:99` here, only `cpu`"),
        ("serve run --device tpu", "there is no device `tpu` here, only `cpu`"),
        ("eval run.onnx --device tpu", "the ONNX Runtime that is installed has no device `tpu`, only cpu"),
    ],
)
def test_a_device_that_is_not_there_is_told(
    line: str, told: str, there: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (there / "a.png").write_bytes(b"")
    assert main(line.split()) == 1
    assert told in capsys.readouterr().err


def test_a_run_can_be_benched(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "run", "--seconds", "0.05", "--batch", "1", "--backend", "eager"]) == 0
    assert "eager" in capsys.readouterr().out


def test_a_host_that_is_not_there_is_told(there: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "run", "--host", "nowhere.invalid"]) == 1
    assert capsys.readouterr().err == "cnnc: cannot listen on nowhere.invalid, port 8000: there is no such address\n"


def test_a_file_that_a_full_disk_does_not_take_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(ENOSPC, os.strerror(ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*state\.json'"):
        replace(tmp_path / "state.json", b"{}")
    assert not list(tmp_path.iterdir())
