"""zoo/NAME.cnn against torchvision's NAME: every path and shape of the state_dict, parameters, multiply-accumulates."""

from __future__ import annotations

import pytest
from cnnc.compiler.pipeline import Options, compile_path

from .tables import MODELS, torchvision_table

TABLE = torchvision_table()


@pytest.mark.parametrize("name", [name for name in MODELS if name in TABLE])
def test_state_dict_and_figures_are_torchvisions(name: str) -> None:
    checked = compile_path(f"zoo:{name}").checked
    expected = TABLE[name]
    assert {path: list(weight.shape) for path, weight in checked.weights.items()} == expected["state"]
    assert checked.trainable == expected["trainable"]
    assert checked.macs == expected["macs"]
    classes = 400 if checked.inputs[0].facts.output.rank == 3 else 1000
    assert [tuple(output.port.shape) for output in checked.outputs] == [(classes,)] * len(checked.outputs)


def test_parameters_of_googlenet_without_side_heads() -> None:
    """torchvision publishes 6,624,904: that of the network without its heads."""
    assert compile_path("zoo:googlenet", Options(params={"aux": False})).checked.trainable == 6_624_904
