"""Activations, against Keras and, where Keras has none, torch or the formula."""

import numpy as np

from .harness import Row


def keras_name(name, text=None, **given):
    """A row for an activation that Keras knows by name."""
    return Row(name, f"4x3x6: {text or name}", lambda k: k.layers.Activation(name), **given)


def turned(variables):
    """One slope for each value: Keras's (height, width, channels) as ours (channels, height, width)."""
    return {"weight": np.moveaxis(variables["alpha"], -1, 0)}


ROWS = [
    *(keras_name(name) for name in (
        "relu", "elu", "selu", "celu", "gelu", "silu", "swish", "mish", "softplus", "softsign", "sigmoid",
        "log_sigmoid",
        "hard_sigmoid", "hard_swish", "hard_silu", "tanh", "hard_tanh", "tanh_shrink", "soft_shrink", "hard_shrink",
        "exponential", "linear", "softmax", "log_softmax", "glu",
    )),
    Row("relu-vector", "9: relu", lambda k: k.layers.Activation("relu")),
    Row("relu-layer", "9: relu layer=true", lambda k: k.layers.ReLU()),
    Row("relu-max", "9: relu max=0.7", lambda k: k.layers.ReLU(max_value=0.7)),
    Row("relu-slope", "9: relu slope=0.3", lambda k: k.layers.ReLU(negative_slope=0.3)),
    Row("relu-slope-max", "9: relu slope=0.3, max=0.7", lambda k: k.layers.ReLU(0.7, 0.3)),
    Row("relu-threshold", "40: relu threshold=0.5", lambda k: k.layers.ReLU(threshold=0.5)),
    Row("relu-everything", "40: relu max=1, slope=0.2, threshold=0.5", lambda k: k.layers.ReLU(1.0, 0.2, 0.5)),
    Row("relu6", "9: scale 5 -> relu6", lambda k: lambda x: k.activations.relu6(5 * x), type="ReLU"),
    Row("leaky_relu", "9: leaky_relu 0.2", lambda k: k.layers.LeakyReLU(0.2)),
    Row("prelu", "4x3x6: prelu", lambda k: k.layers.PReLU(shared_axes=[1, 2])),
    Row("prelu-vector", "9: prelu", lambda k: k.layers.PReLU()),
    Row("prelu-value", "4x3x6: prelu per=value", lambda k: k.layers.PReLU(), weights=turned),
    Row("prelu-layer", "4x3x6: prelu per=layer", lambda k: k.layers.PReLU(shared_axes=[1, 2, 3])),
    Row("elu-alpha", "9: elu 0.5", lambda k: k.layers.ELU(0.5)),
    Row("elu-layer", "9: elu layer=true", lambda k: k.layers.ELU()),
    Row("celu-alpha", "9: celu 0.5", lambda k: lambda x: k.activations.celu(x, 0.5)),
    Row("gelu-approximate", "9: gelu approximate=true", lambda k: lambda x: k.activations.gelu(x, approximate=True)),
    Row("softmax-layer", "4x3x6: softmax layer=true", lambda k: k.layers.Softmax()),
    Row("softmax-sequence", "5x6: softmax", lambda k: k.layers.Activation("softmax")),
    Row("soft_shrink-threshold", "40: soft_shrink 0.2", lambda k: lambda x: k.activations.soft_shrink(x, 0.2)),
    Row("hard_shrink-threshold", "40: hard_shrink 0.2", lambda k: lambda x: k.activations.hard_shrink(x, 0.2)),
    Row("threshold", "40: threshold 0.5, 0.1", lambda k: lambda x: k.activations.threshold(x, 0.5, 0.1)),
    Row("clip", "40: clip -0.5, 1", lambda k: lambda x: k.ops.clip(x, -0.5, 1), type="Clip"),
    Row("abs", "9: abs", lambda k: k.ops.absolute, type="Absolute"),
    Row("square", "9: square", lambda k: k.ops.square, type="Square"),
    Row("scaled_tanh", "9: scaled_tanh", expected=lambda x: 1.7159 * np.tanh(2 * x / 3), type="Activation"),
    Row("scaled_sigmoid", "9: scaled_sigmoid 0.5", expected=lambda x: 1 / (1 + np.exp(-0.5 * x))),
    Row("scaled_sigmoid-amplitude", "9: scaled_sigmoid 2, 3", expected=lambda x: 3 / (1 + np.exp(-2 * x))),
    # behind `act=`: the same functions, in the row of the layer
    *(Row(f"dense-{act}", f"9: dense 4, act={act}", lambda k, act=act: k.layers.Dense(4, activation=act)) for act in (
        "relu", "relu6", "elu", "gelu", "swish", "tanh", "softmax", "hard_sigmoid", "linear",
    )),
    Row("dense-leaky_relu", "9: dense 4, act=leaky_relu(0.2)",
        lambda k: k.Sequential([k.layers.Dense(4), k.layers.LeakyReLU(0.2)])),
]  # fmt: skip
