"""How much expanding a file may cost: counted while it happens, refused before time or memory is spent."""

from __future__ import annotations

from .fault import Fault
from .source import Span

MAX_LAYERS = 120_000
"""Layers in one model, all blocks and loops expanded."""
MAX_TURNS = 250_000
"""Turns of loops, `repeat` and comprehensions together, and elements of ranges."""
MAX_DEPTH = 64
"""Blocks, models and `let` functions called within each other."""
MAX_CALLS = 50_000
"""Calls of blocks, models and `let` functions in all."""
MAX_INTEGER = 10**18
"""The largest whole number, also as an intermediate result."""
MAX_ITEMS = 100_000
"""Elements of one list, tuple or map."""
MAX_STRING = 10_000
"""Characters of one string."""
MAX_FILES = 200
"""Files imported, one by another, in one run."""


class Budget:
    """What one compilation has spent so far."""

    __slots__ = ("calls", "depth", "layers", "turns")

    def __init__(self) -> None:
        self.calls = 0
        self.layers = 0
        self.turns = 0
        self.depth = 0

    def layer(self, span: Span) -> None:
        self.layers += 1
        if self.layers > MAX_LAYERS:
            raise exceeded(f"more than {MAX_LAYERS:,} layers", span)

    def turn(self, span: Span, count: int = 1) -> None:
        self.turns += count
        if self.turns > MAX_TURNS:
            raise exceeded(f"more than {MAX_TURNS:,} turns of loops", span)

    def enter(self, span: Span) -> None:
        self.depth += 1
        self.calls += 1
        if self.calls > MAX_CALLS:
            raise exceeded(f"more than {MAX_CALLS:,} calls of blocks and functions", span)
        if self.depth > MAX_DEPTH:
            raise exceeded(f"calls nested more than {MAX_DEPTH} deep", span, "a block or function may not call itself")

    def leave(self) -> None:
        self.depth -= 1


class Exhausted(Fault):
    """A limit was reached: the whole expansion ends, not only the statement."""


def exceeded(what: str, span: Span, help: str = "") -> Exhausted:
    return Exhausted("limit", what, span, help=help)
