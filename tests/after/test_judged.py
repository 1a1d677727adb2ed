"""The figures of a classification against torchmetrics and scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from cnnc.runtime.measuring.judged import Judged, averages
from numpy.typing import NDArray
from sklearn import metrics as sklearn
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_calibration_error

CLASSES = tuple("abcdefg")


def drawn(count: int = 500, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Probabilities and labels that agree more often than by chance; nobody is of the last class."""
    chance = np.random.default_rng(seed)
    labels = chance.integers(0, len(CLASSES) - 1, count)
    raw = chance.normal(size=(count, len(CLASSES))) + 1.5 * np.eye(len(CLASSES))[labels]
    found = np.exp(raw) / np.exp(raw).sum(1, keepdims=True)
    return found.astype(np.float32), labels


@pytest.fixture(scope="module")
def case() -> tuple[Judged, NDArray[np.float32], NDArray[np.int64]]:
    found, labels = drawn()
    parts = [Judged.of(CLASSES, at, labels[at], found[at]) for at in np.array_split(np.arange(len(labels)), 7)]
    return Judged.together(CLASSES, parts), found, labels


def test_calibration_error_is_that_of_torchmetrics(case: Any) -> None:
    judged, found, labels = case
    expected = multiclass_calibration_error(torch.from_numpy(found), torch.from_numpy(labels), len(CLASSES), n_bins=15)
    assert judged.error == pytest.approx(float(expected), abs=1e-6)


def test_top_k_is_that_of_torchmetrics(case: Any) -> None:
    judged, found, labels = case
    for k in (1, 2, 5):
        expected = multiclass_accuracy(
            torch.from_numpy(found), torch.from_numpy(labels), len(CLASSES), average="micro", top_k=k
        )
        assert judged.top(k) == pytest.approx(float(expected))
    assert judged.accuracy == judged.top(1)


def test_loss_and_confusion_are_those_of_sklearn(case: Any) -> None:
    judged, found, labels = case
    numbers = range(len(CLASSES))
    exact = found.astype(float) / found.astype(float).sum(1, keepdims=True)
    assert judged.loss == pytest.approx(sklearn.log_loss(labels, exact, labels=numbers), rel=1e-5)
    assert judged.confusion.tolist() == sklearn.confusion_matrix(labels, found.argmax(1), labels=numbers).tolist()


def test_scores_are_those_of_sklearn(case: Any) -> None:
    judged, found, labels = case
    there = list(range(len(CLASSES) - 1))
    precision, recall, f1, examples = sklearn.precision_recall_fscore_support(
        labels, found.argmax(1), labels=there, zero_division=0
    )
    for i in there:
        score = judged.scores()[i]
        assert (score.precision or 0, score.recall, score.f1) == pytest.approx((precision[i], recall[i], f1[i]))
        assert score.examples == examples[i]
    expected = {"precision": precision.mean(), "recall": recall.mean(), "f1": f1.mean()}
    assert averages(judged.scores()) == pytest.approx(expected)


def test_a_class_that_nobody_is_of_has_no_recall(case: Any) -> None:
    assert case[0].scores()[-1].recall is None


def test_bins_by_hand() -> None:
    """Four examples: two at 0.9, one of them right; two at 0.6, both right."""
    found = [[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.4, 0.6]]
    judged = Judged.of(("no", "yes"), range(4), [0, 1, 0, 1], found)
    low, high = judged.reliability(bins=5)
    assert (low.examples, low.accuracy, high.examples, high.accuracy) == (2, 1.0, 2, 0.5)
    assert judged.error == pytest.approx((2 * 0.4 + 2 * 0.4) / 4)


def test_the_surest_mistake_comes_first() -> None:
    found = [[0.6, 0.4], [0.1, 0.9], [0.8, 0.2], [0.95, 0.05]]
    judged = Judged.of(("no", "yes"), range(4), [1, 1, 1, 0], found)
    assert judged.worst().tolist() == [2, 0]


def test_nothing_to_judge_gives_zeros() -> None:
    judged = Judged.together(CLASSES, [])
    assert (judged.examples, judged.accuracy, judged.loss, judged.error) == (0, 0.0, 0.0, 0.0)
