"""Operators that are plain Python in the generated `forward`: sums and the like need no module around them."""

from __future__ import annotations

from functools import singledispatch

from ..compiler.ops.base import Op
from ..compiler.ops.structure import Identity
from ..compiler.shape import Shape


@singledispatch
def expression(op: Op, names: list[str], shapes: tuple[Shape, ...], fresh: list[bool]) -> str | None:
    """The source of one use of `op` on variables `names`; None where a module does it.

    `fresh` tells which variables may be overwritten: nothing else reads them, and no gradient needs them.
    """
    return None


@expression.register
def identity(op: Identity, names: list[str], shapes: tuple[Shape, ...], fresh: list[bool]) -> str | None:
    return names[0]
