"""Names that are bound somewhere, and not in sight where they are used: why, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from . import syntax as s
from .fault import Fault
from .source import Span

Body = tuple[s.Statement, ...]


class Binder(NamedTuple):
    """A statement that binds a name, and the statements around it that keep the name to themselves."""

    span: Span
    around: tuple[s.Statement, ...]


class Written:
    """The statements of a body; which of them bind a name is found out once, where it is asked for."""

    __slots__ = ("_binders", "body")

    def __init__(self, body: Body = ()) -> None:
        self.body = body
        self._binders: dict[str, list[Binder]] | None = None

    def binders(self, name: str) -> list[Binder]:
        if self._binders is None:
            self._binders = {}
            for bound, binder in binders(self.body):
                self._binders.setdefault(bound, []).append(binder)
        return self._binders.get(name, [])


class Skipped:
    """The cases that conditions left out, each once, with the condition."""

    __slots__ = ("cases",)

    def __init__(self) -> None:
        self.cases: dict[int, tuple[Span, Written]] = {}

    def add(self, condition: Span, body: Body) -> None:
        if id(body) not in self.cases:
            self.cases[id(body)] = condition, Written(body)


def bound_elsewhere(name: str, skipped: Skipped, written: Written, span: Span) -> Fault | None:
    """Why a name is not there: its condition is false, it is bound further down, or only inside some body."""
    for condition, case in skipped.cases.values():
        if case.binders(name):
            line = condition.line
            return Fault("not-defined", f"`{name}` is not defined: the condition in line {line} is false here", span)
    for binder in written.binders(name):
        outside = next((k for k in binder.around if not k.span.start <= span.start <= end(k)), None)
        if outside is not None:
            return kept(name, outside, span)
        if binder.span.start > span.start:
            line = binder.span.line
            return Fault("unknown-name", f"`{name}` is bound only further down, in line {line}", span)
    return None


def end(statement: s.Statement) -> int:
    """Where a statement ends, with its body."""
    bodies: list[Body] = []
    if isinstance(statement, s.Cond):
        bodies = [*(body for _, body in statement.cases), statement.otherwise or ()]
    elif isinstance(statement, (s.Flow, s.Side, s.Loop)):
        bodies = [statement.body or ()]
    return max([statement.span.end, *(end(body[-1]) for body in bodies if body)])


def kept(name: str, keeper: s.Statement, span: Span) -> Fault:
    """A name that lives in a body alone."""
    word = head_word(keeper) or "for"
    loop = word in ("for", "repeat")
    what = "a turn of the loop" if loop else f"the body of `{word}`"
    index = "to keep the values of all turns, bind them with an index, as in `as e[i]`"
    return Fault("unknown-name", f"`{name}` is known only inside {what} in line {keeper.span.line}", span,
                 help=index if loop else "")  # fmt: skip


def binders(body: Body, around: tuple[s.Statement, ...] = ()) -> Iterator[tuple[str, Binder]]:
    """The names that a body and the bodies in it bind, and where."""
    for statement in body:
        for name in names_of(statement):
            yield name, Binder(statement.span, around)
        if isinstance(statement, s.Cond):
            for _, inner in statement.cases:
                yield from binders(inner, around)
            yield from binders(statement.otherwise or (), around)
        elif isinstance(statement, (s.Flow, s.Side, s.Loop)) and statement.body is not None:
            yield from binders(statement.body, (*around, statement))


def names_of(statement: s.Statement) -> set[str]:
    """The names that a statement itself binds, with or without an index."""
    names: set[str] = set()
    if isinstance(statement, s.Side):
        names.update(root(t) for t in statement.targets)
    elif isinstance(statement, (s.Share, s.LetFunction)):
        names.add(statement.name)
    elif isinstance(statement, s.Let):
        names.update(pattern_names(statement.pattern))
    labels = [statement.label] if isinstance(statement, s.Here) else []
    if isinstance(statement, (s.Flow, s.Side)):
        labels += [step.label for step in statement.chain.steps if step.label is not None]
    return names | {root(label.target) for label in labels if label.target is not None}


def pattern_names(pattern: s.Pattern) -> list[str]:
    if pattern.name is not None:
        return [pattern.name]
    return [name for part in pattern.parts for name in pattern_names(part)]


def root(target: s.Expr) -> str:
    """The name at the root of `e[i][j]` or `a.b`."""
    while isinstance(target, (s.Index, s.Member)):
        target = target.value
    return target.id if isinstance(target, s.Name) else ""


def head_word(statement: s.Statement) -> str:
    """The word a flow statement begins with."""
    step = statement.chain.steps[0] if isinstance(statement, s.Flow) else None
    return step.head.id if isinstance(step, s.Call) and isinstance(step.head, s.Name) else ""
