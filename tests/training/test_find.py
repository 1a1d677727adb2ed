"""The range test of learning rates and the search for a batch size."""

from __future__ import annotations

import math
import multiprocessing
import time
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch
from cnnc.compiler.recipes import course, learning
from cnnc.runtime.batches.feed import Reading
from cnnc.runtime.data import Held
from cnnc.runtime.data.dataset import Array
from cnnc.runtime.devices.engine import Engine
from cnnc.runtime.training import find
from cnnc.runtime.training.learner import Learner

from . import generated as made
from . import models
from .trial import job_of


def test_the_steepest_fall_and_the_least_loss_of_a_curve() -> None:
    """A loss that falls by an arc tangent around 1e-2, is least at about 1, and rises after that."""
    rates = np.logspace(-6, 1, 100)
    losses = 2 - np.arctan(4 * (np.log10(rates) + 2)) / 2 + 2 * np.maximum(np.log10(rates), 0) ** 2
    found = find.judged(tuple(find.Tried(float(lr), float(loss)) for lr, loss in zip(rates, losses)))
    assert math.log10(found.steepest) == pytest.approx(-2, abs=0.1)
    assert found.least == pytest.approx(rates[losses.argmin()])
    assert found.wanted == min(found.steepest, found.least / 10)


def test_a_rate_is_found_and_the_recipe_stays() -> None:
    torch.set_num_threads(1)
    job = job_of(models.CLASSIFIER, made.digits(), "optimizer=sgd, lr=0.1, momentum=0.9")
    before = job.recipe
    rates = find.find_rate(job, Engine("cpu", "fp32"))
    assert job.recipe == before
    grown = [after.lr / one.lr for one, after in zip(rates.tried, rates.tried[1:])]
    assert grown == pytest.approx([1e7 ** (1 / 99)] * len(grown))
    assert rates.tried[0].lr == pytest.approx(1e-6)
    assert 3e-3 < rates.wanted < 1
    assert "`--lr" not in next(find.drawn(rates))


def test_each_weight_keeps_its_share_of_the_rate() -> None:
    torch.set_num_threads(1)
    job = job_of(models.CLASSIFIER, made.digits(), "optimizer=sgd, lr=0.1", 'params="conv*", lr=0.01')
    rates = find.find_rate(job, Engine("cpu", "fp32"))
    assert rates.tried[0].lr in (pytest.approx(1e-6), pytest.approx(1e-7))
    assert job.recipe.one(learning.Params) is not None


def test_the_smallest_batch_that_is_nearly_as_fast_as_any_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    speeds = {4: 100.0, 8: 190.0, 16: 350.0, 32: 600.0, 64: 950.0, 128: 1000.0, 256: 990.0}

    def speed(job: object, engine: object, size: int) -> find.Speed:
        return find.Speed(size, speeds[size]) if size in speeds else find.Speed(size, error="OutOfMemoryError")

    monkeypatch.setattr(find, "speed", speed)
    job = job_of(models.CLASSIFIER, made.digits())
    tried = list(find.find_batch(job, Engine("cpu", "fp32")))
    assert [one.size for one in tried] == [4, 8, 16, 32, 64, 128, 256, 512]
    assert tried[-1].error
    assert find.best(tried) == find.Speed(64, 950.0)


def test_a_batch_that_does_not_fit_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise torch.OutOfMemoryError("no room")

    monkeypatch.setattr(find, "begun", refuse)
    found = find.speed(job_of(models.CLASSIFIER, made.digits()), Engine("cpu", "fp32"), 64)
    assert found == find.Speed(64, error="out of memory")


class Refusing:
    """A run whose steps a library under torch has no memory for."""

    feed = learner = position = None

    def __init__(self, said: str) -> None:
        self.said = said
        self.learner = self.feed = self  # type: ignore[assignment]
        self.stages = [course.Batch(size=4)]

    def learning(self) -> None:
        self.learner = self.feed = None  # no circle is left
        raise RuntimeError(self.said)


@pytest.mark.parametrize(
    "said",
    [
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "NCCL error: unhandled cuda error. Last error: Cuda failure 2 'Out of memory'",
    ],
)
def test_nothing_is_left_of_a_batch_that_does_not_fit(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    """When memory is given back no trainer holds it any more."""
    left = []
    trainer = [Refusing(said)]
    there = weakref.ref(trainer[0])
    monkeypatch.setattr(find, "begun", lambda *_: trainer.pop())
    monkeypatch.setattr(find.gc, "collect", lambda: left.append(there()))
    found = find.speed(job_of(models.CLASSIFIER, made.digits()), Engine("cpu", "fp32"), 64)
    assert found == find.Speed(64, error="out of memory")
    assert left == [None]


def test_what_else_goes_wrong_with_a_batch_is_no_want_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "begun", lambda *_: Refusing("CUDA error: an illegal memory access was encountered"))
    with pytest.raises(RuntimeError, match="illegal"):
        find.speed(job_of(models.CLASSIFIER, made.digits()), Engine("cpu", "fp32"), 64)


def test_processes_that_read_end_with_the_trial() -> None:
    torch.set_num_threads(1)
    data = made.digits()
    assert isinstance(data.train.examples, Held)
    train = replace(data.train, examples=Slow(data.train.examples, 0.0))
    job = job_of(models.CLASSIFIER, data._replace(train=train), "augment=resized_crop 8")
    trainer = find.begun(job, Engine("cpu", "fp32"))
    trainer.feed.reading = Reading(processes=2)
    batches = find.read(trainer, 5)
    next(batches)
    assert len(multiprocessing.active_children()) == 2
    del batches
    assert not multiprocessing.active_children()


class Slow:
    """Pictures in a place from which each takes a while."""

    def __init__(self, held: Held, seconds: float = 0.004) -> None:
        self.held, self.seconds = held, seconds

    def __len__(self) -> int:
        return len(self.held)

    def load(self, number: int) -> Array:
        time.sleep(self.seconds)
        return self.held.load(number)

    def name(self, number: int) -> str:
        return self.held.name(number)


@pytest.mark.parametrize("apart", [False, True])
def test_the_size_of_a_batch_follows_the_step_and_not_what_is_read_beside_it(
    monkeypatch: pytest.MonkeyPatch, apart: bool
) -> None:
    """A step that takes the same time whatever the size: then the largest batch is the fastest."""
    torch.set_num_threads(1)
    data = made.digits()
    held = data.train.examples
    assert isinstance(held, Held)
    train = replace(data.train.at(np.arange(64)), examples=Slow(held))
    job = job_of(models.CLASSIFIER, data._replace(train=train), "augment=resized_crop 8")
    monkeypatch.setattr(Engine, "apart", apart)
    monkeypatch.setattr(Engine, "reading", lambda *_: Reading(ahead=apart))
    monkeypatch.setattr(Learner, "step", lambda *_: time.sleep(0.03))
    tried = list(find.find_batch(job, Engine("cpu", "fp32")))
    assert find.best(tried) == tried[-1]
    assert tried[-1].size == 64
    assert [one.per_second for one in tried] == pytest.approx([one.size / 0.03 for one in tried], rel=0.3)
