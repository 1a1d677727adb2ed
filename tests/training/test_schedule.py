"""Schedules against those of torch, step by step, and against the formulas of the papers."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from cnnc.compiler.override import read
from cnnc.compiler.recipes import learning as rule
from cnnc.compiler.recipes.types import Length
from cnnc.runtime.jobs.stages import idle, stages
from cnnc.runtime.training.schedule import Clock, Plateau, factor
from torch.optim import lr_scheduler

from . import generated, models
from .trial import Silent, trained

LR = 0.5
CLOCK = Clock(steps=40, per_epoch=4, batch=8)


def rates_of_torch(make: object, steps: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], LR)
    schedule = make(optimizer)  # type: ignore[operator]
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def ours(said: rule.Schedule, clock: Clock = CLOCK) -> list[float]:
    at = factor(said, clock, LR)
    return [LR * at(step) for step in range(clock.steps)]


@pytest.mark.parametrize(
    ("said", "torchs"),
    [
        (rule.StepSchedule(every=Length(3), factor=0.1), lambda o: lr_scheduler.StepLR(o, 12, 0.1)),
        (rule.StepSchedule(every=Length(5, "steps"), factor=0.3), lambda o: lr_scheduler.StepLR(o, 5, 0.3)),
        (rule.MultiStep(at=(2.0, 7.0), factor=0.2), lambda o: lr_scheduler.MultiStepLR(o, [8, 28], 0.2)),
        (rule.Exponential(factor=0.9, every=Length(1, "steps")), lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
        (rule.Cosine(min=0.05), lambda o: lr_scheduler.CosineAnnealingLR(o, 40, 0.05)),
        (rule.Linear(), lambda o: lr_scheduler.LinearLR(o, 1.0, 0.0, 40)),
        (rule.Polynomial(power=0.9), lambda o: lr_scheduler.PolynomialLR(o, 40, 0.9)),
        (rule.Constant(), lambda o: lr_scheduler.ConstantLR(o, 1.0)),
    ],
    ids=lambda x: x.word if hasattr(x, "word") else "",
)
def test_rates_are_those_of_torch(said: rule.Schedule, torchs: object) -> None:
    assert ours(said) == pytest.approx(rates_of_torch(torchs, 40), rel=1e-9, abs=1e-12)


def test_warmup_rises_in_equal_steps_and_then_the_schedule_begins() -> None:
    found = ours(rule.Cosine(warmup=Length(1)))
    assert found[:4] == pytest.approx([LR * n / 5 for n in (1, 2, 3, 4)])
    assert found[4:] == pytest.approx([LR * (1 + math.cos(math.pi * n / 36)) / 2 for n in range(36)])


def test_warmup_from_a_share_of_the_rate() -> None:
    assert ours(rule.Constant(warmup=Length(3, "steps"), warmup_from=0.2))[:4] == pytest.approx(
        [LR * (0.2 + 0.8 * n / 4) for n in (1, 2, 3, 4)]
    )


def test_one_cycle_rises_and_falls_by_half_cosines() -> None:
    found = ours(rule.OneCycle(rise=0.25, start=0.04))
    assert found[0] == pytest.approx(0.04 * LR)
    assert found[10] == pytest.approx(LR)
    assert found[25] == pytest.approx(LR / 2)
    assert found == sorted(found[:11]) + sorted(found[11:], reverse=True)


def test_a_bare_number_counts_steps_where_the_recipe_does() -> None:
    found = ours(rule.MultiStep(at=(7.0,), factor=0.5), CLOCK._replace(unit="steps"))
    assert found == [LR] * 7 + [LR / 2] * 33


def test_images_as_a_unit() -> None:
    assert CLOCK.length(Length(80, "images")) == 10


def test_plateau_lowers_as_torch_does() -> None:
    losses = [3, 2, 2, 2.5, 2, 1.9, 1.95, 1.95, 1.95, 1.95, 1.0]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], LR)
    torchs = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=2, threshold=0)
    ours_ = Plateau(rule.Plateau(factor=0.1, patience=Length(2)), CLOCK, LR)
    for loss in losses:
        torchs.step(loss)
        ours_.seen(loss)
        assert LR * ours_.factor == pytest.approx(optimizer.param_groups[0]["lr"])


def test_plateau_goes_on_from_its_state() -> None:
    said = rule.Plateau(factor=0.1, patience=Length(1))
    first = Plateau(said, CLOCK, LR)
    for loss in (1.0, 2.0, 2.0):
        first.seen(loss)
    second = Plateau(said, CLOCK, LR)
    second.restore(first.state())
    for plateau in (first, second):
        plateau.seen(2.0)
        plateau.seen(2.0)
    assert second.state() == first.state() == [pytest.approx(0.01), 1.0, 0.0]


RISING = "the learning rate only rises: its warm-up takes 30 steps, the run 30; without it: `--set schedule.warmup=0`"


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ("schedule cosine, warmup=3", [RISING]),
        ("schedule cosine, warmup=29 steps", []),
        ("average ema, start=4", ["no weights are averaged: `average` starts after 4 epochs, the run takes 30 steps"]),
        ("average ema, start=3", []),
    ],
)
def test_what_a_run_never_comes_to_is_said(entries: str, found: list[str]) -> None:
    """80 examples in batches of 8, three times."""
    assert list(idle(stages(read(f"train:\n    batch 8\n    epochs 3\n    {entries}"), 80))) == found


def test_a_row_says_the_rate_its_epoch_was_trained_at(tmp_path: Path) -> None:
    """As Keras's CSVLogger and torch's StepLR have it; a cosine ends above 0, since its last step still moves."""
    sets = ("epochs=4", "batch=400", "optimizer=sgd, lr=0.1")
    steps = trained(tmp_path / "steps", models.CLASSIFIER, generated.digits(), *sets, "schedule=step, every=2")
    assert [row["lr"] for row in steps.rows] == pytest.approx([0.1, 0.1, 0.01, 0.01])
    wave = trained(tmp_path / "wave", models.CLASSIFIER, generated.digits(), *sets, "schedule=cosine")
    assert [row["lr"] for row in wave.rows] == pytest.approx(
        [0.05 * (1 + math.cos(math.pi * (4 * epoch - 1) / 16)) for epoch in range(1, 5)]
    )


def test_an_early_end_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(Silent, "say", lambda self, text: said.append(text))
    sets = ("epochs=9", "batch=400", "optimizer=sgd, lr=0", "stop=patience=2")
    found = trained(tmp_path, models.CLASSIFIER, generated.digits(), *sets)
    assert len(found.rows) < 9
    assert said[-1] == "val_loss has not become better for 2 epochs: the run ends here, as `stop` says"
