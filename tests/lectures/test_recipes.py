"""Statements of lectures on training: what the recipes of the zoo and of the examples say, and what freezing leaves."""

from __future__ import annotations

import json

import pytest
from cnnc.compiler.chosen import chosen
from cnnc.compiler.pipeline import Options, compile_path
from cnnc.compiler.recipes.course import Batch, Epochs, Steps, Validate
from cnnc.compiler.recipes.data import Data
from cnnc.compiler.recipes.learning import SGD, CrossEntropy, Loss, MultiStep, RMSProp, SmoothL1
from cnnc.compiler.recipes.record import Recipe
from cnnc.compiler.recipes.steps import Affine, Augment, HFlip

from cnnc.cli import main
from tests.shell import ROOT

EXAMPLES = ROOT / "examples" / "lectures"


def recipe(file: str, name: str | None = None, model: str | None = None) -> Recipe:
    return chosen(compile_path(file, Options(model=model)), name)


@pytest.mark.parametrize(("words", "count"), [([], 30), (["--recipe"], 4), (["--recipe", "fine_tuning"], 10)])
def test_trained_weights_before_and_behind_freezing(
    words: list[str], count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """`len(model.trainable_weights)` in Keras: 30, then 4 of the head, then 10 from block5_conv1 on."""
    assert main(["report", "zoo:vgg16_transfer", "--json", *words]) == 0
    assert json.loads(capsys.readouterr().out)["trained_weights"] == count


def test_fine_tuning_learns_9_177_089_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", "zoo:vgg16_transfer", "--json", "--recipe", "fine_tuning"]) == 0
    assert json.loads(capsys.readouterr().out)["trainable_params"] == 9_177_089


@pytest.mark.parametrize("file", ["zoo:cats_vs_dogs", str(EXAMPLES / "20_cats_vs_dogs.cnn")])
def test_cats_and_dogs_take_30_epochs_of_100_steps(file: str) -> None:
    found = recipe(file)
    optimizer = found.one(RMSProp)
    assert optimizer is not None
    assert optimizer.lr == 1e-4
    assert (found.one(Epochs), found.one(Batch)) == (Epochs(count=30, steps=100), Batch(size=20))
    assert found.one(Validate) == Validate(steps=50)
    data = found.one(Data)
    assert data is not None
    assert data.labels == "binary"
    assert (100 * 20, 50 * 20) == (2_000, 1_000)  # pictures of an epoch, pictures it is measured on


def test_cats_and_dogs_are_turned_and_shifted_as_the_generator_does() -> None:
    """rotation_range=40, width_shift_range, height_shift_range, shear_range and zoom_range 0.2, horizontal_flip."""
    found = recipe("zoo:cats_vs_dogs", "augmented").one(Augment)
    assert found is not None
    affine, flip = found.steps
    assert isinstance(affine, Affine)
    assert (affine.rotation, affine.shear, affine.zoom, affine.fill) == ((40,), (0.2,), (0.2,), "nearest")
    assert [shift.number for shift in affine.shift] == [0.2]
    assert flip == HFlip(share=0.5)


def test_mask_rcnn_trains_160_000_steps() -> None:
    found = recipe(str(EXAMPLES / "22_training.cnn"), "mask_rcnn")
    optimizer, schedule = found.one(SGD), found.one(MultiStep)
    assert optimizer is not None
    assert schedule is not None
    assert (optimizer.lr, optimizer.momentum, optimizer.weight_decay) == (0.02, 0.9, 1e-4)
    assert (tuple(schedule.at), schedule.factor) == ((120_000,), 0.1)
    assert (found.one(Batch), found.one(Steps)) == (Batch(size=16), Steps(count=160_000))
    assert optimizer.lr * schedule.factor == pytest.approx(0.002)


def test_googlenet_adds_its_auxiliary_losses_up() -> None:
    losses = recipe("zoo:googlenet_paper").all(Loss)
    assert [loss.weight for loss in losses] == [1.0, 0.3]
    assert [tuple(loss.on or ()) for loss in losses] == [("main",), ("side1", "side2")]


def test_two_answers_are_learned_together() -> None:
    losses = recipe(str(EXAMPLES / "22_training.cnn")).all(Loss)
    assert [(type(loss), loss.weight) for loss in losses] == [(CrossEntropy, 1.0), (SmoothL1, 0.5)]


def test_alexnet_trains_by_sgd_with_momentum() -> None:
    optimizer = recipe("zoo:alexnet_two_gpus").one(SGD)
    assert optimizer is not None
    assert optimizer.momentum == 0.9
