"""Weights of a run beside the text of the model, without the run's folder; and files that are equal where runs are."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copy

import numpy as np
import pytest
from cnnc.runtime.weights import save
from safetensors.numpy import load_file

import cnnc
from cnnc.cli import main
from tests.training.tiny import MODEL


@pytest.fixture
def model(tmp_path: Path) -> str:
    (tmp_path / "tiny.cnn").write_text(MODEL)
    return str(tmp_path / "tiny.cnn")


def figures(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, float]:
    assert main(["eval", *arguments, "--data", "digits", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    return {name: found[name] for name in ("accuracy", "loss", "calibration_error")}


def test_they_know_how_the_run_prepared_its_pictures(
    run: cnnc.Run, model: str, digits: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "elsewhere.safetensors"
    copy(run.best, own)
    whole = figures(capsys, str(run.folder))
    for weights in (run.best, own, run.folder):
        assert figures(capsys, model, "--weights", str(weights)) == whole
    answers = []
    for what in ([str(run.folder)], [model, "--weights", str(own)]):
        assert main(["predict", what[0], str(digits[0]), "--csv", *what[1:]]) == 0
        answers.append(capsys.readouterr().out)
    assert answers[0] == answers[1]


def test_one_output_for_two_classes_is_known_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (40, 8, 8, 1), np.uint8)
    np.savez(tmp_path / "two.npz", x=x, y=np.arange(40) % 2)
    text = "model Two:\n    input 8x8x1\n    flatten -> dense 1 -> sigmoid\n\ntrain:\n    epochs 1\n"
    (tmp_path / "two.cnn").write_text(text)
    data, model = str(tmp_path / "two.npz"), str(tmp_path / "two.cnn")
    run = cnnc.train(model, data, quiet=True, report=False, out=tmp_path / "run")
    capsys.readouterr()
    found = []
    for what in ([str(run.folder)], [model, "--weights", str(run.best)]):
        assert main(["eval", *what, "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out)["loss"])
    assert found[0] == found[1]


def test_weights_of_another_maker_go_through_the_recipe(
    run: cnnc.Run, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which says nothing of normalisation here: so it is worse."""
    save(tmp_path / "plain.safetensors", load_file(run.best))
    plain = figures(capsys, model, "--weights", str(tmp_path / "plain.safetensors"))
    assert plain["loss"] > figures(capsys, str(run.folder))["loss"]


def test_equal_weights_are_equal_files(tmp_path: Path) -> None:
    """The library that encodes them orders what a file says of itself by chance."""
    weights = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "é": np.ones(1, np.float32)}
    says = {name: name * 3 for name in "qwertyuiop"}
    files = set()
    for number in range(5):
        save(tmp_path / f"{number}.safetensors", weights, says)
        files.add((tmp_path / f"{number}.safetensors").read_bytes())
    assert len(files) == 1
    found = load_file(tmp_path / "0.safetensors")
    assert all(np.array_equal(found[name], value) for name, value in weights.items())
