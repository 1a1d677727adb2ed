"""Chains, calls and expressions -> pieces of a statement for page.py, with the comments that stand between them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from . import syntax as s
from .page import Entry, Layout, Row, Run, Table
from .source import Span
from .spell import PART, label, spell

Node = Any  # whatever has a span


class Comments:
    """The comments of a file that have found no place yet, in its order."""

    def __init__(self, comments: Iterable[s.Comment]) -> None:
        self._left = deque(comments)

    def until(self, offset: float) -> list[s.Comment]:
        """Takes those that begin before an offset."""
        taken = []
        while self._left and self._left[0].span.start < offset:
            taken.append(self._left.popleft())
        return taken

    def behind(self, line: int) -> str:
        """Takes the one at the end of a line of code."""
        found = self._left and not self._left[0].alone and self._left[0].line == line
        return self._left.popleft().text if found else ""

    def deep(self, column: int, offset: float) -> list[s.Comment]:
        """Takes those on lines of their own that begin before an offset, and no further left than a column."""
        taken = []
        while self._left and self._left[0].span.start < offset and self._left[0].span.column >= column:
            taken.append(self._left.popleft())
        return taken


class Arranger:
    """Walks a statement in the order of its text, and takes the comments it passes."""

    def __init__(self, comments: Comments) -> None:
        self._comments = comments

    def chain(self, chain: s.Chain, prefix: str = "", suffix: str = "") -> list[Row]:
        """`a 1, x=2 ->`, `b as c`: a line may end behind any comma or arrow."""
        rows: list[Row] = []
        for number, step in enumerate(chain.steps, 1):
            self._step(rows, step, suffix if number == len(chain.steps) else " ->")
        return [rows[0]._replace(content=Run((prefix, rows[0].content))), *rows[1:]] if prefix else rows

    def _step(self, rows: list[Row], step: s.Step, end: str) -> None:
        end = (f" as {label(step.label)}" if step.label else "") + end
        above = self._between(rows, step.span.start)
        if isinstance(step, s.Group):
            rows.append(Row(f"({', '.join(map(spell, step.items))}){end}", above))
            return
        head = spell(step.head)
        if not step.args:
            rows.append(Row(head + end, above))
        for number, given in enumerate(step.args, 1):
            if number > 1:
                above, head = self._between(rows, given.span.start), ""
            sign = "," if number < len(step.args) else end
            rows.append(Row(Run((f"{head} " if head else "", self.arg(given), sign)), above, joined=number > 1))

    def value(self, expr: s.Expr, prefix: str = "", suffix: str = "") -> list[Row]:
        """An expression as the only piece."""
        return [Row(Run((prefix, self.layout(expr), suffix)))]

    def layout(self, expr: s.Expr) -> Layout:
        """What stands in brackets can be broken over lines, everything else is one text."""
        match expr:
            case s.List() if expr.items:
                filled = all(map(_is_plain_number, expr.items))
                return self._table("[", expr.items, self.layout, "]", expr.span, _several_lines(expr.span), filled)
            case s.Map() if expr.pairs:
                rows = [_Pair(*pair) for pair in expr.pairs]
                return self._table("{", rows, self._entry, "}", expr.span, _several_lines(expr.span))
            case s.Tuple():
                last = "," if len(expr.items) == 1 else ""
                return self._table("(", expr.items, self.layout, ")", expr.span)._replace(last=last)
            case s.Apply() if expr.args:
                return self._table(spell(expr.function, PART) + "(", expr.args, self.arg, ")", expr.span)
        return spell(expr)

    def arg(self, given: s.Arg) -> Layout:
        value = self.layout(given.value)
        return Run((f"{given.name}=", value)) if given.name else value

    def params(self, opener: str, params: Sequence[s.Param], span: Span) -> Layout:
        """`model NAME(a, b=1)`"""
        return self._table(f"{opener}(", params, self._param, ")", span) if params else opener

    def _param(self, param: s.Param) -> Layout:
        return Run((f"{param.name}=", self.layout(param.default))) if param.default else param.name

    def _entry(self, pair: _Pair) -> Layout:
        return Entry(spell(pair.key), self.layout(pair.value))

    def _table(
        self,
        opener: str,
        nodes: Iterable[Node],
        make: Callable[[Any], Layout],
        closer: str,
        span: Span,
        broken: bool = False,
        filled: bool = False,
    ) -> Table:
        rows: list[Row] = []
        for node in nodes:
            above = self._between(rows, node.span.start)
            rows.append(Row(make(node), above))
        closing = self._between(rows, span.end)
        return Table(opener, tuple(rows), closer, broken, filled, closing=closing)

    def _between(self, rows: list[Row], offset: int) -> tuple[str, ...]:
        """The comments in front of an offset: one at the end of a line belongs to the last row."""
        taken = self._comments.until(offset)
        if rows and taken and not taken[0].alone:
            rows[-1] = rows[-1]._replace(behind=taken.pop(0).text)
        return tuple(comment.text for comment in taken)


class _Pair:
    """`key: value` as one node."""

    def __init__(self, key: s.Expr, value: s.Expr) -> None:
        self.key = key
        self.value = value
        self.span = key.span.to(value.span)


def _several_lines(span: Span) -> bool:
    return "\n" in span.text


def _is_plain_number(expr: s.Expr) -> bool:
    return isinstance(expr, s.Number) or (isinstance(expr, s.Unary) and _is_plain_number(expr.operand))
