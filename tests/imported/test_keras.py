"""Keras models: the same rows, the same figures, and with their weights the same values. Keras itself is asked."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cnnc.compiler.backends.summary import summary_dict
from cnnc.compiler.decompile import Decompiled, decompile
from cnnc.compiler.frontends import keras as frontend
from cnnc.compiler.frontends.unread import Unreadable
from cnnc.compiler.graph import Checked

from cnnc.cli import main

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
layers = keras.layers


def sequential() -> Any:
    return keras.Sequential([
        layers.Input((12, 12, 3)),
        layers.Conv2D(4, 3, padding="same", activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(),
        layers.SeparableConv2D(6, 3, use_bias=False),
        layers.ReLU(6.0),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(5, activation="softmax"),
    ])  # fmt: skip


def functional() -> Any:
    """Branches, a residual, squeeze and excitation, arithmetic with numbers."""
    x = entry = layers.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(layers.Rescaling(1 / 255)(x))
    for _ in range(3):
        y = layers.Activation("swish")(layers.BatchNormalization()(x))
        y = layers.DepthwiseConv2D(3, padding="same")(y)
        s = layers.Reshape((1, 1, 8))(layers.GlobalAveragePooling2D()(y))
        s = layers.Conv2D(8, 1, activation="sigmoid")(layers.Conv2D(2, 1, activation="relu")(s))
        x = layers.Add()([layers.Multiply()([y, s]), x])
    a = layers.Conv2DTranspose(4, 2, strides=2)(x)
    b = layers.UpSampling2D(interpolation="bilinear")(x)
    x = layers.Concatenate()([a, b]) * 0.5 + 1.0
    x = layers.LayerNormalization()(layers.ZeroPadding2D(((0, 1), (2, 3)))(x))
    x = layers.Cropping2D(1)(layers.AveragePooling2D(3, 1, "same")(layers.LeakyReLU(0.1)(x)))
    return keras.Model(entry, layers.Dense(3)(layers.GlobalMaxPooling2D()(x)))


def shared() -> Any:
    """A model inside, applied twice."""
    one, other = layers.Input((8, 8, 1), name="one"), layers.Input((8, 8, 1), name="other")
    inner = layers.Input((8, 8, 1))
    tower = keras.Model(inner, layers.Dense(4)(layers.Flatten()(layers.Conv2D(2, 3, activation="tanh")(inner))))
    return keras.Model([one, other], layers.Dense(1)(layers.Subtract()([tower(one), tower(other)])))


def through(model: Any, folder: Path) -> tuple[Any, Decompiled]:
    path = folder / "model.json"
    path.write_text(model.to_json(), "utf-8")
    network = frontend.read(path)
    return network, decompile(network)


def rows(checked: Checked) -> list[tuple[str, int]]:
    return [(row["type"], row["params"]) for row in summary_dict(checked)["layers"]]


def expected_rows(model: Any) -> list[tuple[str, int]]:
    """Keras's own, operations such as `x + 1` among them, and the input that a sequential model does not list."""
    every = model.operations if hasattr(model, "operations") else [*model._layers]
    return [(type(row).__name__, row.count_params() if hasattr(row, "count_params") else 0) for row in every]


@pytest.mark.parametrize("make", [sequential, functional, shared])
def test_values_are_keras_s(make: Any, tmp_path: Path) -> None:
    """With the weights of the archive carried along; the rows are the same classes with the same parameters."""
    import torch

    from cnnc.network import load

    model = make()
    draw = np.random.default_rng(0)
    model.set_weights([w + 0.1 + 0.2 * draw.random(w.shape) for w in model.get_weights()])
    path = tmp_path / "net.keras"
    model.save(path)
    target, stored = tmp_path / "net.cnn", tmp_path / "net.safetensors"
    assert main(["import", str(path), "-o", str(target), "--weights", str(stored)]) == 0
    net = load(target)
    assert net.params == model.count_params()
    if make is not shared:
        assert sorted(rows(net.checked)) == sorted(expected_rows(model))
    module = net.torch(weights=stored).eval()
    fed = [draw.random((2, *shape[1:]), np.float32) for shape in shapes(model)]
    expected = keras.ops.convert_to_numpy(model(fed if len(fed) > 1 else fed[0], training=False))
    with torch.no_grad():
        made = module(*(torch.from_numpy(np.moveaxis(x, -1, 1).copy()) for x in fed))
    np.testing.assert_allclose(made.numpy(), expected, rtol=2e-4, atol=2e-5)


def shapes(model: Any) -> list[Any]:
    return [tensor.shape for tensor in model.inputs]


def test_what_the_language_lacks_is_named(tmp_path: Path) -> None:
    entry = layers.Input((8, 8, 3))
    x = layers.RandomRotation(0.1, name="turn")(entry)
    x = layers.Conv2D(4, 3, data_format="channels_last", name="fine")(x)
    x = layers.Reshape((36, 4))(x)
    x = layers.LSTM(4, name="recurrent")(x)
    path = tmp_path / "model.json"
    path.write_text(keras.Model(entry, x).to_json(), "utf-8")
    with pytest.raises(Unreadable, match="2 nodes") as wrong:
        frontend.read(path)
    assert "RandomRotation `turn`" in str(wrong.value)
    assert "LSTM `recurrent`" in str(wrong.value)


def test_a_configuration_has_no_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.json"
    path.write_text(sequential().to_json(), "utf-8")
    assert main(["import", str(path), "--weights", str(tmp_path / "w.safetensors")]) == 1
    assert "holds no weights" in capsys.readouterr().err


APPLICATIONS = sorted(
    name for name in dir(keras.applications) if name[0].isupper() and callable(getattr(keras.applications, name))
)


def flat(model: keras.Model) -> list[keras.Layer]:
    """Its layers, and those of models inside."""
    parts = [flat(layer) if isinstance(layer, keras.Model) else [layer] for layer in model.layers]
    return [layer for part in parts for layer in part]


@pytest.mark.proof
@pytest.mark.parametrize("name", APPLICATIONS)
def test_every_application_of_keras(name: str, tmp_path: Path) -> None:
    """All of keras.applications, by their configurations: row for row."""
    model = getattr(keras.applications, name)(weights=None)
    network, found = through(model, tmp_path)
    assert found.level == "loops"
    assert found.checked.params == model.count_params()
    ours = sorted((layer.facts.params, str(layer.facts.output)) for layer in network.layers)
    theirs = sorted(
        (layer.count_params(), "x".join("?" if n is None else str(n) for n in layer.output.shape[1:]))
        for layer in flat(model)
    )
    assert len(ours) <= len(flat(model)) + len(set(model.operations) - set(model.layers))  # sums written as `x + y`
    assert [row for row in ours if row[0]] == [row for row in theirs if row[0]]
    del model
    gc.collect()
