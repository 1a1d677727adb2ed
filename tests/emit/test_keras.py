"""Emitted Keras models: their rows are those of `cnnc summary`, their values those of the lowered network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cnnc.compiler.backends.summary import summary_dict
from cnnc.compiler.diagnostics import CompileError
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import compile_path, compile_text
from hypothesis import HealthCheck, given, settings

from tests.ops import harness
from tests.ops.test_rows import ROWS
from tests.zoo.make_keras_tables import without_weights

from .programs import programs
from .test_torch import NAMES
from .written import fill, hold_keras, keras_model, lowered, rows

QUICK = ["lenet5", "resnet18", "mobilenet_v3_small", "keras/resnet50v2", "keras/convnexttiny", "unet", "deepbind"]
SIDE_HEADS = ("googlenet", "googlenet_paper", "inception_v3")
"""Models with several outputs: Keras lists layers of one distance from the outputs as it meets them from the first
output on, we as they are written."""


def ours(checked: Checked) -> list[tuple[str, Any, int]]:
    return [(row["type"], row["output_shape"], row["params"]) for row in summary_dict(checked)["layers"]]


def hold_rows(name: str) -> None:
    checked = compile_path(f"zoo:{name}").checked
    with without_weights():
        found = rows(keras_model(checked))
    if name in SIDE_HEADS:
        assert sorted(map(str, found)) == sorted(map(str, ours(checked)))
    else:
        assert found == ours(checked)


@pytest.mark.parametrize("name", QUICK)
def test_rows_are_those_of_the_summary(name: str) -> None:
    hold_rows(name)


@pytest.mark.proof
@pytest.mark.parametrize("name", [name for name in NAMES if name not in QUICK])
def test_rows_of_the_zoo(name: str) -> None:
    hold_rows(name)


def test_keras_counts_our_parameters() -> None:
    checked = compile_path("zoo:mobilenet_v2").checked
    with without_weights():
        model = keras_model(checked)
    assert model.count_params() == checked.params
    assert sum(np.prod(w.shape) for w in model.trainable_weights) == checked.trainable


SMALL = """
block unit(width, stride=1):
    residual:
        conv width, 3x3, stride=stride, pad=1 -> batchnorm -> relu
        conv width, 3x3, pad=1 -> batchnorm
        shortcut:
            if stride != 1 or input.channels != width: conv width, 1x1, stride=stride -> batchnorm
    relu

model Small(classes=5):
    input 17x17x3
    conv 8, 3x3, pad=same, act=leaky_relu(0.2)
    unit 8
    unit 12, stride=2
    concat:
        branch: maxpool 3, stride=2, pad=1, ceil=true
        branch: avgpool 3, stride=2, pad=1 -> depthwise_conv 3, pad=same
    flatten -> dense classes, act=softmax
"""


def test_values_are_those_of_the_lowered_network() -> None:
    tiny = "model A:\n    input 8x8x3\n    conv 4, 3x3, stride=2, pad=1, act=relu\n    flatten -> dense 3\n"
    hold_keras(compile_text(tiny).checked)


@pytest.mark.proof
def test_values_of_a_block_in_two_forms() -> None:
    hold_keras(compile_text(SMALL).checked)


@pytest.mark.proof
@pytest.mark.parametrize("name", ["mobilenet_v3_small", "keras/mobilenetv2", "tcn", "lenet5_original"])
def test_values_of_the_zoo(name: str) -> None:
    hold_keras(compile_path(f"zoo:{name}").checked)


@pytest.mark.proof
@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in ROWS])
def test_every_behaviour_of_every_operator(row: harness.Row) -> None:
    checked = harness.compiled(row)
    arrays = [torch.from_numpy(np.moveaxis(x, -1, 1).copy() if x.ndim > 2 else x.copy()) for x in harness.inputs(row)]
    inputs = [x.long() if node in checked.looked_up else x for x, node in zip(arrays, checked.inputs)]
    if any(None in node.facts.output for node in checked.nodes):
        try:
            keras_model(checked)
        except CompileError:
            pytest.skip("needs a size")
    found = rows(keras_model(checked))
    assert found == ours(checked)
    hold_keras(checked, inputs, max(row.tolerance, 1e-3 if rounded(row) else 3e-5))


def rounded(row: harness.Row) -> bool:
    """Whether Keras computes it with few digits: TensorFlow takes cubic weights from a table of 1,024."""
    import keras

    return "bicubic" in row.text and keras.backend.backend() == "tensorflow"


@pytest.mark.parametrize("id", ["l2pool", "lrn-paper", "resize-nearest-9-8", "pixel-shuffle", "edge-pad", "local-1d"])
def test_a_factor_in_front_of_a_layer_of_the_file(id: str) -> None:
    """Keras takes `x * 0.5` for a sparse tensor, which layers of the file do not read."""
    row = next(row for row in ROWS if row.id == id)
    shape, _, chain = row.text.partition(":")
    checked = harness.compiled(replace(row, text=f"{shape}: scale 0.5\n{chain.strip()}"))
    assert rows(keras_model(checked)) == ours(checked)
    hold_keras(checked)


def test_weights_of_normalised_kernels_are_saved_and_loaded(tmp_path: Path) -> None:
    """Keras's own convolutions save their kernel, of which these have the direction and the length."""
    text = "model A:\n    input 9x3\n    conv 4, 3, pad=causal, weight_norm=true, act=scaled_tanh -> conv 5, 3, pad=1\n"
    checked = compile_text(text).checked
    first, second = keras_model(checked), keras_model(checked)
    fill(first, checked, dict(lowered(checked).state_dict()))
    first.save_weights(tmp_path / "net.weights.h5")
    second.load_weights(tmp_path / "net.weights.h5")
    for ours, theirs in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.proof
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(programs())
def test_random_programs(text: str) -> None:
    import keras

    keras.backend.clear_session()
    try:
        checked = compile_text(text).checked
    except CompileError:
        return
    found = rows(keras_model(checked))
    assert sorted(map(str, found)) == sorted(map(str, ours(checked)))
