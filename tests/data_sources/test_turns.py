"""Several processes that look into the same files at once: one looks, the others take what it found."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from cnnc.runtime.data import turns

from .made import fill

LOOK = """
import sys, time
from pathlib import Path
from cnnc.runtime.data import DataError, looked, picture
from tests.data_sources.made import opened

looked.WORTH, looked.FRESH = 0.0, -3600.0
its = picture.measured

def measured(file, name=None):
    with open("seen", "a") as seen:
        print(name, file=seen)
    time.sleep(0.1)
    return its(file, name)

picture.measured = measured
try:
    found = opened(Path("data"), **eval(sys.argv[1]))
    print(len(found.train), len(found.held), len(found.skipped))
except DataError as error:
    print(error)
"""


def looking(folder: Path, said: str = "{}", **more: str) -> subprocess.Popen[str]:
    """A process that looks into the data."""
    root = Path(__file__).parents[2]
    environment = {**__import__("os").environ, "CNNC_LOOKS": str(folder / "looks"), "PYTHONPATH": str(root), **more}
    return subprocess.Popen(
        [sys.executable, "-c", LOOK, said], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("cat", "dog"):
        fill(tmp_path / "data" / name, 10)
    return tmp_path


def seen(folder: Path) -> list[str]:
    path = folder / "seen"
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize("said", ["{}", "{'look': 'anew'}"])
def test_processes_that_begin_together_look_once(folder: Path, said: str) -> None:
    if "anew" in said:
        looking(folder).communicate(timeout=60)
        (folder / "seen").unlink()
    found = [process.communicate(timeout=60)[0] for process in [looking(folder, said) for _ in range(3)]]
    assert found == ["16 4 0\n"] * 3
    assert len(seen(folder)) == 20
    assert not list((folder / "looks").glob("*.lock"))


def test_who_was_started_by_the_first_does_not_look_anew(folder: Path) -> None:
    looking(folder, "{'look': 'anew'}").communicate(timeout=60)
    looking(folder, "{'look': 'anew'}", CNNC_FIRST_RANK="1").communicate(timeout=60)
    assert len(seen(folder)) == 20
    looking(folder, "{'look': 'anew'}").communicate(timeout=60)
    assert len(seen(folder)) == 40


def test_a_failure_is_told_by_each(folder: Path) -> None:
    (folder / "data" / "cat" / "000.png").write_bytes(b"")
    found = [process.communicate(timeout=60)[0] for process in [looking(folder, "{'bad': 'fail'}") for _ in range(3)]]
    assert len(set(found)) == 1
    assert "are not to be used; the first: " in found[0]
    assert "000.png: the file is empty" in found[0]
    assert sorted(seen(folder)).count("cat/000.png") == 3
    assert len(seen(folder)) == 19 + 3


def test_who_waits_goes_on_when_the_one_that_looks_is_killed(folder: Path) -> None:
    first = looking(folder)
    until = time.monotonic() + 30
    while not seen(folder) and time.monotonic() < until:
        time.sleep(0.01)
    second = looking(folder)
    time.sleep(0.2)
    first.kill()
    assert second.communicate(timeout=60)[0] == "16 4 0\n"
    first.communicate()


def test_where_there_can_be_no_lock_each_looks_for_itself(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with turns.alone(tmp_path / "file" / "x.npz", "data"), turns.alone(None, "data"):
        pass


def test_another_process_that_looks_is_told_where_somebody_watches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(turns, "LONG", 0.0)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    attempts = iter([None, None, (tmp_path / "x.lock").open("ab")])
    monkeypatch.setattr(turns, "attempt", lambda lock: next(attempts))
    with turns.alone(tmp_path / "x.npz", "data"):
        pass
    assert capsys.readouterr().err == "another process looks into data: waiting for what it finds\n"
