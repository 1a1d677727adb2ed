"""Expressions no deeper than a walk over them can go."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from . import syntax as s
from .layout import limit
from .limits import EXPRESSION


def bounded(expr: s.Expr) -> s.Expr:
    """The expression itself, if it is not so deep that a walk over it could exhaust the stack.

    A level takes at least one character, so that short ones need not be measured.
    """
    if expr.span.end - expr.span.start > EXPRESSION and _depth(expr) > EXPRESSION:
        help = "give its parts names with `let`"
        raise limit(f"an expression more than {EXPRESSION} levels deep", expr.span, help=help)
    return expr


def _depth(expr: s.Expr) -> int:
    depth, level = 0, [expr]
    while level and depth <= EXPRESSION:
        depth += 1
        level = [part for node in level for part in _inside(node)]
    return depth


def _inside(node: Any) -> list[Any]:
    """The nodes directly inside a node."""
    inside = [getattr(node, field.name) for field in fields(node) if field.name != "span"]
    flat: list[Any] = []
    while inside:
        part = inside.pop()
        if isinstance(part, tuple):
            inside.extend(part)
        elif is_dataclass(part):
            flat.append(part)
    return flat
