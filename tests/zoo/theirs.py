"""torchvision's and Keras's networks with weights under which outputs tell inputs apart, saved to real files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .make_keras_tables import without_weights
from .tables import MODELS, torchvision_table

Array = np.ndarray[Any, Any]

VGG = [f"vgg{depth}{kind}" for depth in (11, 13, 16, 19) for kind in ("", "_bn")]

SIDES = {
    "alexnet": (95, 95), **dict.fromkeys(VGG, (224, 224)), "inception_v3": (299, 299), "googlenet": (96, 96),
    "mc3_18": (8, 32, 32), "r2plus1d_18": (8, 32, 32), "r3d_18": (8, 32, 32), "s3d": (16, 224, 224),
}  # fmt: skip
"""The inputs of torchvision's networks; the others see pictures of 65x65, odd so that borders show."""

KERAS_SIDES = {
    "VGG16": 32, "VGG19": 32, "Xception": 75, "InceptionV3": 75, "InceptionResNetV2": 75, "MobileNet": 64,
    "DenseNet121": 64, "DenseNet169": 64, "DenseNet201": 64,
}  # fmt: skip
"""The sides where Keras's networks take no less, or are chaotic on less; the others see pictures of 47x47."""

TORCHVISION = [name for name in MODELS if name in torchvision_table()]


class Theirs(NamedTuple):
    """A network of theirs: inputs (batch first, channels last), its outputs, and where its weights were saved."""

    inputs: Array
    outputs: list[Array]
    file: Path


# --- torchvision ------------------------------------------------------------------------------------------------------


def torchvision_net(name: str, folder: Path, dtype: Any = None) -> Theirs:
    """torchvision's network, whose batch normalisation has the statistics of some random inputs.

    Side heads are switched on as in training, everything else is as in evaluation.
    """
    import torch

    torch.manual_seed(0)
    net = torchvision_module(name)
    sizes = SIDES.get(name, (65, 65))
    settle(net, torch.randn(4, 3, *sizes))
    for module in net.modules():
        module.training = False
    net.training = name in ("googlenet", "inception_v3")
    torch.save(net.state_dict(), folder / "theirs.pth")
    x = torch.randn(2, 3, *sizes)
    with torch.no_grad():
        made = net.to(dtype)(x.to(dtype))
    return Theirs(last(x.numpy()), [y.numpy() for y in in_our_order(made)], folder / "theirs.pth")


def in_our_order(made: Any) -> list[Any]:
    """The main output and the side heads from first to last; GoogLeNet gives the later one first."""
    if isinstance(made, dict):
        return list(made.values())
    if not isinstance(made, tuple):
        return [made]
    return [made.logits, made.aux_logits1, made.aux_logits2] if hasattr(made, "aux_logits2") else list(made)


def torchvision_module(name: str) -> Any:
    import torchvision

    options: dict[str, Any] = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
    if name in torchvision.models.list_models(module=torchvision.models.segmentation):
        options = {"weights_backbone": None, **({} if name.startswith("lraspp") else {"aux_loss": True})}
    return torchvision.models.get_model(name, weights=None, **options)


def settle(net: Any, x: Any) -> None:
    """Numbers that are not trivial: gains, offsets and biases are drawn, statistics are those of the inputs."""
    import torch
    from torch import nn

    for module in net.modules():
        if isinstance(getattr(module, "weight", None), torch.Tensor) and module.weight.ndim > 1:
            nn.init.kaiming_normal_(module.weight)
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
            module.momentum = 1.0
        elif isinstance(getattr(module, "bias", None), torch.Tensor):
            nn.init.normal_(module.bias, 0, 0.1)
        if hasattr(module, "layer_scale"):  # 1e-6 to begin with: the body would not show
            nn.init.uniform_(module.layer_scale, 0.1, 0.3)
    for module in net.modules():
        module.training = not isinstance(module, nn.Dropout)
    with torch.no_grad():
        net(x)


def last(x: Array) -> Array:
    return np.ascontiguousarray(np.moveaxis(x, 1, -1))


# --- Keras ------------------------------------------------------------------------------------------------------------


def keras_net(name: str, folder: Path, suffix: str = ".weights.h5", double: bool = False) -> Theirs:
    """Keras's network without its softmax, with random weights, and what it makes of two pictures."""
    import keras

    keras.config.set_dtype_policy("float64" if double else "float32")
    side = KERAS_SIDES.get(name, 47)
    draw = np.random.default_rng(side)
    net = filled(name, side, draw)
    keras.utils.set_random_seed(0)  # of dropout, while statistics are taken
    x = draw.normal(size=(4, side, side, 3)).astype(np.float32)
    if type(net.layers[1]).__name__ in ("Rescaling", "Normalization"):
        x = 127.5 + 60 * x
    settled(net, x)
    file = folder / f"theirs{suffix}"
    net.save_weights(file) if suffix == ".weights.h5" else net.save(file)
    return Theirs(x[:2], [np.asarray(net(x[:2], training=False))], file)


def filled(name: str, side: int | None, draw: np.random.Generator, classes: int = 10) -> Any:
    """With random weights under which values neither die out nor grow; for pictures of Keras's size without a side."""
    import keras

    with without_weights():
        net = getattr(keras.applications, name)(
            weights=None, input_shape=side and (side, side, 3), classes=classes, classifier_activation=None
        )
    for variable in net.variables:
        variable._initialize(random(draw, variable).astype(np.float32).astype(variable.dtype))
    for layer in net.layers:
        if hasattr(layer, "finalize_state"):  # Normalization reads its variables only now
            layer.finalize_state()
    return net


def random(draw: np.random.Generator, variable: Any) -> Array:
    if variable.name in ("gamma", "moving_variance", "variance"):
        return draw.uniform(0.4, 0.8, variable.shape)
    if variable.name == "beta":
        return draw.uniform(0.0, 1.0, variable.shape)
    if "kernel" in variable.name:
        each = variable.name == "depthwise_kernel" or variable.shape[2:] == (variable.shape[-2], 1)
        fan_in = np.prod(variable.shape[:2] if each and len(variable.shape) == 4 else variable.shape[:-1])
        return draw.normal(0, np.sqrt(1.7 / fan_in), variable.shape)
    return draw.normal(0, 0.1, variable.shape)


def settled(net: Any, pictures: Array) -> None:
    """Batch normalisation takes over the statistics of some pictures, so that values stay of one size.

    Layers without a gain act as if they had one below 1, as those with one have: random networks that normalise to
    unit variance are chaotic, and multiply rounding errors.
    """
    normalisations = [layer for layer in net._flatten_layers() if type(layer).__name__ == "BatchNormalization"]
    for layer in normalisations:
        layer.momentum = 0.0
    net(pictures, training=True)
    for layer in normalisations:
        variance = np.asarray(layer.moving_variance) * (1 if layer.scale else 1.5)
        layer.moving_mean.assign(np.asarray(layer.moving_mean, np.float32))
        layer.moving_variance.assign(np.asarray(variance, np.float32))


def keras_names() -> Iterator[str]:
    """The models of keras.applications."""
    import keras

    return (name for name in dir(keras.applications) if name[0].isupper())
