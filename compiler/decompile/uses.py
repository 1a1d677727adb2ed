"""One layer as a call: its word, all its arguments, its path as a label."""

from __future__ import annotations

import re
from typing import Any

from ..ops.base import Op
from ..ops.structure import Input
from .items import Label, Source, Use
from .network import Network


def use(network: Network, number: int, inputs: tuple[Source, ...]) -> Use:
    """The call of a layer, from these inputs."""
    layer = network.layers[number]
    named = network.keeps_paths and bool(layer.facts.weights) and layer.path
    label = label_of(layer.path) if named else ()
    outputs = len(layer.facts.outputs)
    return Use(layer.op.word, arguments(layer.op, layer.facts.output.rank), inputs, label, (number,), outputs)


def arguments(op: Op, rank: int = 1) -> tuple[tuple[str, Any], ...]:
    """All arguments of an operator, given or not; windows with a size for each dimension, as they are written."""
    if isinstance(op, Input):
        return (("shape", op.shape),)
    given = {name: op.__dict__[name] for name in op.fields}
    return tuple((n, v if v == op.fields[n].default else windowed(n, v, rank)) for n, v in given.items())


def windowed(name: str, value: Any, rank: int) -> Any:
    return value * rank if name == "size" and isinstance(value, tuple) and len(value) == 1 else value


def label_of(path: str) -> Label:
    """`layer1.0.conv1` as its components, numbers apart from texts."""
    return tuple(component_of(text) for text in path.split("."))


def component_of(text: str) -> Any:
    return tuple(int(p) if p.isdigit() and str(int(p)) == p else p for p in re.split(r"(\d+)", text) if p)
