"""One layer of one instance on its way to PyTorch: the steps that it becomes."""

from __future__ import annotations

import re
from functools import singledispatch
from typing import Any

from ....graph import Node
from ....ops.base import Op
from ....shape import Shape
from ..code import MISSING, Call, Code, Hole, Leaf, Raw, call
from ..entries import Entry
from ..explain import plain
from ..parts import Anatomy, Part, Value, branch, key, value

X = Hole(0)
"""The operand of a layer that takes one."""


class Layer:
    """Collects the entries of a node: what stands before it (a border), itself, what stands behind it (`act=`)."""

    def __init__(self, node: Node, part: Part, anatomy: Anatomy) -> None:
        self.node = node
        self.part = part
        self.shapes = anatomy.given(node)
        self.entries: list[Entry] = []
        self.inputs: tuple[Value, ...] = tuple(map(value, node.inputs))
        self.name = part.name(node.path)
        self.place = key(node, part)
        own = next((f for f in node.frame.outward() if f.written is not None), None)
        self.spans = node.spans if own is part.frame else {}

    @property
    def x(self) -> Shape:
        return self.shapes[0]

    @property
    def rank(self) -> int:
        return self.x.rank

    def leaf(self, name: str, found: Any, default: Any = MISSING, written: str = "") -> Leaf:
        """A number that comes from the argument `written` of the file."""
        return Leaf(plain(found), name, self.spans.get(written or name), None, default)

    def channels(self, number: int = 0, default: Any = MISSING) -> Leaf:
        """The channels of an operand."""
        return Leaf(self.shapes[number].channels, "channels", None, number, default)

    def add(self, step: str, **given: Any) -> None:
        """One more entry, whose result is what the next takes."""
        made: Value = (self.node.serial, -1 - len(self.entries))
        path = self.name if step == "itself" else f"{self.name}_{step}"
        self.entries.append(Entry((self.place, step), path, self.inputs, [made], **given))
        self.entries[-1].label = self.name
        self.entries[-1].branch = branch(self.node, self.part)
        self.entries[-1].automatic = numbered(self.name, self.node.op.short)
        self.inputs = (made,)

    def weighted(self, make: Code, use: Code | None = None, out: Leaf | None = None, *, main: bool = True) -> None:
        """The layer itself, an attribute with weights."""
        self.add("itself", make=make, call=use, weighted=True, main=main, out=out)

    def function(
        self, make: Code | None, use: Code | None, *, main: bool = False, step: str = "itself", name: str = ""
    ) -> None:
        """A step without weights: as a module (called `name` if it is one), as an expression, or either."""
        self.add(step, make=make, call=use, main=main)
        if name:
            self.entries[-1].name = name

    def act(self, op: Op | None) -> None:
        """`act=` of a layer, a step behind it."""
        if op is not None:
            activation(op, self, "act")

    def done(self) -> list[Entry]:
        """The entries; the results of the last are those of the node."""
        if self.entries:
            outputs = len(self.node.facts.outputs)
            self.entries[-1].makes = tuple((self.node.serial, i) for i in range(outputs))
        return self.entries


def numbered(name: str, kind: str) -> bool:
    """Whether a name is a kind with a running number."""
    return re.fullmatch(rf"(.*\.)?{re.escape(kind)}\d+", name) is not None


@singledispatch
def lower(op: Op, to: Layer) -> None:
    """The PyTorch rule of an operator: adds its steps to `to`. One that adds none is the value itself."""
    raise NotImplementedError(f"no rule of source for `{op.word}`")


@singledispatch
def activation(op: Op, to: Layer, step: str) -> None:
    """The same for an activation, which may be a step behind another layer."""
    raise NotImplementedError(f"no rule of source for `{op.word}`")


def module(kind: str) -> Leaf:
    """The class of an activation, which may be another in other instances."""
    return Leaf(Raw(kind), "activation")


def nd(kind: str, rank: int) -> str:
    """`nn.Conv2d`"""
    return f"nn.{kind}{rank or 1}d"


def made(kind: str, *args: Any, **named: Any) -> Call:
    return call(kind, *args, **named)
