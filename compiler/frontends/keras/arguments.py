"""What the arguments of Keras's layers mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...ops.base import Op
from ...ops.geometry import CAUSAL, SAME, VALID, Padding
from ..unread import Unread

COMMON = {"name", "trainable", "dtype", "activity_regularizer", "autocast"}
"""What every layer may have in its configuration."""


def sizes(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def padding(config: Mapping[str, Any]) -> Padding:
    return bordered(config.get("padding", "valid"))


def bordered(value: Any) -> Padding:
    """A border by its word, or in numbers as our own classes take it: one, one for each dimension, or pairs."""
    if isinstance(value, str):
        return {"valid": VALID, "same": SAME, "causal": CAUSAL}[value]
    each = [value] if isinstance(value, int) else value
    pairs = tuple((n, n) if isinstance(n, int) else tuple(n) for n in each)
    return VALID if not any(map(any, pairs)) else Padding("explicit", pairs)


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
