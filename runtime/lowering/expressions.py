"""Operators that are plain Python in the generated `forward`: sums and the like need no module around them."""

from __future__ import annotations

from functools import singledispatch

from ...compiler.ops.base import Op
from ...compiler.ops.merge import Add, Concat, Multiply, Subtract
from ...compiler.ops.scale import LayerScale
from ...compiler.ops.structure import Identity
from ...compiler.shape import Shape


@singledispatch
def expression(op: Op, names: list[str], shapes: tuple[Shape, ...], fresh: list[bool]) -> str | None:
    """The source of one use of `op` on the variables `names`; None where a module does it.

    Where the operator is a bare parameter, the source that reaches it is the last of `names`.
    `fresh` tells which variables may be written over: nothing else reads them, and no gradient needs them.
    """
    return None


@expression.register
def identity(op: Identity, names: list[str], shapes: tuple[Shape, ...], fresh: list[bool]) -> str | None:
    return names[0]


@expression.register
def layer_scale(op: LayerScale, names: list[str], shapes: tuple[Shape, ...], fresh: list[bool]) -> str | None:
    return " * ".join(names)


@expression.register
def add(op: Add, names: list[str], shapes: tuple[Shape, ...], fresh: list[bool]) -> str | None:
    if op.drop or unlike(shapes):
        return None
    if True not in fresh or len(set(shapes)) > 1 or None in shapes[0] or len(set(names)) < len(names):
        return " + ".join(names)
    first = names.pop(fresh.index(True))
    return first + "".join(f".add_({name})" for name in names)


@expression.register
def subtract(op: Subtract, names: list[str], shapes: tuple[Shape, ...], fresh: list[bool]) -> str | None:
    return None if unlike(shapes) else " - ".join(names)


@expression.register
def multiply(op: Multiply, names: list[str], shapes: tuple[Shape, ...], fresh: list[bool]) -> str | None:
    return None if unlike(shapes) else " * ".join(names)


@expression.register
def concat(op: Concat, names: list[str], shapes: tuple[Shape, ...], fresh: list[bool]) -> str | None:
    grows = op.position(shapes[0])
    axis = 1 if grows == shapes[0].rank else grows + 2
    return f"torch.cat([{', '.join(names)}], {axis})"


def unlike(shapes: tuple[Shape, ...]) -> bool:
    """Whether a vector meets a map: torch would line up their last axes, which are not the channels."""
    return len({x.rank for x in shapes}) > 1
