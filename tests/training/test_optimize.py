"""Optimizers: those of torch with Keras's arguments, LAMB by its paper; rates and freezing by path; averages."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from cnnc.compiler.pipeline import compile_text
from cnnc.compiler.recipes import learning as rule
from cnnc.compiler.recipes.course import Average
from cnnc.compiler.recipes.types import Length
from cnnc.runtime.lowering.lower import lower
from cnnc.runtime.training import optimize
from cnnc.runtime.training.average import Averaged
from cnnc.runtime.training.schedule import Clock

from . import models

START = np.array([1.0, -2.0, 0.5], np.float32)
GRADIENTS = [np.array(g, np.float32) for g in ([0.1, -0.2, 0.3], [0.2, 0.1, -0.1], [-0.3, 0.2, 0.0])]


def moved(said: rule.Optimizer, decay: float = 0.0) -> np.ndarray:  # type: ignore[type-arg]
    weight = torch.nn.Parameter(torch.from_numpy(START.copy()))
    made = optimize.made(said, [{"params": [weight], "lr": said.lr, "weight_decay": decay}], "cpu")
    for gradient in GRADIENTS:
        weight.grad = torch.from_numpy(gradient.copy())
        made.step()
    return weight.detach().numpy()


@pytest.mark.parametrize(
    ("said", "kerass"),
    [
        (rule.SGD(lr=0.1, momentum=0.9), keras.optimizers.SGD(0.1, 0.9)),
        (rule.SGD(lr=0.1, momentum=0.9, nesterov=True), keras.optimizers.SGD(0.1, 0.9, nesterov=True)),
        (rule.Adam(lr=0.1), keras.optimizers.Adam(0.1)),
        (rule.Adagrad(lr=0.1), keras.optimizers.Adagrad(0.1)),
        (rule.Adadelta(lr=1.0), keras.optimizers.Adadelta(1.0)),
        (rule.RMSProp(lr=0.1), keras.optimizers.RMSprop(0.1)),
    ],
    ids=lambda one: getattr(one, "word", ""),
)
def test_steps_are_those_of_keras(said: rule.Optimizer, kerass: keras.optimizers.Optimizer) -> None:
    """But for where eps stands, inside or outside of the root, which these gradients do not feel."""
    weight = keras.Variable(START)
    kerass.build([weight])
    for gradient in GRADIENTS:
        kerass.apply([keras.ops.convert_to_tensor(gradient)])
    assert moved(said) == pytest.approx(keras.ops.convert_to_numpy(weight.value), abs=2e-4)


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_lamb_is_the_algorithm_of_its_paper(decay: float) -> None:
    weight, mean, square = START.astype(np.float64), np.zeros(3), np.zeros(3)
    for t, gradient in enumerate(GRADIENTS, 1):
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        ratio = (mean / (1 - 0.9**t)) / (np.sqrt(square / (1 - 0.999**t)) + 1e-6) + decay * weight
        weight = weight - 0.01 * np.linalg.norm(weight) / np.linalg.norm(ratio) * ratio
    assert moved(rule.Lamb(lr=0.01), decay) == pytest.approx(weight, abs=1e-5)


def test_lamb_leaves_the_length_of_a_step_alone_where_a_weight_is_nothing() -> None:
    weight = torch.nn.Parameter(torch.zeros(2))
    made = optimize.made(rule.Lamb(lr=0.5), [{"params": [weight], "lr": 0.5, "weight_decay": 0.0}], "cpu")
    weight.grad = torch.tensor([3.0, -4.0])
    made.step()
    assert weight.detach().tolist() == pytest.approx([-0.5, 0.5], rel=1e-4)  # Adam's first step


def test_later_params_win_and_frozen_layers_stand_still() -> None:
    checked = compile_text(models.CLASSIFIER).checked
    net = lower(checked)
    said = rule.SGD(lr=0.1, weight_decay=0.01)
    fates = optimize.fates(
        checked, said,
        (rule.Params(patterns=("*",), lr=0.2), rule.Params(patterns=("vectors",), weight_decay=0.0),
         rule.Params(patterns=("conv1", "bn1"), freeze=True)),
    )  # fmt: skip
    optimize.freeze(net, fates)
    assert fates["dense1.weight"] == optimize.Fate(0.2, 0.01)
    assert fates["dense1.bias"] == optimize.Fate(0.2, 0.0)
    standing = optimize.standing(net, fates)
    assert net.get_submodule("bn1") in standing
    assert net.get_submodule("bn2") not in standing
    learning = {id(p) for group in optimize.groups(net, fates) for p in group["params"]}
    assert id(net.get_submodule("conv1").weight) not in learning
    assert id(net.get_submodule("conv2").weight) in learning


# --- averages ---------------------------------------------------------------------------------------------------------


def test_an_average_of_all_is_the_mean_and_begins_when_told() -> None:
    """SWA: of steps 4, 6 and 8 out of 8, two epochs of four."""
    clock = Clock(steps=8, per_epoch=4, batch=1)
    module = torch.nn.Linear(1, 1, bias=False)
    averaged = Averaged(module, Average(how="polyak", every=Length(2, "steps"), start=Length(1)))
    for step in range(1, 9):
        with torch.no_grad():
            module.weight.fill_(float(step))
        if averaged.due(step, clock):
            averaged.take()
    assert averaged.count == 3
    assert float(averaged.state["weight"]) == pytest.approx((4 + 6 + 8) / 3)
    with averaged.inside(module):
        assert module.weight.item() == pytest.approx(6)
    assert module.weight.item() == 8


def test_an_exponential_average_is_that_of_torch() -> None:
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    module = torch.nn.Linear(1, 1, bias=False)
    torchs = AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(0.5))
    averaged = Averaged(module, Average(how="ema", decay=0.5))
    for step in range(6):
        with torch.no_grad():
            module.weight.fill_(float(step) ** 2)
        averaged.take()
        torchs.update_parameters(module)
    assert float(averaged.state["weight"]) == pytest.approx(torchs.module.weight.item())
