"""Figures of every task against torchmetrics and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torchmetrics.functional as tm
from cnnc.runtime.batches.batch import Batch
from cnnc.runtime.jobs import task as of
from cnnc.runtime.measuring.figures import Figures
from cnnc.runtime.measuring.measure import Measuring
from cnnc.runtime.measuring.meters import ROWS
from sklearn.metrics import r2_score
from sklearn.neighbors import NearestNeighbors
from torch import Tensor

DRAW = torch.Generator().manual_seed(0)
NAMES = ("a", "b", "c")


def scores(task: of.Task, *parts: tuple[tuple[Tensor, ...], Tensor], folded: str | None = None) -> dict[str, float]:
    """Added up over several batches."""
    adding = Measuring(task, folded, (2,) if isinstance(task, of.Classification) else ()).meter()
    for outputs, y in parts:
        adding.add(outputs, y)
    return adding.scores()


def halves(x: Tensor, y: Tensor) -> tuple[tuple[tuple[Tensor, ...], Tensor], ...]:
    return ((x[:3],), y[:3]), ((x[3:],), y[3:])


def test_classification() -> None:
    x, y = torch.randn(20, 3, generator=DRAW), torch.randint(0, 3, (20,), generator=DRAW)
    found = scores(of.Classification(NAMES), *halves(x, y))
    for k, name in ((1, "accuracy"), (2, "top2")):
        expected = tm.classification.multiclass_accuracy(x, y, 3, average="micro", top_k=k)
        assert found[name] == pytest.approx(float(expected))


@pytest.mark.parametrize("classes", [2, 3])
def test_segmentation(classes: int) -> None:
    x, y = torch.randn(6, classes, 5, 4, generator=DRAW), torch.randint(0, classes, (6, 5, 4), generator=DRAW)
    y[0, 0] = -1
    found = scores(of.Segmentation(NAMES[:classes]), *halves(x, y))
    taken, there = x.argmax(1), y >= 0
    expected = (
        tm.classification.binary_jaccard_index(taken[there], y[there])
        if classes == 2
        else tm.classification.multiclass_jaccard_index(taken, y, 3, ignore_index=-1)
    )
    assert found["iou"] == pytest.approx(float(expected))
    assert found["accuracy"] == pytest.approx(float((taken == y)[there].float().mean()))
    assert found["pixel_error"] == pytest.approx(1 - found["accuracy"])


def test_segmentation_of_one_output_is_that_of_two() -> None:
    one, y = torch.randn(6, 1, 5, 4, generator=DRAW), torch.randint(0, 2, (6, 5, 4), generator=DRAW)
    two = torch.cat([torch.zeros_like(one), one], 1)
    task = of.Segmentation(NAMES[:2])
    assert scores(task, *halves(one, y), folded="sigmoid") == scores(task, *halves(two, y), folded="softmax")


def test_tags() -> None:
    x, y = torch.randn(20, 3, generator=DRAW), torch.randint(0, 2, (20, 3), generator=DRAW)
    found = scores(of.Tagging(NAMES), *halves(x, y.float()))
    assert found["f1"] == pytest.approx(float(tm.classification.multilabel_f1_score(x.sigmoid(), y, 3)))
    expected = tm.classification.multilabel_accuracy(x.sigmoid(), y, 3, average="micro")
    assert found["accuracy"] == pytest.approx(float(expected))


@pytest.mark.parametrize("task", [of.Regression(NAMES), of.Reconstruction(())])
def test_values(task: of.Task) -> None:
    x, y = torch.randn(20, 3, generator=DRAW), torch.randn(20, 3, generator=DRAW)
    found = scores(task, *halves(x, y))
    assert found["mae"] == pytest.approx(float(tm.mean_absolute_error(x, y)), rel=1e-5)
    assert found["rmse"] == pytest.approx(float(tm.mean_squared_error(x, y, squared=False)), rel=1e-5)
    pairs = (x, y) if isinstance(task, of.Regression) else (x.flatten(), y.flatten())
    assert found["r2"] == pytest.approx(float(tm.r2_score(*pairs)), rel=1e-4)


def test_each_value_is_explained_for_itself() -> None:
    """Values of different sizes: that one is larger than the other explains nothing. By scikit-learn."""
    y = torch.randn(20, 3, generator=DRAW) * torch.tensor([1.0, 100.0, 0.0]) + torch.tensor([5.0, 3000.0, 0.1])
    x = y + torch.randn(20, 3, generator=DRAW) * torch.tensor([0.5, 150.0, 0.1])
    found = scores(of.Regression(NAMES), *halves(x, y))["r2"]
    assert found == pytest.approx(r2_score(y.double().numpy(), x.double().numpy()), rel=1e-6)
    assert scores(of.Regression(NAMES), *halves(y, y))["r2"] == 1


def test_values_are_measured_behind_the_activation() -> None:
    x, y = torch.randn(20, 3, generator=DRAW), torch.rand(20, 3, generator=DRAW)
    found = scores(of.Regression(NAMES), *halves(x, y), folded="sigmoid")
    assert found["mae"] == pytest.approx(float(tm.mean_absolute_error(x.sigmoid(), y)), rel=1e-5)


def test_nearest_neighbours_are_those_of_scikit_learn() -> None:
    count = ROWS + 5  # more than one block of rows
    x, y = torch.randn(count, 3, generator=DRAW), torch.randint(0, 3, (count,), generator=DRAW)
    places = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(x.numpy()).kneighbors(x.numpy())[1][:, 1]
    right = float((y[places] == y).float().mean())
    assert scores(of.Embedding(NAMES), *halves(x, y))["accuracy"] == pytest.approx(right)


def test_pairs_and_triplets_are_counted() -> None:
    near, far = torch.zeros(4, 2), torch.tensor([[0.1, 0], [2, 0], [0.3, 0], [1, 0]])
    alike = torch.tensor([1, 0, 0, 1])
    assert scores(of.Embedding(()), ((near, far), alike))["accuracy"] == 0.75  # whatever the threshold
    other = torch.tensor([[1.0, 0], [1, 0], [1, 0], [1.5, 0]])
    assert scores(of.Embedding(()), ((near, far, other), alike))["accuracy"] == 0.75


def test_what_is_told_while_training_is_the_score_of_the_batch() -> None:
    y = torch.randint(0, 3, (6, 5, 4), generator=DRAW)
    y[0, 0] = -1
    for task, x, known in (
        (of.Segmentation(NAMES), torch.randn(6, 3, 5, 4, generator=DRAW), y),
        (of.Classification(NAMES), torch.randn(6, 3, generator=DRAW), y[:, 1, 0]),
        (of.Classification(NAMES[:2]), torch.randn(6, 1, generator=DRAW), y[:, 1, 0].clamp_max(1)),
        (of.Regression(NAMES), torch.randn(6, 3, generator=DRAW), torch.randn(6, 3, generator=DRAW)),
    ):
        batch = Batch((x,), known, np.arange(6))
        told = float(Measuring(task, None).running((x,), batch)) / 6
        assert told == pytest.approx(scores(task, ((x,), known))[task.score])


def test_figures_of_a_class() -> None:
    table = np.array([[5, 1], [2, 4]])
    found = Figures(12, 0.5, {"accuracy": 0.75}, table).as_dict(("no", "yes"))
    assert found["classes"]["yes"] == {
        "examples": 6, "recall": pytest.approx(4 / 6), "precision": pytest.approx(4 / 5), "iou": pytest.approx(4 / 7),
    }  # fmt: skip
