"""A run that was killed goes on to the same weights, to the bit, as one that was not."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from cnnc.commands.train import SHORT
from cnnc.going_on import CHANGES

from .tiny import MODEL, cnnc, command, written

PHASES = (
    MODEL[: MODEL.index("train:")]
    + """
train:
    data digits
    batch 120
    phase warm:
        params "stem", "norm", freeze=true
        optimizer sgd, lr=0.05, momentum=0.9
        epochs 1
    phase tune:
        optimizer adam, lr=0.003
        schedule plateau, patience=1, factor=0.5
        epochs 2
"""
)


def same_weights(first: Path, second: Path) -> None:
    for name in ("best.safetensors", "last.safetensors"):
        one, two = load_file(first / name), load_file(second / name)
        assert one.keys() == two.keys()
        assert all(one[key].tobytes() == two[key].tobytes() for key in one), name


def same_rows(first: Path, second: Path) -> None:
    """The same figures; only the speed may differ."""
    one, two = ((folder / "metrics.csv").read_text().splitlines() for folder in (first, second))
    assert [line.rpartition(",")[0] for line in one] == [line.rpartition(",")[0] for line in two]


def killed_at(step: int, model: Path, out: str, folder: Path, *more: str) -> None:
    """Start a run and kill it once its checkpoint has come to a step."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    arguments = command("train", model, "--out", out, "--save-every", "1", "--quiet", *more)
    process = subprocess.Popen(arguments, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    checkpoint = folder / out / "last.ckpt"
    until = time.monotonic() + 120
    written, before = 0, -1
    while written < step and time.monotonic() < until and process.poll() is None:
        now = before
        with suppress(FileNotFoundError):  # for a moment there is only the one before
            now = checkpoint.stat().st_mtime_ns
        written += now != before and now > 0
        before = now
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert checkpoint.exists() or checkpoint.with_name("last.before.ckpt").exists()


@pytest.mark.parametrize(("name", "text"), [("plain", MODEL), ("phases", PHASES)])
def test_killed_runs_end_with_the_same_weights(name: str, text: str, tmp_path: Path) -> None:
    model = written(tmp_path, text)
    whole = cnnc("train", model, "--out", "whole", "--quiet", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    killed_at(random.Random(name).randrange(3, 30), model, "killed", tmp_path)
    assert not (tmp_path / "killed" / "metrics.json").exists()
    resumed = cnnc("train", "--resume", "killed", "--quiet", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    same_weights(tmp_path / "whole", tmp_path / "killed")
    same_rows(tmp_path / "whole", tmp_path / "killed")
    ends = [json.loads((tmp_path / run / "metrics.json").read_text()) for run in ("whole", "killed")]
    assert ends[0] == ends[1]


def test_the_seed_decides(tmp_path: Path) -> None:
    model = written(tmp_path)
    for out, seed in (("a", 1), ("b", 1), ("c", 2)):
        made = cnnc("train", model, "--out", out, "--seed", seed, "--epochs", 1, "--quiet", cwd=tmp_path)
        assert made.returncode == 0, made.stderr
    same_weights(tmp_path / "a", tmp_path / "b")
    one, other = (load_file(tmp_path / out / "last.safetensors") for out in ("a", "c"))
    assert any(one[key].tobytes() != other[key].tobytes() for key in one)


def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path: Path) -> None:
    model = written(tmp_path)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    arguments = command("train", model, "--out", "run", "--epochs", "500")
    process = subprocess.Popen(arguments, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("epoch"):
            process.send_signal(signal.SIGINT)
            break
    rest, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "cnnc train --resume run" in rest
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [
        "best.safetensors", "config.json", "environment.json", "last.before.ckpt", "last.ckpt", "metrics.csv",
        "model.cnn", "state.json",
    ]  # fmt: skip


def test_a_finished_run_is_not_resumed(tmp_path: Path) -> None:
    model = written(tmp_path)
    assert cnnc("train", model, "--out", "run", "--epochs", 1, "--quiet", cwd=tmp_path).returncode == 0
    again = cnnc("train", "--resume", "run", cwd=tmp_path)
    assert again.returncode == 1
    assert re.search(r"run: this run is finished", again.stderr)


def test_a_model_that_was_edited_no_longer_fits(tmp_path: Path) -> None:
    killed_at(3, written(tmp_path), "run", tmp_path)
    copy = tmp_path / "run" / "model.cnn"
    copy.write_text(copy.read_text().replace("conv 16", "conv 24"))
    refused = cnnc("train", "--resume", "run", cwd=tmp_path)
    assert refused.returncode == 1
    told = r"cnnc: run/model\.cnn no longer fits run/last\.ckpt: `\S+` is 16x8x3x3 in the checkpoint, 24x8x3x3 in the"
    assert re.match(told, refused.stderr)
    copy.write_text(copy.read_text().replace("conv 24", "conv 16"))
    assert cnnc("train", "--resume", "run", "--quiet", cwd=tmp_path).returncode == 0


def test_resume_takes_no_changes(tmp_path: Path) -> None:
    refused = cnnc("train", "--resume", "run", "--lr", 0.1, "--log", "tensorboard", cwd=tmp_path)
    assert refused.returncode == 2
    assert "--resume does not take `--lr`, `--log`: " in refused.stderr
    assert "`cnnc train run/model.cnn --weights run/last.safetensors` with what you want begins a new" in refused.stderr


def test_every_option_of_the_recipe_is_known_as_one() -> None:
    """Of those that stand for a `--set`, a run goes on with the place of its data only."""
    assert SHORT.keys() - CHANGES.keys() == {"data_dir"}


def test_what_a_new_run_takes_from_another_is_what_the_hint_says(tmp_path: Path) -> None:
    """Of a run that was interrupted as well, which has its best weights only."""
    killed_at(25, written(tmp_path), "run", tmp_path)
    refused = cnnc("train", "--resume", "run", "--epochs", 5, cwd=tmp_path)
    hint = re.search("`cnnc (train .*)` with what you want", refused.stderr)
    assert hint is not None
    done = cnnc(*hint[1].split(), "--epochs", 1, "--quiet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_what_is_said_can_be_copied_into_a_shell(tmp_path: Path) -> None:
    """Where the names of folders have spaces."""
    run = ("train", written(tmp_path), "--out", "a b/r 1", "--epochs", 1)
    said = [cnnc(*run, cwd=tmp_path).stdout, cnnc(*run, cwd=tmp_path).stderr]
    said += [cnnc("train", "--resume", "a b/r 1", *more, cwd=tmp_path).stderr for more in ((), ("--lr", 1))]
    (tmp_path / "a b" / "r 1" / "report.html").unlink(missing_ok=True)
    said.append(cnnc("runs", "show", "a b/r 1", cwd=tmp_path).stdout)
    hints = [hint for text in said for hint in re.findall("`([^`]*r 1[^`]*)`", text)]
    assert len(hints) == 7
    for hint in hints:
        assert {"a b/r 1", "a b/r 1/last.safetensors"} & set(shlex.split(hint)), hint
