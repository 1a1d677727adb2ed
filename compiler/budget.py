"""How much expanding a file may cost: counted while it happens, refused before time or memory is spent."""

from __future__ import annotations

from .fault import Fault
from .limits import CALLS, DEPTH, LAYERS, TURNS
from .source import Span


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
        if self.layers > LAYERS:
            raise exceeded(f"more than {LAYERS:,} layers", span)

    def turn(self, span: Span, count: int = 1) -> None:
        self.turns += count
        if self.turns > TURNS:
            raise exceeded(f"more than {TURNS:,} turns of loops", span)

    def enter(self, span: Span) -> None:
        self.depth += 1
        self.calls += 1
        if self.calls > CALLS:
            raise exceeded(f"more than {CALLS:,} calls of blocks and functions", span)
        if self.depth > DEPTH:
            raise exceeded(f"calls nested more than {DEPTH} deep", span, "a block or function may not call itself")

    def leave(self) -> None:
        self.depth -= 1


class Exhausted(Fault):
    """A limit was reached: the whole expansion ends, not only the statement."""


def exceeded(what: str, span: Span, help: str = "") -> Exhausted:
    return Exhausted("limit", what, span, help=help)
