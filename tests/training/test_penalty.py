"""`l1=` and `l2=` of a layer: the value is Keras's, the gradient reaches the kernel, a run takes it into its loss."""

from __future__ import annotations

import keras
import pytest
import torch
from cnnc.compiler.pipeline import compile_text
from cnnc.runtime.lowering.lower import lower
from cnnc.runtime.training.penalty import Penalty

TEXT = """
model M(classes=3):
    input 8x8x2
    conv 4, 3x3, l1=0.01, l2=0.02 as first -> relu
    conv 4, 3x3 as second
    flatten
    dense classes, l2=0.5 as last
"""


def test_the_value_is_that_of_keras() -> None:
    checked = compile_text(TEXT).checked
    net = lower(checked)
    first, last = (net.get_submodule(name).weight.detach().numpy() for name in ("first", "last"))  # type: ignore[operator]
    wanted = keras.regularizers.L1L2(0.01, 0.02)(first) + keras.regularizers.L2(0.5)(last)
    assert Penalty(checked, net)().item() == pytest.approx(float(wanted), rel=1e-5)


def test_the_gradient_is_that_of_the_formula() -> None:
    checked = compile_text(TEXT).checked
    net = lower(checked)
    Penalty(checked, net)().backward()
    weight = net.get_submodule("first").weight
    assert isinstance(weight, torch.Tensor)
    torch.testing.assert_close(weight.grad, 0.01 * weight.detach().sign() + 2 * 0.02 * weight.detach())
    assert net.get_submodule("first").bias.grad is None
    assert net.get_submodule("second").weight.grad is None


def test_without_penalties_there_is_none() -> None:
    checked = compile_text("model M:\n    input 8x8x2\n    conv 4, 3x3\n").checked
    assert not Penalty(checked, lower(checked))


def test_biases_of_many_places_are_left_alone() -> None:
    """In Keras 2, too, `kernel_regularizer` of LocallyConnected2D was of its kernel only."""
    checked = compile_text("model M:\n    input 5x5x2\n    local_conv 3, 3, l2=0.1 as local\n").checked
    net = lower(checked)
    local = net.get_submodule("local")
    torch.nn.init.ones_(local.bias)  # type: ignore[arg-type]
    wanted = 0.1 * local.weight.detach().square().sum().item()  # type: ignore[operator]
    assert Penalty(checked, net)().item() == pytest.approx(wanted)
