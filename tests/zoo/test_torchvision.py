"""zoo/NAME.cnn against torchvision's NAME: every path and shape of the state_dict, parameters, multiply-accumulates."""

from __future__ import annotations

import pytest
from cnnc.compiler.pipeline import Options, compile_path

from .make_tables import CLIPS
from .tables import MODELS, torchvision_table

TABLE = torchvision_table()


def expected_output(name: str) -> tuple[int, ...]:
    """Classes of ImageNet, Kinetics or, at every place, Pascal VOC."""
    if name.startswith(("fcn_", "deeplabv3_", "lraspp_")):
        return 520, 520, 21
    return (400 if name in CLIPS else 1000,)


def test_every_network_of_torchvision_is_there() -> None:
    assert set(TABLE) - set(MODELS) == set()


@pytest.mark.parametrize("name", [name for name in MODELS if name in TABLE])
def test_state_dict_and_figures_are_torchvisions(name: str) -> None:
    checked = compile_path(f"zoo:{name}").checked
    expected = TABLE[name]
    assert {path: list(weight.shape) for path, weight in checked.weights.items()} == expected["state"]
    assert checked.trainable == expected["trainable"]
    assert checked.macs == expected["macs"]
    assert {tuple(output.port.shape) for output in checked.outputs} == {expected_output(name)}


def test_parameters_of_googlenet_without_side_heads() -> None:
    """torchvision publishes 6,624,904: that of the network without its heads."""
    assert compile_path("zoo:googlenet", Options(params={"aux": False})).checked.trainable == 6_624_904
