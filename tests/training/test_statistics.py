"""Statistics that are measured before a run begins: of all examples, which processes share and others read."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from cnnc.runtime.batches.batch import Batch
from cnnc.runtime.batches.feed import Feed, Reading
from cnnc.runtime.batches.feeding import Feeds
from cnnc.runtime.data import Held
from cnnc.runtime.devices.engine import Engine
from cnnc.runtime.devices.ranks import Positions, Ranks
from cnnc.runtime.lowering.lower import lower
from cnnc.runtime.run.run_folder import RunFolder
from cnnc.runtime.training import statistics
from cnnc.runtime.training.train import Trainer

from . import generated, models
from .trial import Silent, job_of

NORMALIZED = models.CLASSIFIER.replace("    conv 8,", "    normalize as scale\n    conv 8,", 1)


class OneOf:
    """The engine of one of two processes; what it would tell the other is kept."""

    def __init__(self, rank: int) -> None:
        self.ranks, self.together = Ranks(rank, 2), self
        self.told: tuple[float, ...] = ()
        self.seen: list[int] = []

    def at_hand(self, batch: Batch) -> Batch:
        self.seen += batch.positions.tolist()
        return batch

    def sums(self, *values: float) -> tuple[float, ...]:
        self.told = values
        return values


@pytest.mark.parametrize("batch", [256, 100])
def test_processes_share_the_examples_that_are_measured(monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    """Together they tell count, mean and mean square of numpy, each of its half."""
    monkeypatch.setattr(statistics, "BATCH", batch)
    job = job_of(NORMALIZED, generated.digits(), "augment=none", "evaluate=none")
    examples = job.data.train.examples
    assert isinstance(examples, Held)
    expected = examples.arrays[job.data.train.numbers].astype(np.float64)
    processes = [OneOf(rank) for rank in (0, 1)]
    for engine in processes:
        net = lower(job.checked, seed=0)
        statistics.measure_statistics(net, job.checked, Feeds(job).plain(), engine)  # type: ignore[arg-type]
    assert sorted(processes[0].seen + processes[1].seen) == list(range(len(expected)))
    total, squares, count = np.add(processes[0].told, processes[1].told)
    assert count == expected.size
    assert total / count == pytest.approx(expected.mean())
    assert squares / count == pytest.approx(np.square(expected).mean())


def test_nothing_is_read_by_this_process_before_a_gpu_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody there waits for a choice of threads, and statistics come from batches that others make."""
    torch.set_num_threads(1)
    monkeypatch.setattr(Engine, "apart", True)
    monkeypatch.setattr(Engine, "reading", lambda *_: Reading(ahead=True))
    trainer = Trainer(job_of(NORMALIZED, generated.digits()), RunFolder(tmp_path), Engine("cpu", "fp32"), Silent())
    made, real = [], Feed.batch

    def seen(self: Feed, epoch: int, positions: Positions) -> Batch:
        if threading.current_thread() is threading.main_thread():
            assert len(positions) == 1  # of which one learns how large batches are
        else:
            made.extend(positions.tolist())
        return real(self, epoch, positions)

    monkeypatch.setattr(Feed, "batch", seen)
    trainer.prepare()
    assert sorted(made) == list(range(len(trainer.feed)))
