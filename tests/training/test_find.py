"""The range test of learning rates and the search for a batch size."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from cnnc.compiler.recipes import learning
from cnnc.runtime.devices.engine import Engine
from cnnc.runtime.training import find

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
    assert found == find.Speed(64, error="OutOfMemoryError")
