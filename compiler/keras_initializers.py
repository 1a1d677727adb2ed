"""How weights begin, by Keras's names: ours as Keras's classes, and back.

Keras counts the values that flow into a variable by its shape; where a variable is laid out in another way than Keras's
kernels, what depends on them is said in numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from .ops import initializers as begin
from .ops.base import Initializer, Op, OpError, Weight
from .ops.conv import DepthwiseConv
from .ops.local_conv import LocalConv
from .ops.text import Embedding
from .shape import Shape


class Initialized(NamedTuple):
    """A class of Keras's and its arguments."""

    name: str
    arguments: dict[str, Any]

    @property
    def word(self) -> str:
        """The name by which Keras knows it without arguments: `he_normal`."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.name).lower()


NAMES: dict[type[Initializer], tuple[str, Mapping[str, str]]] = {
    begin.Zeros: ("Zeros", {}),
    begin.Ones: ("Ones", {}),
    begin.Constant: ("Constant", {"value": "value"}),
    begin.Normal: ("RandomNormal", {"std": "stddev", "mean": "mean"}),
    begin.TruncatedNormal: ("TruncatedNormal", {"std": "stddev", "mean": "mean"}),
    begin.Uniform: ("RandomUniform", {"low": "minval", "high": "maxval"}),
    begin.VarianceScaling: ("VarianceScaling", {"scale": "scale", "mode": "mode", "distribution": "distribution"}),
    begin.GlorotUniform: ("GlorotUniform", {}),
    begin.GlorotNormal: ("GlorotNormal", {}),
    begin.HeUniform: ("HeUniform", {}),
    begin.HeNormal: ("HeNormal", {}),
    begin.LecunUniform: ("LecunUniform", {}),
    begin.LecunNormal: ("LecunNormal", {}),
    begin.Orthogonal: ("Orthogonal", {"gain": "gain"}),
}
"""Keras's class for each of ours, and its names for the arguments."""

WORDS = {
    word: ours
    for ours, (name, _) in NAMES.items()
    for word in (name.lower(), f"{name.lower()}initializer", name.lower().removeprefix("random"))
}
"""Ours by Keras's words, written together in small letters."""

UNTRUNCATED = {"normal": "untruncated_normal"}
TRUNCATED = {"untruncated_normal": "normal", "normal": "truncated_normal"}
"""Keras's words for distributions where they differ, and ours for them: its `normal` is cut."""


def in_keras(init: Initializer) -> Initialized | None:
    """None for what Keras lacks. Arguments that are as where nothing is said are left out."""
    if type(init) not in NAMES:
        return None
    name, arguments = NAMES[type(init)]
    given = {arguments[key]: value for key, value in init.told() if key in arguments}
    if "distribution" in given:
        given["distribution"] = UNTRUNCATED.get(given["distribution"], given["distribution"])
    return Initialized(name, given)


def from_keras(name: str, arguments: Mapping[str, Any]) -> Initializer | None:
    """Ours for a class of Keras's or its word; None where there is none."""
    ours = WORDS.get(name.replace("_", "").lower())
    if ours is None:
        return None
    given = {key: arguments[theirs] for key, theirs in NAMES[ours][1].items() if theirs in arguments}
    if "distribution" in given:
        given["distribution"] = TRUNCATED.get(given["distribution"], given["distribution"])
    if any(isinstance(value, (list, dict)) for value in given.values()):
        return None  # numbers for each place
    try:
        return by_name(ours(**given))
    except (OpError, TypeError, ValueError):
        return None


def by_name(init: Initializer) -> Initializer:
    """The one that has a name of its own, of those that do the same."""
    scaled = (ours for ours in NAMES if issubclass(ours, begin.Scaled))
    return next((ours() for ours in scaled if ours.scaling == init), init)


def as_written(op: Op, field: str, init: Initializer, inputs: tuple[Shape, ...]) -> Initializer | None:
    """The argument of ours that begins the weights so: None where nothing needs to be said, a name before numbers."""
    if not any(is_of(field, name) for name in op.facts(inputs).weights):
        return None
    scaled = (ours() for ours in NAMES if issubclass(ours, begin.Scaled))
    for candidate in (None, *scaled):
        changed = op.changed(**{field: candidate})
        weights = changed.facts(inputs).weights.items()
        found = [plainly(changed, w) or begin.beginning(w) for name, w in weights if is_of(field, name)]
        if all(other == init for other in found):
            return candidate
    return init


def is_of(field: str, weight: str) -> bool:
    """Whether an argument is of a weight."""
    return (field == "bias_init") == (weight == "bias") and not weight.endswith("_g")


def elsewhere(op: Op) -> bool:
    """Whether our classes for Keras lay the kernel out in another way than Keras's kernels."""
    return isinstance(op, LocalConv) or bool(getattr(op, "weight_norm", False))


def plainly(op: Op, weight: Weight) -> Initializer | None:
    """How a weight begins, None where it does so without a word."""
    default = begin.Uniform() if isinstance(op, Embedding) else begin.beginning(weight._replace(init=None))
    init = weight.init or default
    if elsewhere(op) and weight.fans:
        scaling = init.scaling if isinstance(init, begin.Scaled) else init
        return begin.in_numbers(scaling, weight) if isinstance(scaling, begin.VarianceScaling) else init
    return None if init == default or isinstance(init, (begin.Given, begin.NormOf)) else init


def argument(op: Op, weight: str) -> str:
    """Keras's argument for how a weight begins."""
    kernel = {DepthwiseConv: "depthwise", Embedding: "embeddings"}.get(type(op), "kernel")
    words = {"bias": "bias", "depthwise.weight": "depthwise", "pointwise.weight": "pointwise"}
    return f"{words.get(weight, kernel)}_initializer"
