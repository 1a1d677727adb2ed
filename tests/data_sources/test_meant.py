"""What `--data X` means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cnnc.compiler.recipes import data as rule
from cnnc.compiler.recipes.base import PARTS, Part
from cnnc.compiler.recipes.data import Data
from cnnc.runtime.data import SOURCES, DataError
from cnnc.runtime.data.meant import meant
from cnnc.runtime.data.opening import named, opens

from cnnc.cli import main

from .made import fill, opened


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("digits", rule.Digits), ("mnist", rule.Mnist), ("cifar10", rule.Cifar10), ('ucr("Adiac")', rule.Ucr),
        ('npz("a.npz", gray=true)', rule.Npz), ("a.npz", rule.Npz), ("a.csv", rule.Csv), ("a.tsv", rule.Series),
        ("a.ts", rule.Series), ("t-{0..3}.tar", rule.Shards), ("classes", rule.Folder), ("parts", rule.Folder),
        ("volumes", rule.Volumes), ("waves", rule.Audio), ("tars", rule.Shards), ("table", rule.Csv),
    ],
)  # fmt: skip
def test_kinds_are_told_apart(text: str, kind: type[Part], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path in (
        "a.npz", "a.csv", "a.tsv", "a.ts", "classes/cat/1.jpg", "parts/train/cat/1.JPG", "volumes/ill/1.nii.gz",
        "waves/no/1.wav", "tars/1.tar", "table/train.csv", "table/test.csv",
    ):  # fmt: skip
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    found = meant(text)
    assert type(found) is kind
    if text == "table":
        assert getattr(found, "path", "") == "table/train.csv"


@pytest.mark.parametrize(("folder", "masks"), [("", "masks"), ("train/", "labels"), ("", "annotations")])
def test_masks_beside_pictures_are_seen(folder: str, masks: str, tmp_path: Path) -> None:
    fill(tmp_path / folder / "images", 1)
    fill(tmp_path / folder / masks, 1)
    assert meant(str(tmp_path)) == rule.Folder(path=str(tmp_path), masks=masks)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("minst", "did you mean `mnist`"), ("fashion-mnist", "did you mean `fashion_mnist`"),
        ("nowhere", "no such file or folder"), ("b.csv", "no such file or folder"),
        ("a.jpg", "of others give the folder"), ("", "empty name"), ("two", "which of the tables a.csv, b.csv"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_told(text: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("two").mkdir()
    for path in ("a.jpg", "two/a.csv", "two/b.csv"):
        Path(path).touch()
    with pytest.raises(DataError, match=told):
        meant(text)


def test_what_the_recipe_says_is_kept_for_data_of_the_same_kind() -> None:
    said = Data(source=rule.Folder(path="a"), split=0.9, seed=3)
    assert named('folder("b")', said) == Data(source=rule.Folder(path="b"), split=0.9, seed=3)
    assert named("digits", said) == Data(source=rule.Digits(), seed=3)


def test_every_source_has_a_rule_but_those_that_are_refused() -> None:
    assert SOURCES
    unread = [word for word, part in PARTS["source"].items() if not any(opens(one) for one in [sample(part)])]
    assert unread == ["coco"]


def sample(part: type[Part]) -> Part:
    return part(**{name: "x" for name, field in part.fields.items() if field.required})


def test_two_classes_where_labels_are_binary(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((9, 4, 4, 1)), y=np.arange(9) % 3)
    with pytest.raises(DataError, match="takes two classes, a has 3"):
        opened(tmp_path / "a.npz", labels="binary")


def test_what_stands_behind_a_source_counts(tmp_path: Path) -> None:
    """The whole entry of a recipe may be given: nothing of it is dropped."""
    said = named(f'folder("{tmp_path}"), split=0.5, train=val, test=train', None)
    assert (said.split, said.train, said.test) == (0.5, "val", "train")
    recipe = Data(source=rule.Folder(path="other"), split=0.9, size=(8, 8))
    assert named("digits, split=0.25", recipe).split == 0.25
    found = named(f'folder("{tmp_path}"), split=0.5', recipe)
    assert (found.split, found.size) == (0.5, (8, 8))


@pytest.mark.parametrize(("folders", "kept"), [(("train", "validation"), True), (("a", "b"), False)])
def test_sub_folders_of_a_recipe_are_those_of_its_own_folder(
    folders: tuple[str, ...], kept: bool, tmp_path: Path
) -> None:
    for name in folders:
        fill(tmp_path / name / "a" if kept else tmp_path / name, 1, (8, 8))
    recipe = Data(source=rule.Folder(path="other"), train="train", test="validation", labels="binary")
    found = named(str(tmp_path), recipe)
    assert (found.train, found.test) == (("train", "validation") if kept else (None, None))
    assert found.labels == "binary"


def test_what_the_command_says_is_no_less_than_what_the_text_says(tmp_path: Path, capsys: Any) -> None:
    for name in ("a", "b"):
        fill(tmp_path / name, 10, (8, 8))
    assert main(["data", f'folder("{tmp_path}"), split=0.5']) == 0
    assert "10 to learn from, 10 held out" in capsys.readouterr().out
    assert main(["data", f'folder("{tmp_path}"), split=0.5', "--split", "0.8"]) == 0
    assert "16 to learn from, 4 held out" in capsys.readouterr().out
