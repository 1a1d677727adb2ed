"""Processes that read pictures for a network at work: only where there are many, and no longer than that."""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from cnnc.runtime.batches.feed import Feed, Reading
from cnnc.runtime.data import Split
from cnnc.runtime.inference import answers
from cnnc.runtime.inference.given import Loaded, pictures
from cnnc.runtime.inference.opened import data_for, trained_run
from cnnc.runtime.inference.trained import Trained
from cnnc.runtime.run.run_folder import RunFolder

import cnnc

ON_A_GPU = torch.device("cuda", 0)


@pytest.fixture
def _uncollected() -> Iterator[None]:
    """What is left behind stays, as it may for long."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def trained(run: cnnc.Run) -> Trained:
    return trained_run(str(run.folder), None, "cpu")[0]


@pytest.mark.usefixtures("_uncollected")
def test_processes_that_read_end_with_the_answers(
    run: cnnc.Run, digits: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [answer.top for answer in run.predict([str(path) for path in digits])]
    monkeypatch.setattr(answers, "reading", lambda *_: Reading(ahead=True, processes=2))
    split = pictures([str(path) for path in digits])
    found = answers.answers(trained(run), split)
    first = next(found)
    assert len(multiprocessing.active_children()) == 2
    assert [first.top, *(answer.top for answer in found)] == expected
    assert multiprocessing.active_children() == []
    for answer in answers.answers(trained(run), split.at(np.arange(1))):
        assert answer.top[0][0] == expected[0][0][0]
    assert multiprocessing.active_children() == []


def test_processes_are_begun_where_there_is_much_to_read(run: cnnc.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refused(feed: Feed, plan: object) -> Iterator[object]:
        asked.append(feed.reading.processes)
        return iter(())

    monkeypatch.setattr(Feed, "batches", refused)
    there = trained(run)._replace(device=ON_A_GPU)
    many = np.zeros(5000, np.int64)
    array = np.zeros((8, 8, 1), np.uint8)
    held = Loaded(("sent",) * len(many), (array,) * len(many)).split()
    for split in (pictures([__file__]), Split(pictures([__file__]).examples, many, many), held):
        list(answers.outputs(there, split))
    assert asked[0] == asked[2] == 0
    assert asked[1] > 0


def test_one_feed_is_enough_to_judge_and_the_clock_ends_it(run: cnnc.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    data = data_for(run.config, None, RunFolder(run.folder)).held
    made = []
    real = Feed.__init__

    def seen(self: Feed, *given: object, **named: object) -> None:
        made.append(self)
        real(self, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Feed, "__init__", seen)
    there = trained(run)
    whole, soon = answers.judged(there, data, 1e9), answers.judged(there, data, 0.0)
    assert len(made) == 2
    assert whole.examples == len(data)
    assert soon.examples < len(data)
    assert whole.accuracy == pytest.approx(answers.judged(there, data).accuracy)
