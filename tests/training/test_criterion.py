"""Losses against torch's own on probabilities, and against Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from cnnc.compiler.recipes import learning as rule
from cnnc.runtime.measuring.criterion import Criterion
from cnnc.runtime.measuring.losses import probabilities

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.1, 0.2, 0.3], [-3.0, 4.0, 0.0], [1.0, 1.0, 1.0]])
LABELS = torch.tensor([0, 2, 1, 1])
ONE_HOT = torch.eye(3)[LABELS]


def loss(*said: rule.Loss, outputs: tuple[torch.Tensor, ...] = (LOGITS,), folded: str | None = "softmax") -> float:
    names = [f"out{i}" for i in range(len(outputs))]
    return float(Criterion(said, names, [folded] * len(outputs))(outputs, LABELS))


def keras_mean(made: keras.losses.Loss, target: torch.Tensor, found: torch.Tensor) -> float:
    return float(np.mean(keras.ops.convert_to_numpy(made(target.numpy(), found.numpy()))))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_with_softmax_folded_is_that_of_keras_behind_it(smoothing: float) -> None:
    expected = keras_mean(keras.losses.CategoricalCrossentropy(label_smoothing=smoothing), ONE_HOT, LOGITS.softmax(1))
    assert loss(rule.CrossEntropy(smoothing=smoothing)) == pytest.approx(expected, rel=1e-5)


def test_binary_cross_entropy_with_sigmoid_folded_is_that_of_keras_behind_it() -> None:
    expected = keras_mean(keras.losses.BinaryCrossentropy(), ONE_HOT, LOGITS.sigmoid())
    assert loss(rule.BinaryCrossEntropy(), folded="sigmoid") == pytest.approx(expected, rel=1e-5)


def test_binary_cross_entropy_of_one_output_takes_class_1_as_yes() -> None:
    labels = torch.tensor([0, 1, 1, 0])
    one = LOGITS[:, :1]
    expected = keras_mean(keras.losses.BinaryCrossentropy(), labels.view(-1, 1).float(), one.sigmoid())
    found = Criterion([rule.BinaryCrossEntropy()], ["out"], ["sigmoid"])((one,), labels)
    assert float(found) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("said", "keras_loss"),
    [
        (rule.MeanSquaredError(), keras.losses.MeanSquaredError()),
        (rule.MeanAbsoluteError(), keras.losses.MeanAbsoluteError()),
        (rule.SmoothL1(beta=1.0), keras.losses.Huber(delta=1.0)),
    ],
    ids=["mse", "mae", "smooth_l1"],
)
def test_distances_are_measured_behind_the_activation(said: rule.Loss, keras_loss: keras.losses.Loss) -> None:
    assert loss(said) == pytest.approx(keras_mean(keras_loss, ONE_HOT, LOGITS.softmax(1)), rel=1e-5)


def test_terms_are_added_with_their_weights() -> None:
    main, side = rule.CrossEntropy(), rule.CrossEntropy(on=("out1", "out2"), weight=0.3)
    one = float(torch.nn.functional.cross_entropy(LOGITS, LABELS))
    two = float(torch.nn.functional.cross_entropy(LOGITS * 2, LABELS))
    assert loss(main, side, outputs=(LOGITS, LOGITS * 2, LOGITS)) == pytest.approx(one + 0.3 * (two + one), rel=1e-6)


def test_mixed_labels() -> None:
    soft = 0.7 * ONE_HOT + 0.3 * ONE_HOT[[1, 0, 3, 2]]
    expected = -(soft * LOGITS.log_softmax(1)).sum(1).mean()
    found = Criterion([rule.CrossEntropy()], ["out"], ["softmax"])((LOGITS,), soft)
    assert float(found) == pytest.approx(float(expected), rel=1e-6)


def test_probabilities_of_a_single_yes_or_no() -> None:
    found = probabilities(torch.tensor([[0.0], [2.0]]), "sigmoid")
    assert found.tolist() == [pytest.approx([0.5, 0.5]), pytest.approx([1 / (1 + np.e**2), 1 / (1 + np.e**-2)])]
