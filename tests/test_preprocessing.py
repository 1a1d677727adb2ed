"""`export --preprocess`: the file, fed pictures as they are decoded, says what the run says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cnnc.compiler.pipeline import compile_path
from cnnc.runtime.lowering.export import drawn
from cnnc.runtime.weights import save
from PIL import Image
from sklearn.datasets import load_sample_image

import cnnc
from cnnc.cli import main

from .test_onnx import session
from .training.tiny import cnnc as command

Picture = np.ndarray[Any, np.dtype[np.uint8]]

MODEL = """model A(classes=10):
    input 12x10x{channels}
{first}    conv 4, 3x3 -> relu
    flatten -> dense classes -> softmax

train:
    data digits
    optimizer sgd, lr=0.1
    epochs 1
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The config of a run, for others to be made of."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "a.cnn").write_text(MODEL.format(channels=1, first="").replace("12x10", "8x8"))
    done = command("train", "a.cnn", "--out", "run", "--device", "cpu", cwd=folder)
    assert done.returncode == 0, done.stderr
    config: dict[str, Any] = json.loads((folder / "run" / "config.json").read_text())
    return config


def normalize(mean: Any, std: Any = None) -> dict[str, Any]:
    return {"is": "part step", "word": "normalize", "mean": mean, "std": std}


def standardize(**options: Any) -> dict[str, Any]:
    usual = {"center": True, "scale": True, "per": "sample", "zca": False, "epsilon": 1e-6}
    return {"is": "part step", "word": "standardize", **usual, **options}


def resize(side: int) -> dict[str, Any]:
    return {"is": "part step", "word": "resize", "size": [side, side - 2], "longest": None}


CHAINS = {
    "none": [],
    "imagenet": [resize(12), normalize("imagenet")],
    "two": [normalize([0.3], [0.4]), normalize([0.1, -0.2, 0.3], [2.0, 0.5, 1.5])],
    "three": [
        normalize([0.5, 0.4, 0.3], [0.2, 0.25, 0.3]),
        normalize([0.5]),
        normalize([0.1, 0.2, 0.3], [0.3, 2.0, 0.4]),
    ],
    "sample": [standardize()],
    "centred": [normalize([0.3], [0.4]), standardize(scale=False)],
    "scaled": [standardize(center=False), normalize([0.1, 0.2, 0.3], [0.3, 2.0, 0.4])],
}
FIRST = ["", "    rescale 2, offset=-1\n", "    rescale 1 / 255\n"]


def pictures(channels: int) -> list[Picture]:
    """Pieces of a photograph."""
    photograph: Picture = load_sample_image("china.jpg")
    pieces = [photograph[y : y + 12, 3 * y : 3 * y + 10] for y in (0, 60, 150)]
    return [piece if channels == 3 else piece[..., 1:2].copy() for piece in pieces]


def run_of(folder: Path, config: dict[str, Any], channels: int, first: str, chain: list[Any]) -> Path:
    """A run as it was trained, but with another model and other steps before it."""
    run = folder / "run"
    run.mkdir()
    (run / "model.cnn").write_text(MODEL.format(channels=channels, first=first))
    entries = [{**e, "steps": chain} if e["is"] == "evaluate" else e for e in config["recipe"]["entries"]]
    changed = {**config, "input": [12, 10, channels], "to_255": "255" in first}
    (run / "config.json").write_text(json.dumps({**changed, "recipe": {**config["recipe"], "entries": entries}}))
    weights = drawn(compile_path(str(run / "model.cnn")).checked)
    save(run / "best.safetensors", {path: np.array(weights[path]) * np.float32(0.4) for path in weights})
    return run


@pytest.mark.parametrize("channels", [3, 1], ids=["colour", "gray"])
@pytest.mark.parametrize("first", FIRST, ids=["plain", "to-one", "of-255"])
@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_the_file_says_what_the_run_says(
    chain: list[Any], first: str, channels: int, trained: dict[str, Any], tmp_path: Path
) -> None:
    run = run_of(tmp_path, trained, channels, first, chain)
    file, given = tmp_path / "a.onnx", pictures(channels)
    assert main(["export", str(run), "--preprocess", "-o", str(file)]) == 0
    made = session(str(file))
    (said,) = made.run(None, {made.get_inputs()[0].name: np.stack(given)})
    answers = cnnc.open_run(run).predict(given, top=10)
    expected = np.array([[dict(answer.top)[str(n)] for n in range(10)] for answer in answers])
    assert np.ptp(expected, axis=0).max() > 1e-3
    np.testing.assert_allclose(said, expected, atol=2e-6)


def test_steps_that_no_picture_alone_can_take_are_refused(
    trained: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(tmp_path, trained, 3, "", [standardize(zca=True)])
    assert main(["export", str(run), "--preprocess", "-o", str(tmp_path / "a.onnx")]) == 1
    assert "whitening.safetensors is not there" in capsys.readouterr().err


def test_verify_looks_through_the_steps(
    trained: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(tmp_path, trained, 3, "", CHAINS["scaled"])
    assert main(["export", str(run), "--preprocess", "--verify", "-o", str(tmp_path / "a.onnx")]) == 0
    assert "differ by" in capsys.readouterr().out


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_predict_feeds_the_file_what_it_takes(
    chain: list[Any], trained: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also pictures of another size, which are brought to the model's before."""
    run = run_of(tmp_path, trained, 3, "", chain)
    for number, array in enumerate([*pictures(3), np.tile(pictures(3)[0], (3, 2, 1))]):
        Image.fromarray(array).save(tmp_path / f"{number}.png")
    assert main(["export", str(run), "--preprocess", "-o", str(tmp_path / "a.onnx")]) == 0
    files = sorted(map(str, tmp_path.glob("*.png")))
    answers = []
    for model in (str(run), str(tmp_path / "a.onnx")):
        capsys.readouterr()
        assert main(["predict", model, *files, "--json", "--top", "10"]) == 0
        told = json.loads(capsys.readouterr().out)
        answers.append([{part["class"]: part["probability"] for part in one["top"]} for one in told])
    for here, there in zip(*answers, strict=True):
        assert here == pytest.approx(there, abs=2e-6)
