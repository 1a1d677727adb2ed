"""A network that runs elsewhere than what makes its batches: processes that read, figures read late, torch.compile."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cnnc.compiler.diagnostics import UserError
from cnnc.compiler.override import read
from cnnc.compiler.recipes.steps import Augment
from cnnc.runtime.batches.batch import Batch
from cnnc.runtime.batches.feed import Feed, Reading
from cnnc.runtime.batches.readers import Readers, readers_needed
from cnnc.runtime.batches.stock import Wanted
from cnnc.runtime.data import DataError, Held
from cnnc.runtime.data.dataset import Array
from cnnc.runtime.devices.engine import Engine
from cnnc.runtime.devices.faster import compiled, compiler_needed, require_whole
from cnnc.runtime.measuring.figures import Figures
from cnnc.runtime.run.run_folder import RunFolder
from cnnc.runtime.run.saving import Saving
from cnnc.runtime.training import learner
from cnnc.runtime.training.learner import TrainingError
from cnnc.runtime.training.position import Position
from cnnc.runtime.training.selection import Selection
from cnnc.runtime.training.train import Trainer

from ..data_sources.made import fill, opened
from ..data_sources.test_feed import OneByOne
from . import generated, models
from .tiny import MODEL, command, written
from .trial import Silent, job_of, trained

STEPS = read("train:\n    augment: resized_crop 12 -> hflip -> normalize imagenet").one(Augment)


IN_TWO = Reading(processes=2)


def pictures(folder: Path, reading: Reading = IN_TWO) -> Feed:
    for name in ("cat", "dog"):
        fill(folder / name, 6, (40, 30))
    assert STEPS is not None
    return Feed(opened(folder, split=0.5).train, STEPS.steps, Wanted((12, 12, 3)), 3, reading=reading)


@pytest.mark.parametrize("ahead", [False, True])
def test_processes_make_the_batches_that_threads_make(tmp_path: Path, ahead: bool) -> None:
    apart = pictures(tmp_path, Reading(ahead, processes=2))
    here = Feed(apart.split, apart.way.steps, apart.wanted, 3)
    for epoch in range(2):
        plan = [(epoch, part) for part in np.array_split(np.arange(6)[::-1], 4)]
        found = list(zip(apart.batches(plan), here.batches(plan), strict=True))
        assert len(found) == 4
        for given, other in found:
            mine = given.finished()
            assert torch.equal(mine.x, other.x)
            assert torch.equal(mine.y, other.y)
            assert np.array_equal(mine.positions, other.positions)


def test_what_a_process_cannot_read_is_told_by_name(tmp_path: Path) -> None:
    feed = pictures(tmp_path)
    (tmp_path / "dog" / "003.png").write_bytes(b"\x89PNG")
    whole = feed.split.examples
    number = next(n for n in range(len(whole)) if whole.name(n).endswith("dog/003.png"))
    object.__setattr__(feed.split, "numbers", np.full(6, number))
    feed.stocks[0].numbers = feed.split.numbers
    with pytest.raises(DataError, match=r"dog/003\.png"):
        list(feed.batches([(0, np.arange(2))]))


def children(process: int) -> list[int]:
    found = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(n) for n in found]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are found in /proc")
def test_a_process_that_reads_may_be_killed_and_the_run_goes_on(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        fill(tmp_path / "data" / name, 20, (40, 30))
    cut = MODEL.replace("augment: affine", "augment: resized_crop 8 -> affine")
    arguments = ("train", written(tmp_path, cut), "--data", "data", "--out", "run", "--workers", "2", "--batch", "4")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    arguments = (*arguments, "--save-every", "3", "--epochs", "500", "--no-progress")
    with subprocess.Popen(
        command(*arguments), cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("epoch   1/500"):
                break
        os.kill(children(process.pid)[0], signal.SIGKILL)
        _, told = process.communicate(timeout=120)
    assert process.returncode == 1, told
    assert re.search("a process that reads examples was ended.*`docker run --shm-size`.*`--resume` goes on", told)
    assert "Traceback" not in told
    with subprocess.Popen(
        command("train", "--resume", "run", "--no-progress", "--workers", "1"),
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as again:  # fmt: skip
        assert again.stdout is not None
        assert any(re.match(r"epoch +\d+/500", line) for line in again.stdout)
        reading = children(again.pid)
        os.kill(again.pid, signal.SIGINT)
        rest, told = again.communicate(timeout=120)
    assert again.returncode == 130, told
    assert "cnnc train --resume run" in rest
    assert "Traceback" not in told
    time.sleep(0.5)
    assert not [n for n in reading if Path(f"/proc/{n}/cmdline").exists() and Path(f"/proc/{n}/cmdline").read_bytes()]


PHASES = """
train:
    data digits
    loss cross_entropy
    batch 100

    phase first:
        epochs 1
        augment: resized_crop 8

    phase second:
        epochs 1
        augment: resized_crop 8, area=0.5 -> hflip
"""


class Counting(Silent):
    """Is told of epochs, and looks how many processes read then."""

    def __init__(self) -> None:
        self.counts: list[int] = []

    def epoch(self, *_: object) -> None:
        self.counts.append(len(multiprocessing.active_children()))


def test_processes_that_read_end_with_their_phase(tmp_path: Path) -> None:
    data = generated.digits()
    assert isinstance(data.train.examples, Held)
    apart = data._replace(train=replace(data.train, examples=OneByOne(data.train.examples)))
    torch.set_num_threads(1)
    watch, job = Counting(), job_of(models.CLASSIFIER + PHASES, apart)
    trainer = Trainer(job, RunFolder(tmp_path), Engine("cpu", "fp32"), watch, workers=2)
    trainer.prepare()
    trainer.run()
    assert watch.counts == [0, 2]  # at the end of the first the second has begun, whose processes have not
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("fault", [ConnectionResetError(104, "Connection reset by peer"), EOFError()])
def test_a_process_that_ends_while_it_hands_over_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    """As where it is killed when what it made waits already; what goes wrong with a file is no such case."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    readers = Readers(pictures(tmp_path), 1, 1, pinned=False)

    def gone(error: Exception) -> Iterator[Batch]:
        raise error
        yield

    with pytest.raises(UserError, match="a process that reads examples was ended"), readers_needed():
        list(readers.handed_over(gone(fault)))
    with pytest.raises(EOFError), readers_needed():
        list(readers.handed_over(gone(EOFError("Caught EOFError in DataLoader worker process 0."))))


class Counted(OneByOne):
    """Counts what is loaded, in whatever process."""

    def __init__(self, held: Held) -> None:
        super().__init__(held)
        self.count = multiprocessing.Value("q", 0)

    def load(self, number: int) -> Array:
        with self.count:
            self.count.value += 1
        return super().load(number)


def test_processes_read_on_while_the_epoch_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the last epoch there is nothing to read on; what is learned is what one process learns."""
    data, sets = generated.digits(), ("augment=resized_crop 8 -> hflip", "batch=100", "epochs=3")
    assert isinstance(data.train.examples, Held)
    examples = Counted(data.train.examples)
    apart = data._replace(train=replace(data.train, examples=examples))
    seen, real = [], Selection.figures

    def figures(*given: Any) -> Figures:
        time.sleep(0.5)
        seen.append(examples.count.value)
        return real(*given)

    monkeypatch.setattr(Selection, "figures", figures)
    trainer = Trainer(job_of(models.CLASSIFIER, apart, *sets), RunFolder(tmp_path), Engine("cpu", "fp32"), Silent(),
                      workers=2)  # fmt: skip
    torch.set_num_threads(1)  # a bias before batch normalisation learns from rounding alone
    before = examples.count.value
    trainer.run()
    over = [count - before - len(data.train) * epoch for epoch, count in enumerate(seen, 1)]
    assert over[0] > 300
    assert over[1] > 300
    assert over[2] == 3  # one example each time tells how large batches are
    assert multiprocessing.active_children() == []
    monkeypatch.undo()
    alone = trained(tmp_path / "alone", models.CLASSIFIER, data, *sets)
    for name, value in alone.trainer.net.state_dict().items():
        torch.testing.assert_close(trainer.net.state_dict()[name], value, rtol=1e-4, atol=1e-6)


def test_figures_that_are_read_late_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sets = ("epochs=3", "batch=7", "augment=hflip -> normalize 0.3, 0.4", "average=ema, decay=0.9")
    here = trained(tmp_path / "here", models.CLASSIFIER, generated.digits(), *sets)
    monkeypatch.setattr(Engine, "apart", True)
    apart = trained(tmp_path / "apart", models.CLASSIFIER, generated.digits(), *sets)
    assert not apart.trainer.feed.settled
    for one, other in zip(here.rows, apart.rows, strict=True):
        assert {k: v for k, v in one.items() if k != "images_per_second"} == {
            k: v for k, v in other.items() if k != "images_per_second"
        }
    for name, value in here.trainer.net.state_dict().items():
        assert torch.equal(value, apart.trainer.net.state_dict()[name])


def test_a_loss_that_is_no_number_is_found_late_and_nothing_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Engine, "apart", True)
    monkeypatch.setattr(Saving, "due", lambda self, step: False)
    real, steps = learner.Learner.settle, list[int]()

    def seen(self: learner.Learner, at: Position, owed: int = 0) -> None:
        steps.append(at.step)
        real(self, at, owed)

    monkeypatch.setattr(learner.Learner, "settle", seen)
    with pytest.raises(TrainingError, match=r"in step [1-9], epoch 1: try a lower rate"):
        trained(tmp_path, models.CLASSIFIER, generated.digits(), "batch=7", "optimizer=sgd, lr=1e30", "clip=none")
    assert steps[0] == learner.LAG + 1
    assert not (tmp_path / "last.ckpt").exists()


def test_how_the_network_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    net = torch.nn.Linear(2, 3)
    assert compiled(net, None) is net
    asked = {}
    monkeypatch.setattr(torch, "compile", lambda module, **named: asked.update(named))
    compiled(net, "graphs")
    assert asked == {"dynamic": False, "mode": "reduce-overhead"}
    with pytest.raises(UserError, match="only `default`, `graphs`, `tune`"):
        compiled(net, "much")


def test_recorded_graphs_do_not_add_up_parts_of_a_batch() -> None:
    """https://github.com/pytorch/pytorch/issues/169545"""
    require_whole("graphs", 1, "cuda")
    require_whole("default", 2, "cuda")
    require_whole("tune", 2, "cpu")
    with pytest.raises(UserError, match=r"leave out `split=2`, or take `--compile default`"):
        require_whole("tune", 2, "cuda")


def test_a_compiler_that_gives_up_is_told() -> None:
    from torch._dynamo.exc import Unsupported

    said = r"torch\.compile gave up: no such thing; without `--compile` it goes on"
    with pytest.raises(UserError, match=said), compiler_needed():
        raise Unsupported("no such thing\nmore of it")
    with pytest.raises(ValueError, match="other"), compiler_needed():
        raise ValueError("other")


@pytest.mark.proof
def test_a_compiled_network_learns_the_same(tmp_path: Path) -> None:
    """Inductor: weights of a run of two epochs differ by rounding."""
    from cnnc.runtime.run.run_folder import RunFolder
    from cnnc.runtime.training.train import Trainer

    from .trial import Silent, job_of

    found = []
    for mode in (None, "default"):
        sets = ("epochs=2", "batch=20", "clip=none", "optimizer=sgd, lr=0.05")  # Adam makes steps of rounding alone
        job = job_of(models.CLASSIFIER, generated.digits(), *sets)
        torch.set_num_threads(1)
        folder = tmp_path / str(mode)
        folder.mkdir()
        trainer = Trainer(job, RunFolder(folder), Engine("cpu", "fp32", compile=mode), Silent())
        trainer.prepare()
        trainer.run()
        found.append(trainer.net.state_dict())
    for name, value in found[0].items():
        torch.testing.assert_close(value, found[1][name], rtol=1e-2, atol=1e-4)


def test_a_process_that_reads_hears_no_ctrl_c_but_the_end() -> None:
    """A terminal sends Ctrl-C to all processes of a run; only the first one is to answer."""
    code = (
        "import time; from cnnc.runtime.batches.readers import deaf_and_mute\n"
        "deaf_and_mute(0); print(1, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.terminate()
        assert process.wait(10) == -signal.SIGTERM
        assert process.stderr is not None
        assert not process.stderr.read()
