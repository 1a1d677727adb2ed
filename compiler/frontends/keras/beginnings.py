"""How weights begin: Keras's initialisers as ours, and what of them the language cannot say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...keras_initializers import as_written, from_keras
from ...ops import initializers as begin
from ...ops.base import Initializer, Op
from ...shape import Shape

FIELDS = {
    "init": ("kernel", "depthwise", "pointwise", "embeddings"),
    "bias_init": ("bias",),
}
"""Our arguments, and what Keras calls the weights that they are of."""

NORMED = {"gamma": begin.Ones(), "scale": begin.Ones(), "beta": begin.Zeros(), "moving_mean": begin.Zeros(),
          "moving_variance": begin.Ones()}  # fmt: skip
"""How the weights of a normalisation begin, of which there is no choice."""

OURS = {"ChannelIdentity": begin.Identity, "BilinearWindow": begin.Bilinear}
"""The classes that `cnnc emit keras` writes beside Keras's own."""


def initial(value: Any) -> Initializer | None:
    """One of ours for what a configuration says; None where there is none."""
    if isinstance(value, str):
        return from_keras(value, {})
    kind = str(value.get("class_name"))
    if kind in OURS and value.get("registered_name"):
        return OURS[kind]()
    return from_keras(kind, value.get("config") or {})


def begun(op: Op, config: Mapping[str, Any], inputs: tuple[Shape, ...]) -> Op:
    """The layer with its initialisers, where the language has them."""
    for field, names in FIELDS.items():
        found = {initial(config[key]) for key in map(argument, names) if config.get(key)}
        init = found.pop() if len(found) == 1 else None
        if init is not None and takes(op, field):
            op = op.changed(**{field: as_written(op, field, init, inputs)})
    return op


def takes(op: Op, field: str) -> bool:
    return field in op.fields and "Initializer" in op.fields[field].type


def argument(name: str) -> str:
    return f"{name}_initializer"


def unsaid(op: Op, config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The weights that do not begin as the layer says, and how they do."""
    for field, names in FIELDS.items():
        given = {name: config[argument(name)] for name in names if config.get(argument(name))}
        if takes(op, field) and (len(set(map(initial, given.values()))) > 1 or None in map(initial, given.values())):
            yield from ((name, told(value)) for name, value in given.items())
    for name, usual in NORMED.items():
        value = config.get(argument(name))
        if value and initial(value) != usual:
            yield name, told(value)


def told(value: Any) -> str:
    return str(value if isinstance(value, str) else value.get("class_name"))


def remarks(found: Sequence[tuple[str, str, str]], frozen: list[str]) -> tuple[str, ...]:
    """What is unsaid, in words: the layers, their weights, how these begin, and the layers that are not trained."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for layer, weight, init in found:
        groups[weight, init].append(layer)
    told = [
        f"in Keras the {weight} of {names(layers)} begins by {init}, which the language has no argument for"
        for (weight, init), layers in groups.items()
    ]
    if frozen:
        told.append(f"in Keras {names(frozen)} are not trained: say it in the recipe, `params PATH, freeze=true`")
    return tuple(told)


def names(layers: list[str]) -> str:
    return f"`{layers[0]}`" + (f" and {len(layers) - 1} more" if layers[1:] else "")
