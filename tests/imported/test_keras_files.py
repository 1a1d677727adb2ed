"""Keras files as people have them: outputs by name, functions of `keras.ops`, code that no file holds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from cnnc.compiler.decompile import decompile
from cnnc.compiler.diagnostics import UserError
from cnnc.compiler.frontends import keras as frontend
from cnnc.compiler.frontends.unread import Unreadable
from cnnc.compiler.pipeline import compile_text
from cnnc.runtime.weights.keras_write import save_keras

os.environ.setdefault("KERAS_BACKEND", "jax")
keras = pytest.importorskip("keras")
layers = keras.layers


def text(model: Any, folder: Path) -> str:
    path = folder / "net.json"
    path.write_text(model.to_json(), "utf-8")
    return decompile(frontend.read(path)).text


def test_outputs_by_name(tmp_path: Path) -> None:
    entry = layers.Input((8, 8, 3))
    x = layers.Flatten()(entry)
    written = text(keras.Model(entry, {"a": layers.Dense(2)(x), "b": layers.Dense(3)(x)}), tmp_path)
    assert "output " in written


def test_functions_are_layers(tmp_path: Path) -> None:
    entry = layers.Input((8, 8, 3))
    x = keras.ops.relu(layers.Conv2D(4, 3)(layers.Resizing(12, 12)(entry)))
    x = keras.ops.softmax(layers.Dense(3)(keras.ops.mean(layers.CenterCrop(4, 4)(x), axis=[1, 2])))
    written = text(keras.Model(entry, x), tmp_path)
    for word in ("upsample to=12, mode=bilinear", "relu", "crop 3", "global_avgpool", "softmax"):
        assert word in written


def test_penalties_are_kept_and_others_refused(tmp_path: Path) -> None:
    entry = layers.Input((8, 8, 3))
    assert "l2=1e-4" in text(keras.Model(entry, layers.Conv2D(4, 3, kernel_regularizer="l2")(entry)), tmp_path).replace(
        "l2=0.01", "l2=1e-4"
    )
    with pytest.raises(Unreadable, match="activity_regularizer"):
        text(keras.Model(entry, layers.Conv2D(4, 3, activity_regularizer="l2")(entry)), tmp_path)


def test_two_shared_layers_and_two_outputs(tmp_path: Path) -> None:
    a, b = layers.Input((8, 8, 3)), layers.Input((8, 8, 3))
    conv, dense, flat = layers.Conv2D(4, 3), layers.Dense(4), layers.Flatten()
    u, v = (dense(flat(conv(x))) for x in (a, b))
    written = text(keras.Model([a, b], [layers.Concatenate()([u, v]), layers.Dot(-1)([u, v])]), tmp_path)
    assert "share shared = conv 4, 3x3 -> flatten -> dense 4" in written


def test_code_is_named_and_not_run(tmp_path: Path) -> None:
    entry = layers.Input((8, 8, 3))
    x = layers.RandomFlip(name="turned")(layers.Lambda(lambda t: t * 2, name="twice")(entry))
    with pytest.raises(Unreadable) as wrong:
        text(keras.Model(entry, x), tmp_path)
    assert "Lambda `twice`: it holds Python code" in str(wrong.value)
    assert "RandomFlip `turned`: it acts in training alone" in str(wrong.value)


def test_a_class_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text('{"class_name": "Mine", "registered_name": "Mine", "module": null, "config": {}}', "utf-8")
    with pytest.raises(UserError, match="`Mine` is a class of its own"):
        frontend.read(path)


def test_an_archive_that_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "net.keras"
    keras.Sequential([layers.Input((4,)), layers.Dense(2)]).save(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UserError, match="no Keras model"):
        frontend.read(path)


def test_a_configuration_of_another_form(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text('{"class_name": "Functional", "config": {"layers": 3}}', "utf-8")
    with pytest.raises(UserError, match="not as Keras writes it"):
        frontend.read(path)


@pytest.mark.parametrize("pool", ["pad=1", "ceil=true", "pad=1, ceil=true", "pad=same"])
def test_the_border_of_a_maximum_in_our_archives_is_the_pool_s_own(pool: str, tmp_path: Path) -> None:
    line = f"maxpool 3x3, stride=2, {pool}"
    checked = compile_text(f"model A:\n    input 16x16x3\n    {line}\n").checked
    save_keras(tmp_path / "a.keras", checked, {})
    found = decompile(frontend.read(tmp_path / "a.keras")).text
    assert line in found
