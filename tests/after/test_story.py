"""The run folder: what stands in it, that the page needs nothing else, and that the pictures show something."""

from __future__ import annotations

import json
import re
import shutil
import time
from html.parser import HTMLParser
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cnnc.runtime.measuring.judged import Judged
from cnnc.runtime.run.history import history
from cnnc.runtime.run.run_folder import RunFolder
from cnnc.runtime.story.confusion import confusion
from cnnc.runtime.story.curves import curves, measured
from cnnc.runtime.story.drawing import shortened, styled
from cnnc.runtime.story.gallery import Gallery, Prediction, captioned
from cnnc.runtime.story.page import Story, page
from cnnc.runtime.story.thumbnail import SIDE, picture
from PIL import Image

import cnnc


def test_all_of_it_is_there(run: cnnc.Run) -> None:
    names = {path.name for path in run.folder.iterdir()}
    assert names >= {
        "model.cnn", "config.json", "environment.json", "state.json", "metrics.csv", "metrics.json",
        "best.safetensors", "last.safetensors", "last.ckpt", "tensorboard", "report.html",
        "curves.png", "confusion.png", "reliability.png", "predictions.png",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["curves", "confusion", "reliability", "predictions"])
def test_pictures_show_something(run: cnnc.Run, name: str) -> None:
    with Image.open(run.folder / f"{name}.png") as image:
        values = np.asarray(image.convert("L"))
    assert min(values.shape) > 300
    assert 0.005 < (values < 200).mean() < 0.8


def test_the_environment_names_what_is_installed(run: cnnc.Run) -> None:
    (found,) = json.loads((run.folder / "environment.json").read_text())
    assert found["packages"]["torch"] == version("torch")
    assert found["packages"]["numpy"] == version("numpy")
    assert found["device"].startswith("CPU")


class Links(HTMLParser):
    """Whatever a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.found += [(tag, value or "") for name, value in attributes if name.endswith(("src", "href"))]


def test_the_page_needs_nothing_else(run: cnnc.Run) -> None:
    text = run.report.read_text("utf-8")
    links = Links()
    links.feed(text)
    assert "svg" in links.tags
    for tag, target in links.found:
        assert target.startswith(("data:image/png;base64,", "#")) or (tag == "a" and (run.folder / target).exists())
    assert not re.findall(r"url\((?!#)", text)
    assert "@import" not in text


def test_every_id_of_the_page_is_there_once_and_what_is_used_is_there(run: cnnc.Run) -> None:
    text = run.report.read_text("utf-8")
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", text)) | set(re.findall(r'xlink:href="#([^"]+)"', text)) <= set(ids)


def test_names_from_files_are_text_on_the_page(run: cnnc.Run) -> None:
    evil = '"><script>alert(1)</script>'
    past = history(RunFolder(run.folder))
    config = {**past.config, "model": evil, "file": evil, "data": {**past.config["data"], "name": evil}}
    judged = Judged.of((evil, "b"), range(2), [0, 1], [[0.4, 0.6], [0.1, 0.9]])
    shown = Gallery(evil, (Prediction(evil, b"", evil, evil, False),))
    text = page(Story(past._replace(config=config), judged, (), (shown,), 2))
    assert text.count("<script>") == 1
    assert "alert(1)</script>" not in text


def test_a_run_opens_anywhere(run: cnnc.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(run.folder, tmp_path / "moved")
    monkeypatch.chdir(tmp_path)
    moved = cnnc.open_run("moved")
    assert moved.network.params == run.network.params
    assert moved.eval()["accuracy"] == pytest.approx(run.metrics["accuracy"])


# --- charts -----------------------------------------------------------------------------------------------------------


def rows(count: int, **more: float) -> list[dict[str, Any]]:
    return [{"epoch": i + 1, "steps": i, "lr": 0.1, "loss": 1 / (i + 1), "val_loss": 1.5 / (i + 1), **more}
            for i in range(count)]  # fmt: skip


def test_figures_are_those_of_the_held_out_examples_the_loss_first() -> None:
    assert measured([{"epoch": 1, "loss": 1.0, "iou": 0.5, "val_iou": 0.4, "val_loss": 2.0}]) == ["loss", "iou"]


@pytest.mark.parametrize("count", [1, 2, 300])
def test_curves_of_any_length(count: int) -> None:
    with styled():
        found = curves(rows(count, val_iou=0.5), best=1)
    assert found is not None
    assert "IoU" in found.svg
    assert curves([]) is None


def test_a_thousand_classes_are_drawn_in_seconds() -> None:
    chance = np.random.default_rng(0)
    labels = chance.integers(0, 1000, 3000)
    judged = Judged.of(tuple(f"class {i}" for i in range(1000)), range(3000), labels, chance.random((3000, 1000)))
    began = time.perf_counter()
    with styled():
        found = confusion(judged.confusion, judged.classes)
    assert found is not None
    assert time.perf_counter() - began < 10
    assert len(found.svg) < 500_000
    assert "most often confused" in found.svg


def test_a_confused_pair_stands_at_its_place() -> None:
    """Of 4 examples of `cat` one was taken for `dog`: counts by hand."""
    found = np.eye(2)[[0, 0, 0, 1, 1, 1]]
    with styled():
        judged = Judged.of(("cat", "dog"), range(6), [0, 0, 0, 0, 1, 1], found)
        chart = confusion(judged.confusion, judged.classes)
    assert chart is not None
    assert re.findall(r">(\d+)</text>", chart.svg) == ["3", "1", "2"]


@pytest.mark.parametrize("shape", [(8, 8, 1), (50, 20, 3), (5, 16, 16, 1), (40, 2), (7, 7, 12)])
def test_examples_of_any_rank_have_a_thumbnail(shape: tuple[int, ...]) -> None:
    made = picture(np.random.default_rng(0).random(shape).astype(np.float32))
    assert max(made.size) == SIDE
    assert np.asarray(made.convert("L")).std() > 5


def test_long_names_keep_what_tells_them_apart() -> None:
    names = [f"class with a rather long name {number}" for number in (1, 2)]
    assert [shortened(name) for name in names] == ["class wi… name 1", "class wi… name 2"]
    for text in (f"{names[0]} · 97 %", f"is {names[0]} (3 %)"):
        assert len(captioned(text)) == 20
        assert captioned(text)[-4:] == text[-4:]
    assert captioned("cat · 97 %") == "cat · 97 %"


def test_letters_that_no_font_has_are_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    with styled():
        drawn = confusion(np.array([[3, 1], [0, 4]]), ("日本", "中国"))
    assert drawn is not None
    assert not [warning for warning in recwarn if "Glyph" in str(warning.message)]
