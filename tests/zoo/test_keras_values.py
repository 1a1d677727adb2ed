"""Keras's networks and ours: weights saved by Keras, loaded as `--weights` loads them, give the same outputs.

The smallest network runs always, all of them run as a proof; docs/parity.md has the table.
"""

from __future__ import annotations

import pytest

from .parity import LIMIT, TOLD_APART, keras_parity
from .tables import MODELS
from .theirs import keras_names

QUICK = ("MobileNet",)
NAMES = sorted(keras_names())
ALL = [name if name in QUICK else pytest.param(name, marks=pytest.mark.proof) for name in NAMES]


def test_every_model_of_keras_is_held_against_keras() -> None:
    assert {f"keras/{name.lower()}" for name in NAMES} == {name for name in MODELS if name.startswith("keras/")}


@pytest.mark.parametrize("name", ALL)
def test_keras_weights_give_keras_values(name: str) -> None:
    found = keras_parity(name)
    assert found.error < LIMIT
    assert found.spread > TOLD_APART
