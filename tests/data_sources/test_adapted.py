"""Models take the shape and the classes of data from files, and say so; the command line says what data are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cnnc.runtime.data import Dataset

from tests.training import models
from tests.training.tiny import cnnc, written
from tests.training.trial import job_of, trained

from .made import drawn, fill, opened


def series(folder: Path) -> Dataset:
    rows = "".join(f"{n % 3}\t" + "\t".join(str((n % 3) * i % 5) for i in range(24)) + "\n" for n in range(18))
    (folder / "a.tsv").write_text(rows)
    return opened(folder / "a.tsv")


def texts(folder: Path) -> Dataset:
    (folder / "a.csv").write_text(
        "text,label\n" + "".join(f"{'good' if n % 2 else 'bad'} {n},{n % 2}\n" for n in range(18))
    )
    return opened(folder / "a.csv", length=40)


def volumes(folder: Path) -> Dataset:
    for name in ("ill", "well"):
        (folder / name).mkdir()
        for number in range(6):
            np.save(folder / name / f"{number}.npy", drawn(8, 8, 8, seed=number))
    return opened(folder)


def values(folder: Path) -> Dataset:
    fill(folder, 12, (16, 16))
    (folder / "a.csv").write_text("image,angle,speed\n" + "".join(f"{n:03}.png,{n / 9},{n}.5\n" for n in range(12)))
    return opened(f'csv("{folder}/a.csv", values=(angle, speed))')


def masks(folder: Path) -> Dataset:
    fill(folder / "images", 8, (32, 32))
    fill(folder / "masks", 0)
    for number in range(8):
        from PIL import Image

        (folder / "masks").mkdir(exist_ok=True)
        Image.fromarray((drawn(32, 32, seed=number) % 3).astype(np.uint8)).save(folder / "masks" / f"{number:03}.png")
    return opened(folder)


@pytest.mark.parametrize(
    ("make", "text", "params", "inputs", "task"),
    [
        (series, models.SERIES, ("classes=3",), ("24x1",), "classification"),
        (texts, models.SERIES, (), ("40x70",), "classification"),
        (volumes, models.VOLUMES, ("classes=2",), ("8x8x8x1",), "classification"),
        (values, models.VALUES, ("values=2",), (), "regression"),
        (masks, models.UNET, ("classes=3",), (), "segmentation"),
    ],
)  # fmt: skip
def test_models_adapt_and_train(
    make: object, text: str, params: tuple[str, ...], inputs: tuple[str, ...], task: str, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    data: Dataset = make(tmp_path / "data")  # type: ignore[operator]
    job = job_of(text, data)
    assert job.task.word == task
    assert job.changes.params == params
    assert job.changes.inputs in (inputs, ())
    found = trained(tmp_path / "run", text, data, "epochs=1", "batch=4")
    assert np.isfinite(found.rows[-1]["loss"])


# --- the command line -------------------------------------------------------------------------------------------------


def test_data_are_told(tmp_path: Path) -> None:
    for name, count in (("cat", 6), ("dog", 4)):
        fill(tmp_path / "pets" / name, count)
    (tmp_path / "pets" / "dog" / "cut.png").write_bytes(b"")
    told = cnnc("data", "pets", cwd=tmp_path).stdout
    assert "8 to learn from, 2 held out, 2 classes" in told
    assert "left out: dog/cut.png: the file is empty" in told
    found = json.loads(cnnc("data", "show", "pets", "--json", cwd=tmp_path).stdout)
    assert (found["classes"], found["counts"], found["shape"]) == (["cat", "dog"], [[5, 1], [3, 1]], [4, 6, 3])
    assert "mnist" in cnnc("data", cwd=tmp_path).stdout
    failed = cnnc("data", "pets", "--bad-images", "fail", cwd=tmp_path)
    assert failed.returncode == 1
    assert failed.stderr.startswith("cnnc: pets: 1 of 11 files are not to be used; the first: dog/cut.png")


def test_options_of_data_hold_before_they_are_opened(tmp_path: Path) -> None:
    path = written(tmp_path)
    run = cnnc("train", path, "--set", "data.split=0.5", "--epochs", "1", "--out", "run", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert json.loads((tmp_path / "run" / "config.json").read_text())["data"]["train"] == pytest.approx(898, abs=6)
    failed = cnnc("train", path, "--data", "svhn", "--data-dir", "sets", cwd=tmp_path)
    assert failed.returncode == 1
    assert f"into {tmp_path / 'sets'}" in failed.stderr
