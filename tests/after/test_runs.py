"""`cnnc runs`, and what a folder says of a run that went another way."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cnnc.runtime.run.history import history
from cnnc.runtime.run.run_folder import RunFolder
from cnnc.runtime.run.state import following, read_state

import cnnc
from cnnc.cli import main
from cnnc.commands.runs import blocks


@pytest.fixture
def two(run: cnnc.Run, tmp_path: Path) -> Path:
    """A folder of two runs: the one of all these tests, and one that says another rate and came half as far."""
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        for file in ("config.json", "metrics.csv", "metrics.json", "state.json", "environment.json", "model.cnn"):
            (tmp_path / name / file).write_text((run.folder / file).read_text())
    config = json.loads((tmp_path / "other" / "config.json").read_text())
    for entry in config["recipe"]["entries"]:
        if entry["is"] == "optimizer":
            entry["lr"] = 0.5
    (tmp_path / "other" / "config.json").write_text(json.dumps(config))
    rows = (tmp_path / "other" / "metrics.csv").read_text().splitlines()
    (tmp_path / "other" / "metrics.csv").write_text("\n".join(rows[:4]) + "\n")
    (tmp_path / "other" / "metrics.json").unlink()
    state = json.loads((tmp_path / "other" / "state.json").read_text())
    (tmp_path / "other" / "state.json").write_text(json.dumps({**state, "what": "interrupted"}))
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert main(["runs", *map(str, words)]) == 0
    return capsys.readouterr().out


def test_a_line_for_each(two: Path, run: cnnc.Run, capsys: pytest.CaptureFixture[str]) -> None:
    head, *lines = said(capsys, "--in", two).splitlines()
    assert head.split() == ["run", "model", "data", "score", "epochs", "time", "parameters", "state"]
    found = {line.split()[0]: line for line in lines}
    assert f"{100 * run.metrics['accuracy']:.2f} %" in found["one"]
    assert found["one"].endswith("1,514  finished")
    assert found["other"].endswith("interrupted")


def test_the_score_of_an_unfinished_run_is_its_best_so_far(two: Path, run: cnnc.Run) -> None:
    score = history(RunFolder(two / "other")).score
    assert score is not None
    assert score.value == max(row["val_accuracy"] for row in run.rows[:3])


def test_only_what_differs_is_compared(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "compare", two / "one", two / "other")
    differing = text.split("said differently:")[1].split("held-out")[0]
    assert [line.split()[0] for line in differing.splitlines()[2:] if line] == ["optimizer"]
    assert re.search(r"lr=0\.03.*lr=0\.5", differing)


def test_all_about_one(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "show", two / "one")
    assert "average ema, decay=0.9" in text
    assert "digits: 1,438 to learn from, 359 held out" in text
    assert len([line for line in text.splitlines() if re.match(r" +\d+ +\d+ ", line)]) == 6


def test_for_programs(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = {Path(one["run"]).name: one for one in json.loads(said(capsys, "--in", two, "--json"))}
    assert found["one"]["state"] == "finished"
    assert len(found["other"]["history"]) == 3


def test_the_report_is_made_again_without_weights(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no weights yet" in said(capsys, "report", two / "other")
    assert "interrupted" in (two / "other" / "report.html").read_text()
    assert (two / "other" / "curves.png").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["clear"], "list, show, compare, report"),
        (["compare", "one"], "takes 2 runs at least, found 1"),
        (["show"], "takes 1 run at least, found 0"),
    ],
)
def test_a_wrong_command_line(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", *words]) == 2
    assert told in capsys.readouterr().err


def test_a_folder_that_is_no_run_hides_none(
    two: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Data in `one/` beside `runs/one`."""
    place = tmp_path_factory.mktemp("place")
    (place / "one").mkdir()
    (place / "none").mkdir()
    monkeypatch.chdir(place)
    assert str(two / "one") in said(capsys, "show", "one", "--in", two)
    assert main(["runs", "show", "none", "--in", str(two)]) == 1
    assert "none: no run: there is no config.json in it" in capsys.readouterr().err


def test_no_such_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs", "show", "nowhere"]) == 1
    assert "nowhere: there is no such folder of a run" in capsys.readouterr().err


def test_the_course_as_blocks() -> None:
    assert blocks({1: 0.0, 2: 1.0, 3: 0.5}, [{1: 0.0, 2: 1.0, 3: 0.5}]) == "▁█▅"


# --- states -----------------------------------------------------------------------------------------------------------


def test_a_failure_is_kept_with_its_reason(tmp_path: Path) -> None:
    def run() -> None:
        with following(RunFolder(tmp_path)) as course:
            course.begun = True
            raise RuntimeError("out of memory\nand more")

    with pytest.raises(RuntimeError):
        run()
    state = read_state(tmp_path)
    assert state is not None
    assert (state.now, state.error) == ("failed", "out of memory")


def test_seconds_add_up_over_starts(tmp_path: Path) -> None:
    for _ in range(2):
        with following(RunFolder(tmp_path)) as course:
            course.interrupted = True
        state = json.loads((tmp_path / "state.json").read_text())
        (tmp_path / "state.json").write_text(json.dumps({**state, "seconds": state["seconds"] + 10}))
    state = read_state(tmp_path)
    assert state is not None
    assert 20 <= state.seconds < 25
    assert state.now == "interrupted"


def test_a_run_that_was_killed_is_interrupted(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with following(RunFolder(tmp_path)):
        here = json.loads((tmp_path / "state.json").read_text())
        assert here["pid"] == os.getpid()
        assert read_state(tmp_path).now == "running"  # type: ignore[union-attr]
        (tmp_path / "state.json").write_text(json.dumps({**here, "pid": gone.pid}))
        assert read_state(tmp_path).now == "interrupted"  # type: ignore[union-attr]


# --- folders that are not what a run writes ---------------------------------------------------------------------------


BROKEN = [
    ("config.json", b"[1]"), ("config.json", b"null"), ("config.json", b'"x"'), ("config.json", b'{"format": 1}'),
    ("config.json", b'{"format": 1, "model": "A", "params": [], "inputs": [], "data": 3, "recipe": {}}'),
    ("config.json", b"\xff"), ("environment.json", b"null"), ("environment.json", b"\xff"), ("metrics.json", b"null"),
    ("metrics.csv", b"epoch,loss\n1,\xff\n"), ("metrics.csv", b"epoch,val_loss\n1,0.3\n2,0x3\n"),
    ("metrics.csv", b"loss\n1\n"), ("metrics.csv", b"epoch\n1,2,3\n"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "content"), BROKEN)
def test_a_bad_folder_is_marked_and_hides_no_other(
    file: str, content: bytes, two: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (two / "other" / file).write_bytes(content)
    found = {line.split()[0]: line for line in said(capsys, "--in", two).splitlines()[1:]}
    assert found["one"].endswith("finished")
    assert f"unreadable: {two}/other/{file}" in found["other"]
    states = {Path(one["run"]).name: one["state"] for one in json.loads(said(capsys, "--in", two, "--json"))}
    assert states == {"one": "finished", "other": "unreadable"}
    for words in (["show", "other"], ["report", "other"], ["compare", "one", "other"]):
        assert main(["runs", *words, "--in", str(two)]) == 1
        assert capsys.readouterr().err.startswith(f"cnnc: {two}/other/{file}")


@pytest.mark.parametrize("command", ["eval", "summary"])
def test_commands_name_a_file_that_is_not_what_a_run_writes(
    command: str, two: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (two / "other" / "config.json").write_text("[1]")
    assert main([command, str(two / "other")]) == 1
    assert capsys.readouterr().err == f"cnnc: {two}/other/config.json: not what a run writes there\n"


def test_what_is_no_folder_of_a_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.cnn").write_text("")
    for name, told in (
        ("nonesuch", "there is no such folder of a run"),
        ("t.cnn", f"a run is a folder, this is a file: `cnnc train {tmp_path}/t.cnn` begins one"),
        (".", "no run: there is no config.json in it"),
    ):
        assert main(["train", "--resume", str(tmp_path / name)]) == 1
        assert capsys.readouterr().err == f"cnnc: {tmp_path / name}: {told}\n"
