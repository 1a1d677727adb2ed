"""A trained classifier on a folder, a table or arrays that have not all of its classes, or others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics
import torch
from PIL import Image

import cnnc
from cnnc.cli import main
from tests.training.tiny import MODEL

FRUIT = ("apple", "berry", "cherry")


def drawn(folder: Path, name: str, numbers: Sequence[int]) -> list[Path]:
    """Pictures of a class in its colour, and of much noise."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    paths = []
    for number in numbers:
        noise = np.random.default_rng([number, FRUIT.index(name)]).normal(100, 60, (8, 8, 3))
        noise[..., FRUIT.index(name)] += 25
        paths.append(folder / name / f"{number}.png")
        Image.fromarray(noise.clip(0, 255).astype(np.uint8)).save(paths[-1])
    return paths


@pytest.fixture(scope="module")
def fruit(tmp_path_factory: pytest.TempPathFactory) -> cnnc.Run:
    folder = tmp_path_factory.mktemp("fruit")
    for name in FRUIT:
        drawn(folder / "data", name, range(20))
    (folder / "fruit.cnn").write_text(MODEL.replace("8x8x1", "8x8x3").replace("data digits", 'data folder("data")'))
    threads = torch.get_num_threads()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            return cnnc.train("fruit.cnn", epochs=3, quiet=True, report=False, out=folder / "run")
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("there", [("apple", "cherry"), ("berry",), ("cherry", "berry")])
@pytest.mark.parametrize("empty", [True, False])
@pytest.mark.parametrize("count", [1, 9])
def test_classes_are_matched_by_name(
    fruit: cnnc.Run, there: tuple[str, ...], empty: bool, count: int, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """What is told agrees with scikit-learn on what the model says of the files."""
    paths = [path for name in there for path in drawn(tmp_path / "test", name, range(100, 100 + count))]
    for name in FRUIT if empty else ():
        (tmp_path / "test" / name).mkdir(exist_ok=True)
    known, said = [path.parent.name for path in paths], [one.label for one in fruit.predict(paths)]
    expected = sklearn.metrics.confusion_matrix(known, said, labels=list(FRUIT)).tolist()
    assert main(["eval", str(fruit.folder), "--data", str(tmp_path / "test"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    lacking = ", ".join(name for name in FRUIT if name not in there)
    assert found["remarks"] == [f"no example of {lacking}"]
    for one in (found, fruit.eval(tmp_path / "test")):
        assert list(one["classes"]) == list(FRUIT)
        assert one["confusion"] == expected
        assert one["accuracy"] == pytest.approx(np.mean(np.equal(known, said)))
    assert main(["eval", str(fruit.folder), "--data", str(tmp_path / "test")]) == 0
    assert f"\nno example of {lacking}\n" in capsys.readouterr().out


def test_tables_are_matched_by_name_too(fruit: cnnc.Run, tmp_path: Path) -> None:
    paths = [path for name in ("berry", "cherry") for path in drawn(tmp_path, name, range(100, 109))]
    rows = "".join(f"{path},{path.parent.name}\n" for path in paths)
    (tmp_path / "test.csv").write_text(f"file,label\n{rows}")
    known, said = [path.parent.name for path in paths], [one.label for one in fruit.predict(paths)]
    expected = sklearn.metrics.confusion_matrix(known, said, labels=list(FRUIT)).tolist()
    assert fruit.eval(tmp_path / "test.csv")["confusion"] == expected


def test_other_classes_are_refused_by_name(fruit: cnnc.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn(tmp_path / "test", "apple", range(3))
    drawn(tmp_path / "test", "berry", range(3))
    (tmp_path / "test" / "berry").rename(tmp_path / "test" / "grape")
    assert main(["eval", str(fruit.folder), "--data", str(tmp_path / "test")]) != 0
    told = "grape is not among the classes that the model knows, apple, berry, cherry"
    assert told in capsys.readouterr().err
    with pytest.raises(cnnc.UserError, match=told):
        fruit.eval(tmp_path / "test")
    (tmp_path / "test" / "apple").rename(tmp_path / "test" / "fig")
    with pytest.raises(cnnc.UserError, match="fig, grape are not among the classes that the model knows"):
        fruit.eval(tmp_path / "test")


def test_a_folder_without_examples_is_refused(fruit: cnnc.Run, tmp_path: Path) -> None:
    for name in FRUIT:
        (tmp_path / name).mkdir()
    with pytest.raises(cnnc.UserError, match="no picture in apple, berry, cherry"):
        fruit.eval(tmp_path)
    (tmp_path / "apple" / "a.png").write_bytes(b"")
    drawn(tmp_path, "berry", range(3))
    with pytest.raises(cnnc.UserError, match=r"no picture that can be read in apple; the first: .*the file is empty"):
        fruit.eval(tmp_path)
    with pytest.raises(cnnc.UserError, match="found only test; did you mean"):
        fruit.eval(nested(tmp_path / "below"))


def nested(folder: Path) -> Path:
    for name in FRUIT:
        drawn(folder / "test", name, range(2))
    return folder
