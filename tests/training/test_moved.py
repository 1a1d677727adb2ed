"""A run goes on with the data that it began with, wherever it and they are now, and with no others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from cnnc.compiler.recipes.data import Data, Folder
from cnnc.runtime.data import Dataset, open_data
from cnnc.runtime.data.imprint import imprint

from ..data_sources.made import fill
from .test_resume import killed_at, same_weights
from .tiny import MODEL, cnnc, written

TWO = MODEL.replace("(classes=10)", "(classes=2)").replace("8x8x1", "4x4x1")
TEXT = TWO.replace("data digits", 'data npz("set.npz")')


def saved(folder: Path, count: int = 200, seed: int = 0) -> Path:
    """A file of examples."""
    folder.mkdir(exist_ok=True)
    draw = np.random.default_rng(seed)
    np.savez(folder / "set.npz", x=draw.random((count, 4, 4, 1), np.float32), y=np.arange(count) % 2)
    return folder


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A folder with a run that was killed, and `whole`, one that was not."""
    saved(tmp_path / "here")
    model = written(tmp_path / "here", TEXT)
    whole = cnnc("train", model, "--out", "whole", "--quiet", cwd=tmp_path / "here")
    assert whole.returncode == 0, whole.stderr
    killed_at(3, model, "run", tmp_path / "here")
    return tmp_path / "here"


def test_data_are_found_from_where_the_run_began(killed: Path, tmp_path: Path) -> None:
    """Not others of the same name beside the one who goes on with it."""
    saved(tmp_path / "there", seed=1)
    shutil.move(killed / "run", tmp_path / "there" / "run")
    done = cnnc("train", "--resume", "run", "--quiet", cwd=tmp_path / "there")
    assert done.returncode == 0, done.stderr
    same_weights(killed / "whole", tmp_path / "there" / "run")
    figures = [
        json.loads(cnnc("eval", *words, "--json", cwd=where).stdout)["accuracy"]
        for words, where in ((["run"], tmp_path / "there"), (["whole"], killed))
    ]
    assert figures[0] == figures[1]


def test_other_data_are_told(killed: Path) -> None:
    saved(killed, seed=1)
    done = cnnc("train", "--resume", "run", cwd=killed)
    assert done.returncode == 1
    assert "cnnc: run: the data changed since the run began: as many examples, but" in done.stderr
    assert "say with `--data` where" in done.stderr
    saved(killed, 210)
    done = cnnc("train", "--resume", "run", cwd=killed)
    assert "the data changed since the run began: there were 160 to learn from, there are 168: " in done.stderr
    measured = cnnc("eval", "whole", cwd=killed)
    assert measured.returncode == 1
    assert "name with `--data` what is to be measured" in measured.stderr


def test_data_that_were_moved(killed: Path, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    shutil.move(killed / "set.npz", tmp_path / "far" / "other name.npz")
    assert "there is no such file" in cnnc("train", "--resume", "run", cwd=killed).stderr
    saved(tmp_path / "false", seed=1)
    done = cnnc("train", "--resume", "run", "--data", "../false/set.npz", cwd=killed)
    assert done.returncode == 1
    assert "`--data ../false/set.npz`: as many examples, but their names, sizes or labels are others" in done.stderr
    assert "these are not the data of run" in done.stderr
    done = cnnc("train", "--resume", "run", "--data", "../far/other name.npz", "--quiet", cwd=killed)
    assert done.returncode == 0, done.stderr
    same_weights(killed / "whole", killed / "run")
    assert cnnc("eval", "here/run", cwd=tmp_path).returncode == 0  # the folder says where they are now


def test_a_run_of_an_older_version_goes_on(killed: Path) -> None:
    """Its folder has no imprint of the data."""
    config = json.loads((killed / "run" / "config.json").read_text())
    del config["data"]["imprint"]
    (killed / "run" / "config.json").write_text(json.dumps(config))
    assert cnnc("train", "--resume", "run", "--quiet", cwd=killed).returncode == 0
    same_weights(killed / "whole", killed / "run")


def test_published_data_that_were_moved(tmp_path: Path) -> None:
    """`--data-dir` of those that are looked for below it."""
    saved(tmp_path / "sets")
    killed_at(3, written(tmp_path, TEXT), "run", tmp_path, "--data-dir", "sets")
    shutil.move(tmp_path / "sets", tmp_path / "moved")
    assert cnnc("train", "--resume", "run", cwd=tmp_path).returncode == 1
    done = cnnc("train", "--resume", "run", "--data-dir", "moved", "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def opened(folder: Path) -> Dataset:
    return open_data(Data(source=Folder(path=str(folder))), 0)


def test_what_tells_data_apart(tmp_path: Path) -> None:
    """Names and sizes of files, not where they lie nor when they were written."""
    for name in ("cat", "dog"):
        fill(tmp_path / "data" / name, 5, (8, 8))
    found = imprint(opened(tmp_path / "data"))
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    assert imprint(opened(tmp_path / "copy")) == found
    file = tmp_path / "copy" / "cat" / "000.png"
    before = file.read_bytes()
    file.write_bytes(before + b"\0")
    assert imprint(opened(tmp_path / "copy")) != found
    file.rename(file.with_name("0000.png"))
    file.with_name("0000.png").write_bytes(before)
    assert imprint(opened(tmp_path / "copy")) != found
