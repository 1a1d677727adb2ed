"""Proof of learning: every kind of task, on data drawn from a seed or on scikit-learn's digits, on two cores.

The figures beside the thresholds were measured on two busy CPU cores; they move a little with the machine.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cnnc.compiler.locate import ZOO
from cnnc.runtime.data import Dataset
from cnnc.runtime.weights import save
from sklearn.model_selection import StratifiedKFold

from . import generated as made
from . import models
from .trial import trained

pytestmark = pytest.mark.proof


def folded(data: Dataset, folds: int) -> list[Dataset]:
    """The data divided in so many ways, each example held out once."""
    labels = np.empty(len(data.train) + len(data.held), np.int64)
    labels[data.train.numbers], labels[data.held.numbers] = data.train.labels, data.held.labels
    cut = StratifiedKFold(folds, shuffle=True, random_state=0).split(labels, labels)
    return [
        data._replace(
            train=replace(data.train, numbers=learn, labels=labels[learn]),
            held=replace(data.held, numbers=hold, labels=labels[hold]),
        )
        for learn, hold in cut
    ]


def test_lenet5_reads_digits_by_five_folds(tmp_path: Path) -> None:
    """The mean of five folds is at least 98.5 %."""
    found = [
        trained(tmp_path / str(i), ZOO / "lenet5.cnn", data).scores["accuracy"]
        for i, data in enumerate(folded(made.digits(), 5))
    ]
    print(f"LeNet-5: {100 * np.mean(found):.2f} % +- {100 * np.std(found, ddof=1):.2f}: {found}")
    assert np.mean(found) >= 0.985


def test_resnet34_reads_digits(tmp_path: Path) -> None:
    found = trained(tmp_path, ZOO / "resnet34.cnn", made.digits())
    assert found.scores["accuracy"] >= 0.97


def test_unet_finds_shapes(tmp_path: Path) -> None:
    found = trained(tmp_path, models.UNET, made.shapes(300), "epochs=15")
    print(found.outcome.told)
    assert found.scores["iou"] >= 0.9


def test_unet_tells_shapes_apart_by_dice(tmp_path: Path) -> None:
    text = models.UNET.replace("sigmoid", "softmax")
    found = trained(tmp_path, text, made.shapes(300, classes=3), "epochs=20", "loss=dice")
    print(found.outcome.told)
    assert found.scores["iou"] >= 0.85


def test_a_net_of_one_dimension_tells_waves_apart(tmp_path: Path) -> None:
    found = trained(tmp_path, ZOO / "time_series_fcn.cnn", made.series(400), "epochs=15", "keep=best")
    assert found.scores["accuracy"] >= 0.98


def test_a_net_of_three_dimensions_tells_balls_from_cubes(tmp_path: Path) -> None:
    found = trained(tmp_path, models.VOLUMES, made.volumes(400), "epochs=30", "optimizer=adamw, lr=5e-3")
    assert found.scores["accuracy"] >= 0.9


def test_all_losses_of_googlenet_go_down_together(tmp_path: Path) -> None:
    """The main output, and both of the sides, which count 0.3: each to less than half of what guessing costs."""
    digits = made.digits()
    data = digits._replace(train=digits.train.at(slice(0, None, 4)), held=digits.held.at(slice(0, 64)))
    sets = ("epochs=4", "optimizer=adam, lr=1e-3", "augment=none", "batch=16")
    trainer = trained(tmp_path, ZOO / "googlenet.cnn", data, *sets).trainer
    assert [term.loss.weight for term in trainer.learner.criterion.terms] == [1, 0.3, 0.3]
    for found, weight in zip(terms(trainer), (1, 0.3, 0.3)):
        assert found < weight * np.log(10) / 2


def terms(trainer: object) -> list[float]:
    """Each term of the loss over held-out examples."""
    from cnnc.runtime.measuring.measure import answers

    net, feed, engine = trainer.net, trainer.held, trainer.engine  # type: ignore[attr-defined]
    outputs, batch = next(answers(net, feed, engine))
    found: list[float] = trainer.learner.criterion.each(outputs, batch.y)  # type: ignore[attr-defined]
    return found


def test_the_recipe_of_cats_and_dogs_learns_photos(tmp_path: Path) -> None:
    """The augmented recipe, its 100 epochs of 100 steps cut to what two classes of textures need."""
    sets = ("epochs=10, steps=20", "optimizer.lr=1e-3")
    found = trained(tmp_path, ZOO / "cats_vs_dogs.cnn", made.photos(400, 32), *sets, recipe="augmented")
    print(found.outcome.told)
    assert found.scores["accuracy"] >= 0.9


BACKBONE = """
model Net(classes=10):
    input 32x32x3
    group as backbone:
        for width in [16, 32, 64]:
            conv width, 3x3, pad=same, bias=false -> batchnorm -> relu
            conv width, 3x3, stride=2, pad=same, bias=false -> batchnorm -> relu
    global_avgpool
    dense classes as head -> softmax
"""


def test_transfer_beats_training_from_scratch_on_few_examples(tmp_path: Path) -> None:
    """A backbone that learned scattered digits 0 to 4 learns 5 to 9 from three examples of each."""
    first = trained(tmp_path / "known", BACKBONE, made.scattered(range(5), 1000, 0), "epochs=8")
    save(tmp_path / "backbone.safetensors", first.trainer.net.state_dict())
    sets = ("epochs=60", "batch=15", "optimizer=adamw, lr=3e-3")
    start = f'weights=backbone, from="{tmp_path / "backbone.safetensors"}"'
    new = made.scattered(range(5, 10), 1000, 1)
    scratch, moved = [], []
    for draw in range(3):
        three = [np.flatnonzero(new.train.labels == c)[3 * draw : 3 * draw + 3] for c in range(5)]
        few = new._replace(train=new.train.at(np.concatenate(three)))
        scratch.append(trained(tmp_path / f"scratch{draw}", BACKBONE, few, *sets).scores["accuracy"])
        moved.append(trained(tmp_path / f"moved{draw}", BACKBONE, few, *sets, start).scores["accuracy"])
    print(f"from scratch {scratch}, transferred {moved}")
    assert np.mean(moved) > np.mean(scratch) + 0.1
