"""One layer of one instance on its way to Keras: the code of its row."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from ....diagnostics import CompileError, Diagnostic
from ....graph import Node
from ....ops.base import Op, OpError
from ....shape import Shape
from ..code import MISSING, Call, Code, Hole, Leaf, Named, Raw, call
from ..explain import plain
from ..holes import ALL
from ..parts import Anatomy, Part, key

X = Hole(0)


class Path(str):
    """The name of a layer as seen from its block."""

    __slots__ = ()


class Row:
    """What a rule asks: the shapes, the arguments, the name."""

    def __init__(self, node: Node, part: Part, anatomy: Anatomy, brought: frozenset[str] = frozenset()) -> None:
        self.brought = brought
        """Classes of Keras's names that the file brings, since some layer of the model needs them."""
        self.node = node
        self.part = part
        self.shapes = anatomy.given(node)
        self.place = key(node, part)
        own = next((f for f in node.frame.outward() if f.written is not None), None)
        self.spans = node.spans if own is part.frame else {}
        self.label = node.span if own is part.frame else None

    @property
    def x(self) -> Shape:
        return self.shapes[0]

    @property
    def rank(self) -> int:
        return self.x.rank

    def leaf(self, name: str, found: Any, default: Any = MISSING, written: str = "") -> Leaf:
        return Leaf(plain(found), name, self.spans.get(written or name), None, default)

    def channels(self) -> Leaf:
        return Leaf(self.x.channels, "channels", None, 0)

    @property
    def name(self) -> Named:
        return titled(self.part, self.part.name(self.node.path), self.label)

    def layer(self, kind: str | Code, *args: Any, **named: Any) -> Call:
        """A layer called on its operands."""
        made = call(kind, *args, **named)
        operands: Code = X if len(self.shapes) == 1 else Call("", (ALL,), "[]")
        return Call(Call(made.head, (*made.args, self.name)), (operands,))


def titled(part: Part, name: str, written: Any = None) -> Named:
    """The name of a layer. Those with dots go through a function: PyTorch, as a backend of Keras, takes none."""
    leaf = Leaf(Path(name), "name", written)
    return Named("name", Call("dotted", (leaf,)) if part.path or "." in name else leaf)


@singledispatch
def row(op: Op, to: Row) -> Code:
    """The Keras rule of an operator: one expression, one row of the summary."""
    raise NotImplementedError(f"no rule of source for `{op.word}`")


def coded(node: Node, to: Row) -> Code:
    """The code of a layer; CompileError, with its place, for what Keras cannot say."""
    try:
        return row(node.op, to)
    except OpError as wrong:
        found = Diagnostic("error", wrong.code, wrong.message, node.span, wrong.label, (), wrong.help, node.frame)
        raise CompileError([found]) from None


def measured(to: Row) -> None:
    """OpError where the size of the map is open, for layers that Keras has not and the file brings."""
    if any(None in x for x in to.shapes):
        message = f"in Keras `{to.node.op.word}` needs a map of known size, found {to.x}"
        raise OpError(message, code="open-size", help="`--input` sets it")


@singledispatch
def function(op: Op) -> Code | None:
    """What `activation=` takes for an activation: a name, or a function; None for none."""
    raise NotImplementedError(f"no rule of source for `{op.word}`")


def activation(op: Op | None) -> Leaf | Code:
    """The argument `activation=`."""
    if op is None:
        return Leaf(None, "activation", default=None)
    found = function(op)
    return Leaf(None, "activation", default=None) if found is None else found


def word(name: str) -> Leaf:
    """An activation by its Keras name."""
    return Leaf(name, "activation", default=None)


def applied(code: str) -> Leaf:
    """An activation that Keras has no name for."""
    return Leaf(Raw(code), "activation", default=None)


def nd(kind: str, rank: int) -> str:
    return f"layers.{kind}{rank}D"
