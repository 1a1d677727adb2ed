"""How much expanding a file may cost: counted while it happens, refused before time or memory is spent."""

from __future__ import annotations

from typing import Any, TypeVar

from .fault import Fault
from .limits import CALLS, DEPTH, ERRORS, ITEMS, LAYERS, TURNS
from .source import Span
from .values import Definition, Symbol

SHARE = 16
"""Elements that are made, compared or summed up for the price of one turn of a loop."""

FAULTS = 20 * ERRORS
"""Mistakes met, those of one place counted each time."""


T = TypeVar("T")


class Budget:
    """What one compilation has spent so far."""

    __slots__ = ("calls", "depth", "faults", "layers", "sizes", "turns")

    def __init__(self) -> None:
        self.calls = 0
        self.layers = 0
        self.turns = 0
        self.depth = 0
        self.faults = 0
        self.sizes: dict[int, tuple[Any, int]] = {}
        """How much larger lists hold, by identity; the lists are kept, so that no other takes their place."""

    def made(self, value: T, span: Span) -> T:
        """A list, tuple, map or word with arguments that was just made: its elements are counted, those within too."""
        size = self.size(value)
        if size > ITEMS:
            raise exceeded(f"a list of more than {ITEMS:,} elements", span)
        self.turn(span, size // SHARE)
        return value

    def looked_through(self, span: Span, *values: Any) -> None:
        """Every element of these is about to be looked at."""
        self.turn(span, sum(map(self.size, values)) // SHARE)

    def size(self, value: Any) -> int:
        """The elements of a value, those within its elements counted as often as they stand there."""
        inner = elements(value)
        if not inner:
            return 1
        known = self.sizes.get(id(value))
        if known is not None:
            return known[1]
        size = 1 + sum(map(self.size, inner))
        if size > SHARE:
            self.sizes[id(value)] = value, size
        return size

    def layer(self, span: Span) -> None:
        self.layers += 1
        if self.layers > LAYERS:
            raise exceeded(f"more than {LAYERS:,} layers", span)

    def turn(self, span: Span, count: int = 1) -> None:
        self.turns += count
        if self.turns > TURNS:
            raise exceeded(f"more than {TURNS:,} turns of loops", span)

    def fault(self, told: int) -> None:
        """One more mistake, of which some are told: others in other turns of a loop are the same."""
        self.faults += 1
        if told >= ERRORS or self.faults >= FAULTS:
            raise Enough

    def enter(self, span: Span) -> None:
        self.depth += 1
        self.calls += 1
        if self.calls > CALLS:
            raise exceeded(f"more than {CALLS:,} calls of blocks and functions", span)
        if self.depth > DEPTH:
            raise exceeded(f"calls nested more than {DEPTH} deep", span, "a block or function may not call itself")

    def leave(self) -> None:
        self.depth -= 1


class Enough(Exception):
    """So many mistakes have been told that the rest would not help."""


class Exhausted(Fault):
    """A limit was reached: the whole expansion ends, not only the statement."""


def exceeded(what: str, span: Span, help: str = "") -> Exhausted:
    return Exhausted("limit", what, span, help=help)


def elements(value: Any) -> Any:
    """What a value is made of, where it is made of others."""
    kind = type(value)
    if kind is list or kind is tuple:
        return value
    if kind is dict:
        return value.values()
    if kind is Symbol or kind is Definition:
        return (*value.args, *(v for _, v in value.named))
    return ()
