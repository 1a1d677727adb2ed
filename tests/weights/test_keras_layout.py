"""Every operator's variables are those of the Keras layer: names, order, shapes, and values through both layouts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cnnc.compiler.keras_layout import keras_variables
from cnnc.runtime.weights.held import Held
from cnnc.runtime.weights.keras_match import laid_out
from cnnc.runtime.weights.keras_write import as_keras

from tests.ops import harness
from tests.ops.harness import Row
from tests.ops.test_rows import ROWS


def with_keras_weights() -> list[Any]:
    wanted = (row for row in ROWS if row.keras is not None and harness.compiled(row).weights)
    return [pytest.param(row, id=row.id) for row in wanted]


def variables(row: Row) -> list[tuple[Any, str, Any]]:
    layer = harness.keras_layer(row)
    return [] if layer is None else list(harness.variables(layer))


@pytest.mark.parametrize("row", with_keras_weights())
def test_variables_are_those_of_the_keras_layer(row: Row) -> None:
    theirs = variables(row)
    if not theirs:
        pytest.skip("held against a function of Keras's")
    ours = [variable for layer in harness.compiled(row).layers for variable in keras_variables(layer)]
    assert [(v.name, v.shape) for v in ours] == [(name, array.shape) for _, name, array in theirs]


@pytest.mark.parametrize("row", with_keras_weights())
def test_numbers_go_there_and_back(row: Row) -> None:
    """The harness lays Keras's numbers out by rules of its own, under which the values of both agree."""
    theirs = variables(row)
    if not theirs:
        pytest.skip("held against a function of Keras's")
    expected = harness.weights(row)
    pairs = [
        (variable, f"{layer.name}.{variable.weight}".rstrip("."), layer.node.facts.weights[variable.weight].shape)
        for layer in harness.compiled(row).layers
        for variable in keras_variables(layer)
    ]
    for (variable, path, shape), (_, _, array) in zip(pairs, theirs, strict=True):
        found = laid_out(Held.of(np.asarray(array)), variable, shape)
        np.testing.assert_array_equal(found.read(), expected[path])
        np.testing.assert_array_equal(as_keras(expected[path], variable), array)
