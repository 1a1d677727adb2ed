"""Whatever happens to a run, a clear word is said and the run can go on."""

from __future__ import annotations

import json
import os
import pty
import random
import re
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from cnnc.compiler.diagnostics import UserError
from cnnc.runtime.run import checkpoint
from cnnc.runtime.run.memory import memory_for
from cnnc.runtime.run.state import read_state

from .test_resume import killed_at, same_rows, same_weights
from .tiny import MODEL, cnnc, command, written

STATE = {"model": {"w": torch.arange(6.0)}, "step": 3}


def test_a_checkpoint_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    checkpoint.write(path, STATE)
    found, word = checkpoint.read(path)
    assert torch.equal(found["model"]["w"], STATE["model"]["w"])  # type: ignore[index]
    assert (found["step"], word) == (3, "")
    assert [p.name for p in tmp_path.iterdir()] == ["last.ckpt"]


@pytest.mark.parametrize("harm", ["cut", "flipped", "empty", "gone"])
def test_the_one_before_steps_in_for_a_damaged_checkpoint(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "last.ckpt"
    for step in (1, 2):
        checkpoint.write(path, {**STATE, "step": step})
    damage(path, harm)
    found, word = checkpoint.read(path)
    assert found["step"] == 1
    assert word.endswith("going on from last.before.ckpt")
    damage(checkpoint.before(path), harm)
    with pytest.raises(UserError, match="begin the run anew"):
        checkpoint.read(path)


def damage(path: Path, harm: str) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes({"cut": data[:-100], "flipped": data, "empty": b""}[harm])


@pytest.mark.parametrize("moment", range(6))
def test_a_crash_at_any_moment_of_writing_leaves_one_that_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """Every call to the system is the last one once."""
    path = tmp_path / "last.ckpt"
    checkpoint.write(path, {**STATE, "step": 1})
    checkpoint.write(path, {**STATE, "step": 2})
    left = [moment]

    def crash(real: object) -> object:
        def call(*args: object, **named: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return real(*args, **named)  # type: ignore[operator]

        return call

    with monkeypatch.context() as patch:
        for name in ("fsync", "replace"):
            patch.setattr(os, name, crash(getattr(os, name)))
        patch.setattr(checkpoint, "opened", crash(checkpoint.opened))
        with suppress(KeyboardInterrupt):
            checkpoint.write(path, {**STATE, "step": 3})
    found, _ = checkpoint.read(path)
    assert found["step"] in (2, 3)


def test_a_damaged_checkpoint_costs_a_few_steps_only(tmp_path: Path) -> None:
    model = written(tmp_path)
    whole = cnnc("train", model, "--out", "whole", "--quiet", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    killed_at(12, model, "killed", tmp_path)
    damage(tmp_path / "killed" / "last.ckpt", "flipped")
    resumed = cnnc("train", "--resume", "killed", "--no-progress", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert "the checkpoint is damaged: going on from last.before.ckpt" in resumed.stdout
    same_weights(tmp_path / "whole", tmp_path / "killed")
    same_rows(tmp_path / "whole", tmp_path / "killed")


def test_a_full_disk_is_told_and_the_run_goes_on(tmp_path: Path) -> None:
    """Files may not become larger than the weights are: checkpoints fail, results are written."""
    program = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (14_000, 14_000));"
        "from cnnc.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    model = written(tmp_path)
    arguments = command("train", model, "--out", "run", "--epochs", "1", "--save-every", "5", "--no-progress")
    made = subprocess.run(
        [arguments[0], "-c", program, *arguments[3:]], cwd=tmp_path, capture_output=True, text=True, timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert "the checkpoint of step 5 cannot be written: file too large; there is none before it" in made.stdout
    assert (tmp_path / "run" / "best.safetensors").exists()
    assert not [p.name for p in (tmp_path / "run").iterdir() if p.suffix == ".ckpt"]


@pytest.mark.parametrize("seen", ["before", "in a step"])
def test_examples_that_are_no_numbers_are_told_by_name(tmp_path: Path, seen: str) -> None:
    x, y = np.random.default_rng(0).random((60, 8, 8, 1), np.float32), np.arange(60) % 10
    x[17, 3, 3] = np.nan
    np.savez(tmp_path / "set.npz", x=x, y=y)
    plain = MODEL.replace(
        "    augment: affine rotation=5 deg, shift=0.05\n", "    augment: hflip\n    evaluate: hflip 0\n"
    )
    made = cnnc("train", written(tmp_path, plain), "--data", "set.npz", "--out", "run", cwd=tmp_path)
    assert made.returncode == 1
    assert "`set/17` holds values that are no numbers" in made.stderr


def limited(gigabytes: int) -> str:
    """A program that runs cnnc with so much memory."""
    return (
        f"import resource, sys; resource.setrlimit(resource.RLIMIT_AS, ({gigabytes} << 30, {gigabytes} << 30));"
        "from cnnc.cli import main; sys.exit(main(sys.argv[1:]))"
    )


def test_too_little_memory_is_told_with_the_way_out(tmp_path: Path) -> None:
    text = "model Wide:\n    input 8x8x1\n    upsample 512 -> conv 64, 3x3 -> global_avgpool -> dense 10 -> softmax\n"
    arguments = command("train", written(tmp_path, text), "--out", "run", "--batch", "64")
    made = subprocess.run(
        [arguments[0], "-c", limited(6), *arguments[3:]], cwd=tmp_path, capture_output=True, text=True, timeout=200,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert made.returncode == 1
    assert "a step of 64 examples does not fit into the memory: try `--batch 32`" in made.stderr
    assert "Traceback" not in made.stderr


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory")])
def test_memory_of_every_kind(error: Exception) -> None:
    with pytest.raises(UserError, match=r"a step of 64 examples .* `--batch 32`"), memory_for(64):
        raise error


def test_other_faults_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes"), memory_for(64):
        raise RuntimeError("shapes differ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_scheduler_may_ask_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    process = started(tmp_path)
    process.send_signal(number)
    rest, _ = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    assert f"{number.name}: stopping after this step; another signal leaves at once" in rest
    assert "cnnc train --resume run" in rest


def test_a_second_ctrl_c_leaves_at_once(tmp_path: Path) -> None:
    process = started(tmp_path)
    process.send_signal(signal.SIGSTOP)
    for _ in range(2):
        process.send_signal(signal.SIGINT)  # the second arrives once the first was heard
        process.send_signal(signal.SIGCONT)
        time.sleep(0.05)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT)  # the same to a shell: where Python was ending already
    assert (tmp_path / "run" / "last.ckpt").exists() or "resume" not in rest


def started(folder: Path, out: str = "run", epochs: int = 500) -> subprocess.Popen[str]:
    """A long run whose first epoch is over."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    arguments = command("train", written(folder), "--out", out, "--epochs", str(epochs))
    pipe = subprocess.PIPE
    process = subprocess.Popen(arguments, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("epoch"):
            break
    return process


def finished(folder: Path) -> bool:
    """Whether the run is: the process may have been killed behind its end."""
    state = read_state(folder)
    return state is not None and state.what == "finished"


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(3))
def test_runs_killed_again_and_again_end_with_the_same_weights(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    model = written(tmp_path)
    whole = cnnc("train", model, "--out", "whole", "--quiet", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    killed_at(draw.randrange(2, 6), model, "killed", tmp_path)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    for _ in range(12):
        arguments = command("train", "--resume", "killed", "--quiet", "--save-every", "1")
        process = subprocess.Popen(arguments, cwd=tmp_path, env=environment)
        try:
            process.wait(timeout=draw.uniform(4, 9))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if finished(tmp_path / "killed"):
            break
    else:
        assert cnnc("train", "--resume", "killed", "--quiet", cwd=tmp_path).returncode == 0
    same_weights(tmp_path / "whole", tmp_path / "killed")
    same_rows(tmp_path / "whole", tmp_path / "killed")


@pytest.mark.parametrize("wrong", [("--device", "cuda:7"), ("--weights", "nosuch.safetensors")])
def test_a_run_that_never_began_leaves_no_folder(tmp_path: Path, wrong: tuple[str, str]) -> None:
    """The same `--out` can be asked for again."""
    made = cnnc("train", written(tmp_path), "--out", "run", *wrong, cwd=tmp_path)
    assert made.returncode == 1
    assert not (tmp_path / "run").exists()


def test_a_run_whose_reader_has_gone_goes_on_to_its_end(tmp_path: Path) -> None:
    """As with `| head -1`."""
    process = started(tmp_path, epochs=6)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    errors = process.stderr.read()
    assert process.wait(120) == 0, errors
    assert finished(tmp_path / "run")
    assert (tmp_path / "run" / "metrics.json").exists()
    assert errors == "cnnc: nobody reads what is said here any more (broken pipe): the run goes on in silence\n"


def test_a_run_whose_terminal_has_gone_goes_on(tmp_path: Path) -> None:
    """After `nohup`, or `disown`: writing to what was a terminal fails in another way."""
    process, ours = on_a_terminal(tmp_path, signal.SIG_IGN, epochs=6)
    os.close(ours)
    assert process.wait(120) == 0
    assert finished(tmp_path / "run")


def test_a_terminal_that_closes_asks_to_stop(tmp_path: Path) -> None:
    """The kernel sends SIGHUP, a shell perhaps another; nothing that is said arrives."""
    process, ours = on_a_terminal(tmp_path)
    os.close(ours)
    for _ in range(2):
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGHUP)
        time.sleep(0.05)
    # the same to a shell: the second may come when all is saved and Python is ending already
    assert process.wait(60) in (128 + signal.SIGHUP, -signal.SIGHUP)
    state = read_state(tmp_path / "run")
    assert state is not None
    assert (state.what, state.error) == ("interrupted", None)
    assert (tmp_path / "run" / "last.ckpt").exists()


def test_nohup_is_heard(tmp_path: Path) -> None:
    process, ours = on_a_terminal(tmp_path, signal.SIG_IGN, epochs=6)
    process.send_signal(signal.SIGHUP)
    os.close(ours)
    assert process.wait(60) == 0
    assert finished(tmp_path / "run")


def on_a_terminal(
    folder: Path, hangup: signal.Handlers = signal.SIG_DFL, epochs: int = 500
) -> tuple[subprocess.Popen[bytes], int]:
    """A run past its first epoch, and our end of the terminal that it has for all it says."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command("train", written(folder), "--out", "run", "--epochs", epochs), cwd=folder, stdout=theirs, stderr=theirs,
        env={**os.environ, "OMP_NUM_THREADS": "1"}, preexec_fn=lambda: signal.signal(signal.SIGHUP, hangup),
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    while b"held out: loss" not in seen:
        seen += os.read(ours, 2**12)
    return process, ours


@pytest.mark.parametrize("harm", ["gone", "cut", "empty", "flipped"])
def test_best_weights_that_are_lost_are_told_before_the_run_goes_on(tmp_path: Path, harm: str) -> None:
    """The best of what is still to come takes their place."""
    killed_at(24, written(tmp_path), "run", tmp_path)
    best = tmp_path / "run" / "best.safetensors"
    damage(best, harm) if harm != "flipped" else best.write_bytes(b"no weights" * 2000)
    done = cnnc("train", "--resume", "run", "--no-progress", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told, _, epochs = done.stdout.partition("\nepoch")
    assert re.search(r"run/best\.safetensors: .*: the best weights are those of the best epoch from here on", told)
    assert epochs
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["epoch"] in (2, 3)
    assert cnnc("eval", "run", cwd=tmp_path).returncode == 0


def test_the_last_weights_are_the_best_where_no_epoch_is_to_come(tmp_path: Path) -> None:
    model = written(tmp_path)
    assert cnnc("train", model, "--out", "run", "--epochs", 1, "--quiet", cwd=tmp_path).returncode == 0
    whole = (tmp_path / "run" / "last.safetensors").read_bytes()
    for name in ("metrics.json", "best.safetensors"):
        (tmp_path / "run" / name).unlink()
    done = cnnc("train", "--resume", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    best, last = ((tmp_path / "run" / f"{name}.safetensors").read_bytes() for name in ("best", "last"))
    assert best == last == whole
