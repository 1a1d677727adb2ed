"""Two processes never train in one folder, and one that was killed hinders nobody."""

from __future__ import annotations

import errno
import fcntl
import json
import multiprocessing
import os
import platform
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cnnc.compiler.diagnostics import UserError
from cnnc.runtime.run.holding import LOCK, Taken, hold
from cnnc.runtime.run.run_folder import RunFolder, Unwritten, new_run

from .test_nothing_is_lost import started
from .tiny import cnnc, command, written

HOLDER = """
import sys; from pathlib import Path; from cnnc.runtime.run.holding import hold
held = hold(Path(sys.argv[1])); print(flush=True); sys.stdin.read()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    """A process that holds a folder until its input ends."""
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], stdin=pipe, stdout=pipe, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_one_process_holds_a_folder_at_a_time(tmp_path: Path) -> None:
    other = holder(tmp_path)
    with pytest.raises(Taken, match=f"process {other.pid} is training in it: .* `kill {other.pid}`"):
        hold(tmp_path)
    other.communicate("")
    hold(tmp_path).release()
    assert not list(tmp_path.iterdir())


def test_who_was_killed_holds_nothing(tmp_path: Path) -> None:
    other = holder(tmp_path)
    other.kill()
    other.wait()
    assert (tmp_path / LOCK).exists()
    held = hold(tmp_path)
    with pytest.raises(Taken, match="this process is training in it already"):
        hold(tmp_path)
    held.release()


def asleep(ready: object) -> None:
    ready.set()  # type: ignore[attr-defined]
    signal.pause()


def test_processes_that_were_forked_hold_nothing(tmp_path: Path) -> None:
    """As those that read examples: they may outlive the run by some seconds."""
    held = hold(tmp_path)
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    reader = context.Process(target=asleep, args=(ready,))
    reader.start()
    ready.wait()
    held.file.close()  # as the end of this process would
    hold(tmp_path).release()
    reader.kill()
    reader.join()


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk without locks."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)


@pytest.mark.usefixtures("unlocked")
def test_without_locks_the_numbers_of_processes_tell(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    state = {"what": "running", "began": "", "pid": other.pid, "machine": platform.node()}
    (tmp_path / "state.json").write_text(json.dumps(state))
    (tmp_path / LOCK).write_text(f"{other.pid} {platform.node()}\n")
    with pytest.raises(Taken, match=f"process {other.pid} is training in it"):
        hold(tmp_path)
    other.kill()
    other.wait()
    hold(tmp_path).release()
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


@pytest.mark.usefixtures("unlocked")
def test_without_locks_a_new_folder_is_one_run(tmp_path: Path) -> None:
    first = new_run("Tiny", str(tmp_path / "twin"))
    with pytest.raises(UserError, match=r"twin: .*training in it.* choose another `--out`"):
        new_run("Tiny", str(tmp_path / "twin"))
    first.release()


def test_the_lock_of_a_run_that_never_began_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / LOCK).write_text("1 elsewhere\n")
    new_run("Tiny", str(tmp_path / "run")).release()


def test_the_other_ranks_of_a_run_do_not_mind_the_first(tmp_path: Path) -> None:
    first = RunFolder(tmp_path)
    first.hold()
    Unwritten(tmp_path).hold()
    first.release()


def test_two_begin_in_one_folder_and_one_of_them_runs(tmp_path: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    arguments = command("train", written(tmp_path), "--out", "twin", "--epochs", "1")
    both = [
        subprocess.Popen(arguments, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    errors = [one.communicate(timeout=120)[1].decode() for one in both]
    assert sorted(one.returncode for one in both) == [0, 1], errors
    assert "choose another `--out`" in "".join(errors)
    assert json.loads((tmp_path / "twin" / "state.json").read_text())["what"] == "finished"


def test_a_run_that_is_running_is_not_resumed(tmp_path: Path) -> None:
    """Neither by name nor as the latest; killed, it goes on at once."""
    process = started(tmp_path, "runs/tiny-1")
    refused = cnnc("train", "--resume", "runs/tiny-1", cwd=tmp_path)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"cnnc: runs/tiny-1: process {process.pid} is training in it: wait for its end")
    shutil.copytree(tmp_path / "runs" / "tiny-1", tmp_path / "runs" / "other")
    state = json.loads((tmp_path / "runs" / "other" / "state.json").read_text())
    (tmp_path / "runs" / "other" / "state.json").write_text(json.dumps({**state, "what": "interrupted"}))
    (tmp_path / "runs" / "other" / LOCK).unlink()
    os.utime(tmp_path / "runs" / "tiny-1" / "config.json")
    refused = cnnc("train", "--resume", cwd=tmp_path)
    assert refused.returncode == 1
    assert f"runs/tiny-1: process {process.pid} is training in it" in refused.stderr
    assert refused.stderr.endswith("; `--resume runs/other` goes on with the one before\n")
    assert not (tmp_path / "runs" / "other" / LOCK).exists()
    process.send_signal(signal.SIGKILL)
    process.wait()
    again = subprocess.Popen(
        command("train", "--resume", "--no-progress"), cwd=tmp_path, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert again.stdout is not None
    assert any(line.startswith("epoch") for line in again.stdout)
    again.send_signal(signal.SIGINT)
    again.communicate(timeout=60)
    assert not (tmp_path / "runs" / "tiny-1" / LOCK).exists()
