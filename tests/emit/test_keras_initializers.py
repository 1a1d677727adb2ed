"""How weights begin, in the source and the archives for Keras, and back; Keras's own initialisers are asked."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cnnc.compiler.backends.emit.keras.config import described
from cnnc.compiler.decompile import decompile
from cnnc.compiler.diagnostics import CompileError
from cnnc.compiler.frontends import keras as frontend
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import compile_text
from cnnc.runtime.lowering.lower import lower

from .written import keras_model

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
initializers = keras.initializers

WORDS = {
    "zeros": initializers.Zeros(),
    "ones": initializers.Ones(),
    "constant(0.5)": initializers.Constant(0.5),
    "normal": initializers.RandomNormal(),
    "normal(std=0.02, mean=1)": initializers.RandomNormal(1.0, 0.02),
    "truncated_normal(std=0.02)": initializers.TruncatedNormal(stddev=0.02),
    "uniform(-0.1, 0.3)": initializers.RandomUniform(-0.1, 0.3),
    "variance_scaling(2, mode=fan_out)": initializers.VarianceScaling(2.0, "fan_out"),
    "variance_scaling(1 / 3, mode=fan_avg, distribution=normal)": initializers.VarianceScaling(
        1 / 3, "fan_avg", "untruncated_normal"
    ),
    "glorot_uniform": initializers.GlorotUniform(),
    "glorot_normal": initializers.GlorotNormal(),
    "he_normal": initializers.HeNormal(),
    "he_uniform": initializers.HeUniform(),
    "lecun_normal": initializers.LecunNormal(),
    "lecun_uniform": initializers.LecunUniform(),
    "orthogonal(2)": initializers.Orthogonal(2.0),
}
"""Each of ours, and Keras's that does the same."""

ROWS = """
model Net:
    input 9x9x4
    conv 6, 3x3, init={init}, bias_init=constant(0.25), act=relu
    conv_transpose 4, 2x2, stride=2, init={init}
    separable_conv 6, 3x3, init={depthwise}
    depthwise_conv 3, pad=1, init={depthwise}
    global_avgpool -> dense 3, init={init}, bias_init=normal(std=0.1)
"""


def chain(init: str) -> Checked:
    return compile_text(ROWS.format(init=init, depthwise="he_normal" if "orth" in init else init)).checked


def told(initializer: Any) -> Any:
    found = initializers.serialize(initializer)
    return found["class_name"], {key: value for key, value in found["config"].items() if key != "seed"}


@pytest.mark.parametrize("archive", [False, True])
@pytest.mark.parametrize("init", WORDS)
def test_keras_begins_so(init: str, archive: bool) -> None:
    checked = chain(init)
    model = keras.Model.from_config(described(checked).config["config"]) if archive else keras_model(checked)
    _, conv, up, separable, depthwise, *_, dense = model.layers
    wanted = told(WORDS[init])
    assert [told(layer.kernel_initializer) for layer in (conv, up, dense)] == [wanted] * 3
    inner = told(WORDS["he_normal"]) if "orth" in init else wanted
    assert told(separable.depthwise_initializer) == told(depthwise.depthwise_initializer) == inner
    assert told(separable.pointwise_initializer) == inner
    assert told(conv.bias_initializer) == told(initializers.Constant(0.25))
    assert told(dense.bias_initializer) == told(initializers.RandomNormal(stddev=0.1))
    assert told(up.bias_initializer) == told(initializers.Zeros())


@pytest.mark.parametrize("init", WORDS)
def test_what_is_usual_is_not_written(init: str, tmp_path: Path) -> None:
    from cnnc.compiler.backends.emit import source

    text = source(compile_text(f"model Net:\n    input 8\n    dense 3, init={init}\n").checked, "keras")
    assert ("kernel_initializer" in text) == (init != "glorot_uniform")


@pytest.mark.parametrize("archive", [False, True])
@pytest.mark.parametrize("init", WORDS)
def test_there_and_back(init: str, archive: bool, tmp_path: Path) -> None:
    checked = chain(init)
    config = json.dumps(described(checked).config) if archive else keras_model(checked).to_json()
    (tmp_path / "net.json").write_text(config)
    found = decompile(frontend.read(tmp_path / "net.json")).checked
    usual = init == "glorot_uniform"
    for ours, theirs in zip(checked.layers, found.layers, strict=True):
        for field in ("init", "bias_init"):
            wanted = ours.node.op.__dict__.get(field)
            assert theirs.node.op.__dict__.get(field) == (None if usual and field == "init" else wanted)


@pytest.mark.parametrize(
    "row",
    [
        "input 9x7x4|conv 6, 3x2, init=identity",
        "input 9x7x4|conv 2, 3x4, init=identity, groups=2",
        "input 4x5x3|conv_transpose 3, 4x5, stride=2, init=bilinear",
        "input 4x5x3|conv 5, 4x4, pad=1, init=bilinear",
    ],
)
def test_numbers_that_are_not_drawn_are_ours(row: str, tmp_path: Path) -> None:
    lines = "".join(f"    {line}\n" for line in row.split("|"))
    checked = compile_text(f"model Net:\n{lines}").checked
    model = keras_model(checked)
    theirs = np.asarray(model.layers[-1].kernel)
    ours = lower(checked, seed=0).state_dict()[next(iter(checked.weights))].numpy()
    np.testing.assert_allclose(np.moveaxis(theirs, (-1, -2), (0, 1)), ours, atol=1e-6)
    (tmp_path / "net.json").write_text(model.to_json())
    found = decompile(frontend.read(tmp_path / "net.json")).checked
    assert str(found.nodes[-1].op.__dict__["init"]) == str(checked.nodes[-1].op.__dict__["init"])


def test_kernels_that_are_laid_out_otherwise_spread_alike() -> None:
    """Local convolutions and weight norms: Keras would count other values that flow in."""
    chain = "conv 64, 5, weight_norm=true, init=he_normal -> local_conv 8, 3 -> local_conv 8, 3, init=lecun_uniform"
    checked = compile_text(f"model Net:\n    input 40x16\n    {chain}\n").checked
    theirs = {layer.name: layer for layer in keras_model(checked).layers}
    state = lower(checked, seed=0).state_dict()
    for name, variable in (("conv1", "weight_v"), ("local_conv1", "weight"), ("local_conv2", "weight")):
        ours = state[f"{name}.{variable}"].numpy()
        found = np.asarray(getattr(theirs[name], variable))
        np.testing.assert_allclose(found.std(), ours.std(), rtol=0.05)
        np.testing.assert_allclose(np.abs(found).max(), np.abs(ours).max(), rtol=0.1)
    norms = np.linalg.norm(np.asarray(theirs["conv1"].weight_v).reshape(64, -1), axis=1)
    np.testing.assert_allclose(np.asarray(theirs["conv1"].weight_g).ravel(), norms, rtol=1e-5)


def test_what_keras_cannot_begin_is_refused_with_its_place() -> None:
    text = "model Net:\n    input 9x9x4\n    depthwise_conv 3x3, init=orthogonal\n"
    with pytest.raises(CompileError) as refused:
        keras_model(compile_text(text, "a.cnn").checked)
    (told,) = refused.value.diagnostics
    assert told.message == "in Keras the weights of a `depthwise_conv` cannot begin by `orthogonal`"
    assert told.span.place == "a.cnn:3:5"


def imported(layer: Any, folder: Path) -> str:
    entry = keras.layers.Input((8, 8, 4))
    (folder / "net.json").write_text(keras.Model(entry, layer(entry)).to_json())
    return decompile(frontend.read(folder / "net.json")).text


def test_names_come_before_numbers(tmp_path: Path) -> None:
    he = initializers.VarianceScaling(2.0, "fan_in", "truncated_normal")
    assert "conv 4, 3x3, init=he_normal\n" in imported(keras.layers.Conv2D(4, 3, kernel_initializer=he), tmp_path)
    glorot = initializers.VarianceScaling(1.0, "fan_avg", "uniform")
    assert "conv 4, 3x3\n" in imported(keras.layers.Conv2D(4, 3, kernel_initializer=glorot), tmp_path)


def remarks(layer: Any, folder: Path) -> tuple[str, ...]:
    imported(layer, folder)
    return frontend.read(folder / "net.json").remarks


def test_a_bias_that_is_not_there_does_not_begin(tmp_path: Path) -> None:
    assert "conv 4, 3x3, bias=false\n" in imported(keras.layers.Conv2D(4, 3, use_bias=False), tmp_path)


def test_layers_that_are_not_trained_are_told(tmp_path: Path) -> None:
    (told,) = remarks(keras.layers.Conv2D(4, 3, trainable=False, name="stem"), tmp_path)
    assert told.startswith("in Keras `stem` ")
    assert "freeze=true" in told


def test_what_the_language_cannot_say_is_told(tmp_path: Path) -> None:
    (told,) = remarks(keras.layers.BatchNormalization(gamma_initializer="zeros", name="last"), tmp_path)
    assert told.startswith("in Keras the gamma of `last` begins by Zeros, ")
    two = keras.layers.SeparableConv2D(4, 3, depthwise_initializer="he_normal", name="sep")
    assert remarks(two, tmp_path)[0].startswith("in Keras the depthwise of `sep` begins by HeNormal, ")
    assert not remarks(keras.layers.BatchNormalization(), tmp_path)


def test_slopes_of_prelu(tmp_path: Path) -> None:
    begins = initializers.Constant(0.3)
    layer = keras.layers.PReLU(alpha_initializer=begins, shared_axes=[1, 2])
    assert "prelu 0.3\n" in imported(layer, tmp_path)
    zeros = imported(keras.layers.PReLU(shared_axes=[1, 2]), tmp_path)
    assert compile_text(zeros).checked.nodes[-1].op.__dict__["slope"] == 0
