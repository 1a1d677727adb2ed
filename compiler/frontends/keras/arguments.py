"""What the arguments of Keras's layers mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...decompile.network import make
from ...ops.base import Op
from ...ops.geometry import CAUSAL, SAME, VALID
from ..unread import Unread

FUNCTIONS = {"silu": "swish", "swish": "swish", "hard_silu": "hard_swish", "hard_swish": "hard_swish", "relu": "relu",
             "relu6": "relu6", "sigmoid": "sigmoid", "softmax": "softmax", "tanh": "tanh", "elu": "elu", "selu": "selu",
             "softplus": "softplus", "softsign": "softsign", "hard_sigmoid": "hard_sigmoid", "mish": "mish",
             "exponential": "exponential", "log_softmax": "log_softmax", "log_sigmoid": "log_sigmoid", "celu": "celu",
             "hard_tanh": "hard_tanh", "tanh_shrink": "tanh_shrink", "soft_shrink": "soft_shrink",
             "hard_shrink": "hard_shrink", "glu": "glu"}  # fmt: skip


def function(value: Any) -> Op | None:
    """The activation that a name stands for; None for `linear`."""
    if isinstance(value, dict):
        inner = value.get("config")
        value = inner if isinstance(inner, str) else (inner or {}).get("name") or value.get("class_name")
    if value in (None, "linear"):
        return None
    if value == "gelu":
        return make("gelu")
    if value == "leaky_relu":
        return make("leaky_relu", slope=0.2)
    if value not in FUNCTIONS:
        raise Unread(f"its activation is `{value}`")
    return make(FUNCTIONS[value])


def sizes(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def padding(config: Mapping[str, Any]) -> Any:
    return {"valid": VALID, "same": SAME, "causal": CAUSAL}[config.get("padding", "valid")]


def pairs(value: Any) -> tuple[tuple[int, int], ...]:
    """A border: one number, a pair, or a list of pairs."""
    if isinstance(value, int):
        return ((value, value),)
    if all(isinstance(n, int) for n in value):
        return ((value[0], value[1]),) if len(value) == 2 else tuple((n, n) for n in value)
    return tuple((a, b) for a, b in value)


def flat(value: Any) -> list[Any]:
    """The numbers of nested lists, or the one."""
    return [n for item in value for n in flat(item)] if isinstance(value, (list, tuple)) else [value]


def last(config: Mapping[str, Any]) -> None:
    if config.get("data_format") == "channels_first":
        raise Unread("its channels come first")


def penalties(config: Any) -> dict[str, float]:
    """`l1=` and `l2=` of a layer's kernel; Unread for penalties and constraints that the language lacks."""
    found: dict[str, float] = {}
    for key in ("kernel", "depthwise", "pointwise", "bias", "activity", "beta", "gamma", "embeddings"):
        given = config.get(f"{key}_regularizer")
        if not given:
            continue
        kind, inner = (given.get("class_name"), given.get("config", {})) if isinstance(given, dict) else (given, {})
        if key != "kernel" or kind not in ("L1", "L2", "L1L2", "l1", "l2", "l1_l2"):
            raise Unread(f"its {key}_regularizer is `{kind}`: `l1=` and `l2=` of the kernel have a counterpart")
        found.update({name: float(flat(inner[name])[0]) for name in ("l1", "l2") if inner.get(name)})
    return found


def penalised(op: Op, config: Any) -> Op:
    """The layer with the penalties of its configuration."""
    found = penalties(config)
    if found and not {"l1", "l2"} <= op.fields.keys():
        raise Unread("its penalty has no counterpart")
    return op.changed(**found) if found else op
