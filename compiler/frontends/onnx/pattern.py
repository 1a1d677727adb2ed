"""Trees of nodes that mean one layer: what is put together in ONNX and has one word here.

A pattern is a node kind with patterns for its inputs, a `Var` (any value, the same wherever it is named), a `Fixed`
(numbers known beforehand, of any size) or a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Any, Union

import ml_dtypes
import numpy as np

from .source import Graph

HALVES = (np.float16, ml_dtypes.bfloat16)
COMMUTATIVE = {"Add", "Mul", "Max", "Min"}


@dataclass(frozen=True)
class Var:
    """A value, by a name."""

    name: str


@dataclass(frozen=True)
class Fixed:
    """Numbers that are known, by a name."""

    name: str


@dataclass(frozen=True)
class Tree:
    """A node of one of these kinds, with its first inputs; `output` is which of its outputs is meant."""

    kinds: tuple[str, ...]
    inputs: tuple[Pattern, ...]
    output: int = 0
    name: str = ""


Pattern = Union[Var, Fixed, Tree, float]
Found = dict[str, str]

X, Y = Var("x"), Var("y")


def node(kind: str, *inputs: Pattern, output: int = 0, name: str = "") -> Tree:
    """A tree; `kind` may name several, as in `ReduceMean|GlobalAveragePool`."""
    return Tree(tuple(kind.split("|")), inputs, output, name)


def match(graph: Graph, value: str, pattern: Pattern) -> Found | None:
    """The names that the pattern's variables stand for if the value is made like this; None if not."""
    return next(_matches(graph, value, pattern, {}), None)


def _matches(graph: Graph, value: str, pattern: Pattern, found: Found) -> Iterator[Found]:
    if isinstance(pattern, Var):
        if found.get(pattern.name, value) == value and not graph.is_stored(value):
            yield {**found, pattern.name: value}
    elif isinstance(pattern, Fixed):
        if graph.is_stored(value) and found.get(pattern.name, value) == value:
            yield {**found, pattern.name: value}
    elif isinstance(pattern, Tree):
        yield from _tree(graph, value, pattern, found)
    elif near(graph, value, pattern):
        yield found


def _tree(graph: Graph, value: str, pattern: Tree, found: Found) -> Iterator[Found]:
    view = graph.makers.get(value)
    if view is None or view.kind not in pattern.kinds or view.outputs.index(value) != pattern.output:
        return
    if len(view.inputs) < len(pattern.inputs):
        return
    here = {**found, pattern.name: value} if pattern.name else found
    given = view.inputs[: len(pattern.inputs)]
    orders = permutations(given) if view.kind in COMMUTATIVE and len(given) == 2 else iter([given])
    for order in orders:
        yield from _all(graph, tuple(order), pattern.inputs, here)


def _all(graph: Graph, values: tuple[str, ...], patterns: tuple[Pattern, ...], found: Found) -> Iterator[Found]:
    if not values:
        yield found
        return
    for first in _matches(graph, values[0], patterns[0], found):
        yield from _all(graph, values[1:], patterns[1:], first)


def near(graph: Graph, value: str, number: Any) -> bool:
    """Whether a value is this one number, perhaps as half precision rounds it."""
    fixed = graph.fixed(value) if graph.is_stored(value) else None
    if fixed is None or fixed.size != 1:
        return False
    given = float(fixed.reshape(-1)[0])
    return bool(np.isclose(given, number, rtol=1e-4)) or given in (float(kind(number)) for kind in HALVES)
