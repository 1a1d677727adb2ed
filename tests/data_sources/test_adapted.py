"""Models take the shape and the classes of data from files, and say so; the command line says what data are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cnnc.compiler.diagnostics import UserError
from cnnc.compiler.pipeline import compile_text
from cnnc.compiler.recipes.data import Data
from cnnc.runtime.data import Dataset
from cnnc.runtime.jobs.adapt import Changes
from cnnc.runtime.jobs.prepare import Asked, prepare
from PIL import Image

from cnnc.cli import main
from tests.training import models
from tests.training.tiny import written
from tests.training.trial import job_of, trained

from .made import drawn, fill, opened


def series(folder: Path) -> Dataset:
    rows = "".join(f"{n % 3}\t" + "\t".join(str((n % 3) * i % 5) for i in range(24)) + "\n" for n in range(18))
    (folder / "a.tsv").write_text(rows)
    return opened(folder / "a.tsv")


def texts(folder: Path) -> Dataset:
    rows = "".join(f"{'good' if n % 2 else 'bad'} {n},{n % 2}\n" for n in range(18))
    (folder / "a.csv").write_text(f"text,label\n{rows}")
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
    (folder / "masks").mkdir()
    for number in range(8):
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


def test_data_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, count in (("cat", 6), ("dog", 4)):
        fill(tmp_path / "pets" / name, count)
    (tmp_path / "pets" / "dog" / "cut.png").write_bytes(b"")
    assert main(["data", "pets"]) == 0
    told = capsys.readouterr().out
    assert "8 to learn from, 2 held out, 2 classes" in told
    assert "left out: dog/cut.png: the file is empty" in told
    assert main(["data", "show", "pets", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["classes"], found["counts"], found["shape"]) == (["cat", "dog"], [[5, 1], [3, 1]], [4, 6, 3])
    assert main(["data", "pets", "--bad-images", "fail"]) == 1
    assert capsys.readouterr().err.startswith("cnnc: pets: 1 of 11 files are not to be used; the first: dog/cut.png")
    assert main(["data"]) == 0
    assert "mnist" in capsys.readouterr().out


def test_where_data_lie_is_said_in_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "my sets"
    assert main(["train", str(written(tmp_path)), "--data", "imagenet", "--data-dir", str(home)]) == 1
    assert f"into {home / 'imagenet'}" in capsys.readouterr().err


def test_settings_of_data_hold_before_they_are_opened() -> None:
    compiled = compile_text(models.CLASSIFIER)
    job = prepare(compiled, Changes(), Asked(sets=("data.split=0.5",)), lambda changes: compiled).job
    assert len(job.data.train) == pytest.approx(1797 / 2, abs=6)
    said = job.recipe.one(Data)
    assert said is not None
    assert said.split == 0.5


def test_a_range_that_cannot_be_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(written(tmp_path))
    for said, told in (
        ("(1, 1)", "a smaller and a larger number"), ("(1, 2, 3)", "a lowest and a highest"),
        ("(-1, 1)", "another step of `augment`"),
    ):  # fmt: skip
        assert main(["train", path, "--set", f"data=digits, range={said}", "--set", "augment=normalize 0.5"]) == 1
        assert told in capsys.readouterr().err


def test_colours_that_are_lost_are_told(tmp_path: Path) -> None:
    for name in ("a", "b"):
        fill(tmp_path / "data" / name, 3)
    compiled = compile_text("model M(classes=2):\n    input 8x8x1\n    flatten\n    dense classes\n", "m.cnn")
    found = prepare(compiled, Changes(), Asked(data=str(tmp_path / "data")), lambda _: compiled)
    assert found.told == ("colours become gray, which `M` takes: `--input 8x8x3` keeps them",)


def test_what_was_seen_in_the_data_is_told_with_what_does_not_fit(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=drawn(20, 8, 8, 1), y=np.arange(20.0) % 2)
    compiled = compile_text("model M(classes=2):\n    input 8x8x1\n    flatten\n    dense classes\n", "m.cnn")

    with pytest.raises(UserError, match="save whole numbers where these are classes"):
        prepare(compiled, Changes(), Asked(data=str(tmp_path / "a.npz")), lambda _: compiled)
