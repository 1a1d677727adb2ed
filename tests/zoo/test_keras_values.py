"""One network of each family of zoo/keras computes what Keras computes: random weights, copied row by row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import Options, compile_path
from cnnc.compiler.shape import Shape

from tests.ops.harness import channels_first, laid_out

from .make_keras_tables import without_weights

SIDES = {
    "VGG16": 32, "ResNet50": 47, "ResNet50V2": 47, "DenseNet121": 47, "Xception": 75, "MobileNet": 64,
    "MobileNetV2": 47, "MobileNetV3Small": 47, "NASNetMobile": 47, "EfficientNetB0": 47, "EfficientNetV2B0": 47,
    "ConvNeXtTiny": 47, "InceptionV3": 75, "InceptionResNetV2": 75,
}  # fmt: skip
"""Pictures as small as the networks take, odd where they may be: there the borders differ most."""

Array = np.ndarray[Any, Any]


@pytest.mark.proof
@pytest.mark.parametrize("name", SIDES)
def test_values_are_keras_s(name: str) -> None:
    side = SIDES[name]
    draw = np.random.default_rng(side)
    theirs = keras_net(name, side, draw)
    options = Options(params={"classes": 10}, inputs={"": Shape((side, side, 3))})
    checked = compile_path(f"zoo:keras/{name.lower()}", options).checked
    pictures = draw.normal(size=(2, side, side, 3)).astype(np.float32)
    if type(theirs.layers[1]).__name__ in ("Rescaling", "Normalization"):
        pictures = 127.5 + 60 * pictures
    tell_apart(theirs, pictures)
    expected = np.asarray(theirs(pictures, training=False))
    found = torch_values(checked, weights(checked, theirs), pictures)
    apart = np.abs(expected[0] - expected[1]).max()
    assert apart > 0.05, "the pictures make a difference"
    assert np.abs(found - expected).max() < 0.01 * apart


def keras_net(name: str, side: int, draw: np.random.Generator) -> Any:
    """With random weights under which values neither die out nor grow."""
    import keras

    with without_weights():
        net = getattr(keras.applications, name)(weights=None, input_shape=(side, side, 3), classes=10)
    for variable in net.variables:
        variable._initialize(random(draw, variable).astype(variable.dtype))
    for layer in net.layers:
        if hasattr(layer, "finalize_state"):  # Normalization reads its variables only now
            layer.finalize_state()
    return net


def random(draw: np.random.Generator, variable: Any) -> Array:
    if variable.name in ("gamma", "moving_variance", "variance"):
        return draw.uniform(0.5, 1.5, variable.shape)
    if "kernel" in variable.name:
        each = variable.name == "depthwise_kernel" or variable.shape[2:] == (variable.shape[-2], 1)
        fan_in = np.prod(variable.shape[:2] if each and len(variable.shape) == 4 else variable.shape[:-1])
        return draw.normal(0, np.sqrt(1.7 / fan_in), variable.shape)
    return draw.normal(0, 0.1, variable.shape)


def tell_apart(net: Any, pictures: Array) -> None:
    """Moves the classifier between the two pictures, near enough that no softmax saturates."""
    import keras

    last = [layer for layer in net.layers if layer.weights][-1]
    features = np.asarray(keras.Model(net.inputs, last.input)(pictures, training=False)).reshape(2, -1)
    kernel = np.asarray(last.kernel) / np.std((features[0] - features[1]) @ np.asarray(last.kernel).reshape(-1, 10))
    last.kernel.assign(kernel)
    last.bias.assign(-features.mean(axis=0) @ kernel.reshape(-1, 10))


def weights(checked: Checked, theirs: Any) -> dict[str, Array]:
    """Keras's variables under our paths, in order."""
    arrays = [laid_out(layer, name, array) for layer, name, array in variables(theirs.layers)]
    assert len(arrays) == len(checked.weights)
    return {
        path: np.ascontiguousarray(array.reshape(weight.shape), np.float32)
        for array, (path, weight) in zip(arrays, checked.weights.items())
    }


def variables(layers: Any) -> Iterator[tuple[Any, str, Array]]:
    for layer in layers:
        if hasattr(layer, "layers"):
            yield from variables(layer.layers)
        else:
            yield from ((layer, variable.name, np.asarray(variable)) for variable in layer.weights)


def torch_values(checked: Checked, weights: dict[str, Array], pictures: Array) -> Array:
    import torch
    from cnnc.runtime.lower import lower

    net = lower(checked, seed=None)
    net.load_state_dict({path: torch.from_numpy(array.copy()) for path, array in weights.items()})
    with torch.no_grad():
        found: Array = net.eval()(torch.from_numpy(channels_first(pictures))).numpy()
    return found
