"""What makes one value of several."""

from __future__ import annotations

from typing import Any

from ....ops import merge
from ..code import Call, Code, Exact, Leaf
from ..holes import ALL
from .row import Row, row


@row.register
def merged(op: merge.Merge, to: Row) -> Code:
    return joined(f"layers.{op.keras_name}", to)


def joined(kind: str, to: Row, *args: Any, **named: Any) -> Code:
    """A merge of its operands in a list, also of one."""
    made = to.layer(kind, *args, **named)
    return Call(made.head, (Call("", (ALL,), "[]"),))


@row.register
def add(op: merge.Add, to: Row) -> Code:
    return joined("Add", to, to.leaf("drop", op.drop)) if op.drop else joined("layers.Add", to)


@row.register
def scaled_add(op: merge.ScaledAdd, to: Row) -> Code:
    return to.layer("CustomScaleLayer", to.leaf("scale", op.factor, written="factor"))


@row.register
def concat(op: merge.Concat, to: Row) -> Code:
    grows = op.position(to.x)
    axis = -1 if grows == to.rank else grows + 1
    return joined("layers.Concatenate", to, axis=Leaf(axis, "axis", default=-1))


@row.register
def dot(op: merge.Dot, to: Row) -> Code:
    first, second = op.summed(to.shapes)
    axes = Leaf(Exact((first + 1, second + 1)), "axes")
    return to.layer("layers.Dot", axes=axes, normalize=to.leaf("normalize", op.normalize, False))
