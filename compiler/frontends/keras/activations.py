"""Activations: by their words, and as layers with numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...decompile.network import make
from ...ops.base import Op
from ..unread import Unread
from .arguments import flat

FUNCTIONS = {"silu": "swish", "swish": "swish", "hard_silu": "hard_swish", "hard_swish": "hard_swish", "relu": "relu",
             "relu6": "relu6", "sigmoid": "sigmoid", "softmax": "softmax", "tanh": "tanh", "elu": "elu", "selu": "selu",
             "softplus": "softplus", "softsign": "softsign", "hard_sigmoid": "hard_sigmoid", "mish": "mish",
             "exponential": "exponential", "log_softmax": "log_softmax", "log_sigmoid": "log_sigmoid", "celu": "celu",
             "hard_tanh": "hard_tanh", "tanh_shrink": "tanh_shrink", "soft_shrink": "soft_shrink",
             "hard_shrink": "hard_shrink", "glu": "glu",
             "absolute": "abs", "abs": "abs", "square": "square"}  # fmt: skip

Config = Mapping[str, Any]


def function(value: Any) -> Op | None:
    """The activation that a word or a layer stands for; None for `linear`."""
    if isinstance(value, dict):
        kind, inner = value.get("class_name"), value.get("config")
        if kind in LAYERS and isinstance(inner, dict):
            return LAYERS[kind](inner)
        value = inner if isinstance(inner, str) else (inner or {}).get("name") or kind
        if value in (None, "__lambda__"):
            raise Unread("its activation is Python code, which is neither read nor run")
    if value in (None, "linear"):
        return None
    if value == "gelu":
        return make("gelu")
    if value == "leaky_relu":
        return make("leaky_relu", slope=0.2)
    if value not in FUNCTIONS:
        raise Unread(f"its activation is `{value}`")
    return make(FUNCTIONS[value])


def relu(config: Config) -> Op:
    highest, slope = config.get("max_value"), float(config.get("negative_slope") or 0.0)
    threshold = float(config.get("threshold") or 0.0)
    if highest == 6 and not slope and not threshold:
        return make("relu6")
    return make("relu", max=highest, slope=slope, threshold=threshold)


def leaky_relu(config: Config) -> Op:
    slope = config.get("negative_slope", config.get("alpha", 0.3))
    return make("leaky_relu", slope=float(slope["config"] if isinstance(slope, dict) else flat(slope)[0]))


def elu(config: Config) -> Op:
    return make("elu", alpha=float(config.get("alpha", 1.0)))


NAMES = {
    "leaky_relu": {"negative_slope": "slope"}, "threshold": {"threshold": "at", "default_value": "otherwise"},
    "clip": {"x_min": "low", "x_max": "high"},
}  # fmt: skip
"""Our names for the numbers of Keras's functions, where they differ."""


def numbered(word: str, numbers: Config) -> Op:
    """A function with numbers of its own."""
    names = NAMES.get(word, {})
    return make(word, **{names.get(key, key): value for key, value in numbers.items()})


def called(config: Config) -> Op:
    """What `cnnc emit keras` writes for functions of `keras.ops` with numbers."""
    return numbered(config["word"], config["numbers"])


def stretched(config: Config) -> Op:
    """What `cnnc emit keras` writes for sigmoids and tangents with two factors."""
    return make(f"scaled_{config['word']}", amplitude=config["amplitude"], slope=config["slope"])


LAYERS: dict[str, Callable[[Config], Op]] = {
    "ReLU": relu, "LeakyReLU": leaky_relu, "ELU": elu, "Function": called, "Stretched": stretched,
}  # fmt: skip
"""Layers that are given as an activation."""
