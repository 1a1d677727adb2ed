"""`cnnc train`, `eval`, `predict` and `export` from the outside, on small models."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image
from safetensors.numpy import load_file
from sklearn.datasets import load_digits

from .tiny import MODEL, cnnc, written

LARGE = """
model Large(classes=1000):
    input 224x224x3
    conv 8, 3x3, stride=2, pad=1 -> batchnorm -> relu
    conv 16, 3x3, stride=2, pad=1 -> batchnorm -> relu
    global_avgpool
    dense classes -> softmax
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run in a folder of its own."""
    folder = tmp_path_factory.mktemp("trained")
    made = cnnc("train", written(folder), "--out", "run", "--epochs", 30, "--set", "average=none", cwd=folder)
    assert made.returncode == 0, made.stderr
    (folder / "log.txt").write_text(made.stdout)
    return folder / "run"


def test_it_learns_real_digits(run: Path) -> None:
    assert json.loads((run / "metrics.json").read_text())["accuracy"] > 0.9


def test_the_folder_holds_what_ran(run: Path) -> None:
    names = {p.name for p in run.iterdir()} - {"last.before.ckpt"}  # there where saving was due more than once
    assert names == {
        "model.cnn", "config.json", "metrics.csv", "metrics.json", "best.safetensors", "last.safetensors", "last.ckpt",
        "environment.json", "state.json",
    }  # fmt: skip
    assert (run / "model.cnn").read_text() == MODEL
    config = json.loads((run / "config.json").read_text())
    said = {entry["is"]: entry for entry in config["recipe"]["entries"]}
    assert said["epochs"]["count"] == 30
    assert said["batch"]["size"] == 100
    assert "average" not in said
    assert load_file(run / "best.safetensors").keys() == {
        "stem.weight", "stem.bias", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var", "conv1.weight",
        "conv1.bias", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var", "head.weight", "head.bias",
    }  # fmt: skip


def test_metrics_have_a_row_an_epoch(run: Path) -> None:
    rows = list(csv.DictReader((run / "metrics.csv").open()))
    assert [int(row["epoch"]) for row in rows] == list(range(1, 31))
    assert int(rows[0]["steps"]) == 15  # 1,438 examples in batches of about 100
    best = json.loads((run / "metrics.json").read_text())["epoch"]
    accuracies = [float(row["val_accuracy"]) for row in rows]
    assert accuracies[best - 1] == max(accuracies)


def test_in_a_pipe_it_tells_plain_lines(run: Path) -> None:
    told = (run.parent / "log.txt").read_text()
    assert "1,438 to learn from, 359 held out, 10 classes" in told
    assert sum(line.startswith("epoch ") for line in told.splitlines()) == 30
    assert "\x1b" not in told


def test_eval_agrees_with_the_run_and_with_scikit_learn(run: Path) -> None:
    found = json.loads(cnnc("eval", "run", "--json", cwd=run.parent).stdout)
    kept = json.loads((run / "metrics.json").read_text())
    assert found["accuracy"] == kept["accuracy"]
    assert found["loss"] == pytest.approx(kept["loss"], rel=1e-4)
    table = np.array(found["confusion"])
    assert table.sum() == 359
    from sklearn.metrics import accuracy_score, precision_score, recall_score

    truth = [i for i in range(10) for j in range(10) for _ in range(table[i, j])]
    taken = [j for i in range(10) for j in range(10) for _ in range(table[i, j])]
    assert found["accuracy"] == pytest.approx(accuracy_score(truth, taken))
    recalls = recall_score(truth, taken, average=None)
    precisions = precision_score(truth, taken, average=None)
    assert [found["classes"][str(i)]["recall"] for i in range(10)] == pytest.approx(list(recalls))
    assert [found["classes"][str(i)]["precision"] for i in range(10)] == pytest.approx(list(precisions))
    assert "taken for" in cnnc("eval", "run", cwd=run.parent).stdout


@pytest.fixture(scope="module")
def pictures(run: Path) -> Path:
    """20 digits as PNG, named by their label."""
    folder = run.parent / "pictures"
    folder.mkdir()
    digits = load_digits()
    for number in range(20):
        gray = (digits.images[number] / 16 * 255).round().astype(np.uint8)
        Image.fromarray(gray).save(folder / f"{number:02}_{digits.target[number]}.png")
    return folder


def test_predict_classifies_files(run: Path, pictures: Path) -> None:
    found = json.loads(cnnc("predict", "run", pictures, "--json", cwd=run.parent).stdout)
    right = [Path(answer["file"]).stem[-1] == answer["top"][0]["class"] for answer in found]
    assert len(right) == 20
    assert sum(right) >= 16
    for answer in found:
        assert [a["probability"] for a in answer["top"]] == sorted(
            (a["probability"] for a in answer["top"]), reverse=True
        )


def test_predict_writes_csv_and_tables(run: Path, pictures: Path) -> None:
    table = list(
        csv.DictReader(cnnc("predict", "run", pictures, "--csv", "--top", 2, cwd=run.parent).stdout.splitlines())
    )
    assert len(table) == 40
    assert {row["rank"] for row in table} == {"1", "2"}
    lines = cnnc("predict", "run", pictures, cwd=run.parent).stdout.splitlines()
    assert len(lines) == 20


def test_files_that_are_no_pictures_are_named(run: Path) -> None:
    (run.parent / "bad.png").write_bytes(b"no")
    made = cnnc("predict", "run", "bad.png", cwd=run.parent)
    assert made.returncode == 1
    assert "bad.png" in made.stderr
    missing = cnnc("predict", "run", "nowhere.png", cwd=run.parent)
    assert missing.returncode == 1
    assert "nowhere.png" in missing.stderr


def test_exported_onnx_gives_the_same_answers(run: Path, pictures: Path) -> None:
    made = cnnc("export", "run", "-o", "tiny.onnx", cwd=run.parent)
    assert made.returncode == 0, made.stderr
    session = onnxruntime.InferenceSession(str(run.parent / "tiny.onnx"))
    assert session.get_inputs()[0].shape[1:] == [1, 8, 8]
    by_run = json.loads(cnnc("predict", "run", pictures, "--json", cwd=run.parent).stdout)
    by_onnx = json.loads(cnnc("predict", "tiny.onnx", pictures, "--json", cwd=run.parent).stdout)
    for one, other in zip(by_run, by_onnx):
        assert [a["class"] for a in one["top"]] == [a["class"] for a in other["top"]]
        ours, theirs = ([a["probability"] for a in answer["top"]] for answer in (one, other))
        assert ours == pytest.approx(theirs, abs=1e-5)


# --- adapting ---------------------------------------------------------------------------------------------------------


def test_the_model_adapts_to_the_data_and_says_so(tmp_path: Path) -> None:
    made = cnnc("train", written(tmp_path, LARGE), "--epochs", 1, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "classes: 1,000 in the file, 10 in the data" in made.stdout
    assert "input: 224x224x3 in the file, 32x32x3 for pictures of 8x8x1" in made.stdout
    config = json.loads((tmp_path / "runs" / "large-1" / "config.json").read_text())
    assert config["params"] == ["classes=10"]
    assert config["input"] == [32, 32, 3]
    again = cnnc("train", "tiny.cnn", "--epochs", 1, "--input", "40x40x1", "--quiet", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert json.loads((tmp_path / "runs" / "large-2" / "config.json").read_text())["input"] == [40, 40, 1]


def test_folders_of_pictures(tmp_path: Path) -> None:
    digits = load_digits()
    for number in range(200):
        if digits.target[number] < 2:
            place = tmp_path / "data" / ("zero", "one")[digits.target[number]] / f"{number}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((digits.images[number] * 15).astype(np.uint8)).convert("RGB").save(place)
    (tmp_path / "data" / "one" / "broken.png").write_bytes(b"no")
    model = written(
        tmp_path, LARGE.replace("224x224x3", "16x16x3").replace("-> softmax", "-> sigmoid").replace("1000", "1")
    )
    made = cnnc("train", model, "--data", "data", "--epochs", 30, "--batch", 8, "--out", "run", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert "one/broken.png" in made.stdout
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["accuracy"] > 0.9
    found = json.loads(cnnc("eval", "run", "--data", "data", "--json", cwd=tmp_path).stdout)
    assert found["examples"] == sum(1 for p in (tmp_path / "data").glob("*/*.png")) - 1


@pytest.mark.parametrize(
    ("text", "arguments", "status", "told"),
    [
        (LARGE, ["--data", "nowhere"], 1, "there is no such file or folder"),
        (LARGE.replace("(classes=1000)", "").replace("dense classes", "dense 9"), [], 1, "a parameter `classes`"),
        (LARGE, ["--set", "optimizr.lr=1"], 1, "did you mean `optimizer`"),
        (LARGE, ["--set", "optimizer.lr=much"], 1, "much"),
        (LARGE, ["--device", "tpu"], 1, "no device `tpu`"),
        (LARGE, ["--recipe", "fast"], 1, "no recipe `fast`"),
        (LARGE, ["-p", "classes=7"], 1, "7 classes"),
        (LARGE + "train:\n    data imagenet\n", ["--data-dir", "none"], 1, "put train, val into"),
        (LARGE + "train:\n    play gan, generator=Large, discriminator=Large\n", [], 1, "`play gan`"),
        (LARGE + "train:\n    optimizer sgd, lr=1e30\n", ["--epochs", "2"], 1, "the loss became"),
        (LARGE.replace("    global_avgpool\n    dense classes -> softmax\n", ""), [], 1, "a vector of classes"),
        (LARGE, ["--epochs", "0"], 1, "at least 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_is_told_in_words(
    text: str, arguments: list[str], status: int, told: str, tmp_path: Path
) -> None:
    made = cnnc("train", written(tmp_path, text), *arguments, cwd=tmp_path)
    assert made.returncode == status, made.stderr
    import re

    assert re.search(told, made.stderr), made.stderr
    assert "Traceback" not in made.stderr
    assert "should not happen" not in made.stderr
