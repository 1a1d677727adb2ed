"""How long lines are to read, counted in calls, and what it costs to cut them where they belong together."""

from __future__ import annotations

from collections.abc import Sequence

from ..ops.base import OPERATORS
from .alike import look
from .items import Item, Use, bodies
from .windows import Window

CALL = 1.5
"""What the call of a block costs, in calls of layers."""

AGAIN = 0.2
"""What a body costs that stands in the same sequence before: a loop will have them both."""


def cost(items: Sequence[Item]) -> float:
    """How long the items are to read, in calls."""
    total, seen = 0.0, set()
    for item in items:
        inner = [cost(body) for body in bodies(item)]
        shape = look(item) if inner else None
        own = 1.0 if not isinstance(item, Use) or item.head in OPERATORS else CALL
        total += (own + sum(inner)) * (AGAIN if shape in seen else 1)
        if shape is not None:
            seen.add(shape)
    return total


def cuts(window: Window) -> int:
    """At how many of its ends a window takes apart what belongs together."""
    items, start = window.place.items, window.start
    end = start + len(window.items)
    before = start > 0 and together(items[start - 1], items[start], len(window.items))
    behind = end < len(items) and together(items[end - 1], items[end], len(window.items))
    return before + behind


def together(first: Item, second: Item, length: int) -> bool:
    """A convolution and its normalisation, a sum and its activation, two of a run."""
    if length > 1 and not isinstance(first, Use) and look(first) == look(second):
        return True
    if not isinstance(second, Use):
        return False
    if isinstance(first, Use) and first.head not in OPERATORS:
        return length > 1 and first.head == second.head
    kind = OPERATORS[first.head].family if isinstance(first, Use) else "merge"
    follower = OPERATORS[second.head].family if second.head in OPERATORS else ""
    if second.head == "channel_shuffle":
        return kind == "merge"
    if follower == "normalization":
        return kind in ("convolution", "dense")
    return follower == "activation" and kind in ("convolution", "dense", "normalization", "merge")
