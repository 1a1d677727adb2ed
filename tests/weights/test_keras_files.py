"""Files that Keras wrote, in its three formats, and files that Keras reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import compile_text
from cnnc.runtime.weights import Loading, WeightsError, fitted, load
from cnnc.runtime.weights.keras_write import save_keras

from tests.zoo.parity import ours

Array = np.ndarray[Any, Any]

NET = """
model Net(classes=5):
    input 9x8x3
    normalize
    conv 6, 3x3, pad=same, stride=2 -> batchnorm -> prelu
    residual:
        depthwise_conv 3x3, pad=same, multiplier=1, bias=false
        sequential as part: conv 6, 1x1 -> layernorm
    separable_conv 8, 3x3, pad=same -> batchnorm scale=false -> relu
    conv_transpose 7, 3x2, stride=2 -> groupnorm 7
    conv 4, 1x1 -> instancenorm
    flatten -> dense 11, act=tanh -> dense classes
"""


def keras_model(k: Any, classes: int = 5) -> Any:
    """NET, layer by layer."""
    layers = k.layers
    inputs = x = k.Input((9, 8, 3))
    x = layers.Normalization()(x)
    x = layers.Conv2D(6, 3, 2, "same")(x)
    x = before = layers.PReLU(shared_axes=(1, 2))(layers.BatchNormalization()(x))
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    x = k.Sequential([layers.Conv2D(6, 1), layers.LayerNormalization()])(x)
    x = layers.Add()([before, x])
    x = layers.SeparableConv2D(8, 3, padding="same")(x)
    x = layers.ReLU()(layers.BatchNormalization(scale=False)(x))
    x = layers.Conv2DTranspose(7, (3, 2), 2)(x)
    x = layers.GroupNormalization(7)(x)
    x = layers.GroupNormalization(-1)(layers.Conv2D(4, 1)(x))
    x = layers.Dense(11, "tanh")(layers.Flatten()(x))
    return k.Model(inputs, layers.Dense(classes)(x))


@pytest.fixture(scope="module")
def theirs() -> Any:
    """The model with random weights."""
    import keras

    net, draw = keras_model(keras), np.random.default_rng(0)
    for variable in net.variables:
        positive = any(word in variable.name for word in ("variance", "gamma", "count"))
        numbers = draw.uniform(0.5, 1.5, variable.shape) if positive else draw.normal(0, 0.5, variable.shape)
        variable.assign(np.asarray(numbers).astype(variable.dtype))
    net.layers[1].finalize_state()
    return net


@pytest.fixture(scope="module")
def pictures() -> Array:
    return np.random.default_rng(1).normal(size=(3, 9, 8, 3)).astype(np.float32)


def checked(text: str = NET) -> Checked:
    return compile_text(text).checked


def relative(found: Array, expected: Array) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras", ".h5"])
@pytest.mark.filterwarnings("ignore")
def test_a_file_of_keras_gives_the_outputs_of_keras(suffix: str, theirs: Any, pictures: Array, tmp_path: Path) -> None:
    file = tmp_path / f"theirs{suffix}"
    theirs.save_weights(file) if suffix == ".weights.h5" else theirs.save(file)
    expected = np.asarray(theirs(pictures, training=False))
    assert np.abs(expected[0] - expected[1]).max() > 0.1 * np.abs(expected).max()
    (found,) = ours(checked(), file, pictures, double=False)
    assert relative(found, expected) < 1e-5


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras"])
def test_keras_loads_what_we_write(suffix: str, theirs: Any, pictures: Array, tmp_path: Path) -> None:
    import keras

    theirs.save_weights(tmp_path / "theirs.weights.h5")
    arrays = load(checked(), tmp_path / "theirs.weights.h5")
    save_keras(tmp_path / f"ours{suffix}", checked(), arrays)
    if suffix == ".keras":  # with a model of its own, in which what is nested is flat
        other = keras.models.load_model(tmp_path / f"ours{suffix}")
    else:
        other = keras_model(keras)
        other.load_weights(tmp_path / f"ours{suffix}")
        other.layers[1].finalize_state()
    np.testing.assert_array_equal(other(pictures, training=False), theirs(pictures, training=False))


def test_more_than_ten_layers_of_a_class_stay_in_order(tmp_path: Path) -> None:
    """`dense_2` comes before `dense_10`, which h5py lists the other way round."""
    import keras

    base = keras.Sequential([keras.Input((3,)), *(keras.layers.Dense(3) for _ in range(12))])
    inputs = keras.Input((3,))
    text = "model M:\n    input 3\n    repeat 12: dense 3\n"
    for number, net in enumerate((base, keras.Model(inputs, base(inputs)))):
        net.save_weights(tmp_path / f"{number}.weights.h5")
        found = load(checked(text), tmp_path / f"{number}.weights.h5")
        expected = [np.asarray(layer.kernel).T for layer in base.layers]
        for ours_now, theirs_now in zip([a for p, a in found.items() if p.endswith("weight")], expected, strict=True):
            np.testing.assert_array_equal(ours_now, theirs_now)


def test_layers_of_a_model_inside_the_model_are_found_where_the_order_is_told(tmp_path: Path) -> None:
    """A base used as a layer: our network has its layers in line."""
    import keras

    base = keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Conv2D(4, 3), keras.layers.Conv2D(4, 3)])
    inputs = keras.Input((6, 6, 3))
    x = keras.layers.Conv2D(3, 1)(inputs)
    net = keras.Model(inputs, keras.layers.Conv2D(4, 2)(base(x)))
    net.save(tmp_path / "whole.keras")
    net.save_weights(tmp_path / "numbers.weights.h5")
    text = "model M:\n    input 6x6x3\n    conv 3, 1x1 -> conv 4, 3x3 -> conv 4, 3x3 -> conv 4, 2x2\n"
    found = load(checked(text), tmp_path / "whole.keras")
    expected = [net.layers[1], *base.layers, net.layers[3]]
    for number, layer in enumerate(expected, 1):
        kernel = np.asarray(layer.kernel).transpose(3, 2, 0, 1)
        np.testing.assert_array_equal(found[f"conv{number}.weight"], kernel)
    with pytest.raises(WeightsError, match=r"save the whole model as \.keras"):
        load(checked(text), tmp_path / "numbers.weights.h5")


def test_names_decide_where_all_agree(tmp_path: Path) -> None:
    """Branches in another order: the order of the layers would exchange two kernels of one shape."""
    import keras

    inputs = keras.Input((5, 5, 2))
    right = keras.layers.Conv2D(3, 1, name="right")(inputs)
    left = keras.layers.Conv2D(3, 1, name="left")(inputs)
    net = keras.Model(inputs, keras.layers.Subtract()([right, left]))
    net.save_weights(tmp_path / "w.weights.h5")
    text = """
model M:
    x = input 5x5x2
    l = x -> conv 3, 1x1 as left
    r = x -> conv 3, 1x1 as right
    (r, l) -> subtract
"""
    found = load(checked(text), tmp_path / "w.weights.h5")
    for name in ("left", "right"):
        kernel = np.asarray(net.get_layer(name).kernel).transpose(3, 2, 0, 1)
        np.testing.assert_array_equal(found[f"{name}.weight"], kernel)


def test_half_precision_is_read(tmp_path: Path) -> None:
    import keras

    for dtype in ("bfloat16", "float16"):
        net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, dtype=dtype)])
        net.save_weights(tmp_path / f"{dtype}.weights.h5")
        found = load(checked("model M:\n    input 3\n    dense 2\n"), tmp_path / f"{dtype}.weights.h5")
        expected = keras.ops.convert_to_numpy(keras.ops.cast(net.layers[0].kernel, "float32"))
        np.testing.assert_array_equal(found["dense1.weight"], expected.T)


# --- what does not fit ------------------------------------------------------------------------------------------------


def test_counts_of_layers_are_told(theirs: Any, tmp_path: Path) -> None:
    theirs.save_weights(tmp_path / "w.weights.h5")
    with pytest.raises(WeightsError, match=r"conv2d: 4 layers with weights in the network, 3 in the file"):
        load(checked(NET.replace("    flatten", "    conv 4, 1x1\n    flatten")), tmp_path / "w.weights.h5")


def test_shapes_are_told_under_our_path_and_in_our_layout(theirs: Any, tmp_path: Path) -> None:
    theirs.save_weights(tmp_path / "w.weights.h5")
    message = r"dense2\.weight: 7x11 in the network, 5x11 in the file"
    with pytest.raises(WeightsError, match=message):
        load(checked(NET.replace("classes=5", "classes=7")), tmp_path / "w.weights.h5")


def test_numbers_of_variables_are_told(theirs: Any, tmp_path: Path) -> None:
    theirs.save_weights(tmp_path / "w.weights.h5")
    message = r"has 4 arrays \(6, 6, 6, 6\), the layer bn1 takes 2 \(moving_mean, moving_variance\)"
    with pytest.raises(WeightsError, match=message):
        load(
            checked(NET.replace("batchnorm ->", "batchnorm scale=false, center=false ->", 1)), tmp_path / "w.weights.h5"
        )


def test_a_head_for_other_classes_begins_anew(theirs: Any, tmp_path: Path) -> None:
    theirs.save_weights(tmp_path / "w.weights.h5")
    net = checked(NET.replace("classes=5", "classes=7"))
    found = fitted(net, Loading(tmp_path / "w.weights.h5", partial=True))
    assert set(net.weights) - set(found.arrays) == {"dense2.weight", "dense2.bias"}
    assert found.report.begun == (
        "dense2.bias: 7 in the network, 5 in the file",
        "dense2.weight: 7x11 in the network, 5x11 in the file",
    )


@pytest.mark.parametrize("how", ["external", "link"])
def test_files_that_refer_to_other_files_are_refused(how: str, tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "secret.h5", "w") as secret:
        secret["numbers"] = np.ones((3, 2), np.float32)
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.attrs["layer_names"] = ["dense"]
        group = file.create_group("dense")
        group.attrs["weight_names"] = ["dense/kernel"]
        if how == "link":
            group["dense/kernel"] = h5py.ExternalLink("secret.h5", "numbers")
        else:
            group.create_dataset("dense/kernel", (3, 2), "f4", external=str(tmp_path / "secret.h5"))
    with pytest.raises(WeightsError, match="refers to numbers in another file"):
        load(checked("model M:\n    input 3\n    dense 2, bias=false\n"), tmp_path / "w.h5")


@pytest.mark.parametrize("content", [b"", b"no weights at all", b"\x89HDF\r\n\x1a\n and no more"])
@pytest.mark.parametrize("suffix", [".weights.h5", ".keras", ".h5"])
def test_broken_files_are_told(content: bytes, suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"w{suffix}"
    file.write_bytes(content)
    with pytest.raises(WeightsError, match="is no file of Keras weights"):
        load(checked(), file)
