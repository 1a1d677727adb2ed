"""What the text of a block says: its lets, its calls with their arguments, the conditions around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import syntax as s

Place = tuple[int, int]
"""Where a call or an argument stands: start and end of its span."""


class Said:
    """The parts of a body by the places where they stand."""

    def __init__(self, written: Any) -> None:
        self.lets: dict[str, s.Let] = {}
        self.calls: dict[Place, s.Call] = {}
        self.args: dict[Place, s.Expr] = {}
        self.conditions: dict[Place, list[tuple[s.Expr, bool]]] = {}
        """For each call the conditions around it, and whether they hold there."""
        if written is not None and not isinstance(written, s.Variant):
            self.body(written.body, [])

    def body(self, statements: Sequence[s.Statement], around: list[tuple[s.Expr, bool]]) -> None:
        for statement in statements:
            if isinstance(statement, s.Let) and statement.pattern.name is not None:
                self.lets.setdefault(statement.pattern.name, statement)
            elif isinstance(statement, s.Cond):
                self.cases(statement, around)
            elif isinstance(statement, (s.Flow, s.Side, s.Share)):
                self.chain(statement.chain, around)
                inner = statement.body if not isinstance(statement, s.Share) else None
                self.body(inner or (), around)
            elif isinstance(statement, s.Loop):
                self.body(statement.body, around)

    def cases(self, statement: s.Cond, around: list[tuple[s.Expr, bool]]) -> None:
        before = list(around)
        for condition, body in statement.cases:
            self.body(body, [*before, (condition, True)])
            before.append((condition, False))
        self.body(statement.otherwise or (), before)

    def chain(self, chain: s.Chain, around: list[tuple[s.Expr, bool]]) -> None:
        for step in chain.steps:
            if isinstance(step, s.Call):
                place = (step.span.start, step.span.end)
                self.calls[place] = step
                held = [(a.value, True) for a in step.args if a.name == "when"]
                self.conditions[place] = [*around, *held]
                for arg in step.args:
                    self.args[arg.span.start, arg.span.end] = arg.value
