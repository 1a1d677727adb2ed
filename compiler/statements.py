"""The statements of a body, one after another: chains, side values, loops, conditions and the words of a body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import syntax as s
from .budget import Exhausted
from .diagnostics import Diagnostics
from .elsewhere import head_word, names_of
from .expansion import Request
from .fault import Fault
from .graph import Port
from .merges import Merges
from .naming import Paths
from .place import NOTHING, Place
from .remarks import REMARKS, Remarks
from .scope import Binding, Scope
from .source import Frame, Span
from .values import (
    POISON,
    Family,
    Function,
    Instance,
    Poisoned,
    Shared,
    describe,
    is_values,
)


class Statements(Merges, Remarks):
    """How each form of statement moves the place it stands at."""

    def __init__(self, request: Request, diagnostics: Diagnostics, words: frozenset[str]) -> None:
        super().__init__(request, diagnostics, words)
        self.statements: dict[type, Callable[[Any, Place], None]] = {
            s.Flow: self.flow,
            s.Side: self.side,
            s.Share: self.share,
            s.Here: self.here,
            s.Loop: self.loop,
            s.Cond: self.cond,
            s.Let: self.let,
            s.LetFunction: self.let_function,
            s.Doc: lambda statement, place: None,
        }
        self.words: dict[str, Callable[[s.Call, tuple[s.Statement, ...] | None, Place], None]] = {
            "repeat": self.repeat,
            "branch": self.branch,
            "residual": self.residual,
            "shortcut": self.shortcut,
            "output": self.output,
            "expect": self.expect,
            "allow": self.allow,
            "group": self.group,
            "sequential": self.group,
        }

    # --- bodies -------------------------------------------------------------------------------------------------------

    def run(self, statements: tuple[s.Statement, ...], place: Place) -> None:
        """Expand a body; a statement that fails leaves POISON behind, and the next is looked at."""
        for position, statement in enumerate(statements):
            try:
                self.statements[type(statement)](statement, place)
            except Exhausted:
                raise
            except Fault as fault:
                self.report(fault, place)
                self.poison(statement, place)
            except Poisoned:
                self.poison(statement, place)
            if place.body.ended is not None:
                self.after_output(statement, statements[position + 1 :], place)
                return

    def after_output(self, statement: s.Statement, rest: tuple[s.Statement, ...], place: Place) -> None:
        """What stands behind `output`: figures and documentation. Inside an `if` it leaves what flows."""
        for other in rest:
            if head_word(other) in REMARKS and isinstance(other, s.Flow):
                self.flow(other, place)
            elif head_word(statement) == "output" and not isinstance(other, s.Doc):
                message = "nothing follows `output` but `expect` and `allow`"
                self.report(Fault("after-output", message, other.span), place)
                return

    def report(self, fault: Fault, place: Place | None) -> None:
        """Tell a fault with the way in; where it is told at a call, the way ends in front of that."""
        frame = place.frame if place is not None else None
        calls = [f.parent for f in frame.outward() if f.span == fault.span] if frame is not None else []
        self.diagnostics.error(
            fault.code,
            fault.message,
            fault.span,
            label=fault.label,
            notes=fault.notes,
            help=fault.help,
            frame=calls[-1] if calls else frame,
        )
        self.budget.fault(self.diagnostics.errors)

    def poison(self, statement: s.Statement, place: Place) -> None:
        """What the statement would have made is POISON."""
        if not isinstance(statement, (s.Side, s.Let, s.LetFunction, s.Share)):
            place.flow = POISON
        for name in names_of(statement):
            binding = place.scope.find(name)
            if binding is None:
                place.scope.whole.names[name] = binding = Binding(POISON, statement.span, "value")
                binding.read = True
            elif isinstance(binding.value, Family):
                binding.value.poisoned = True

    # --- statements ---------------------------------------------------------------------------------------------------

    def flow(self, statement: s.Flow, place: Place) -> None:
        """`a -> b`, and words that take a body."""
        *before, last = statement.chain.steps
        for position, step in enumerate(before):
            place.flow = self.step(step, place, place.flow, position == 0)
        word = last.head.id if isinstance(last, s.Call) and isinstance(last.head, s.Name) else ""
        if word in self.words and self.is_word(word, place):
            if before and word != "residual":
                raise not_a_step(word, last.span)
            self.in_merge(word, place, last.span)
            assert isinstance(last, s.Call)
            self.words[word](last, statement.body, place)
            return
        self.in_merge(word, place, last.span)
        if statement.body is None:
            place.flow = self.step(last, place, place.flow, not before)
            return
        place.flow = self.with_body(last, statement.body, place, place.flow)

    def is_word(self, word: str, place: Place) -> bool:
        """Whether the word is not some name of the file."""
        return place.scope.find(word) is None and word not in place.scope.file.definitions

    def in_merge(self, word: str, place: Place, span: Span) -> None:
        if place.branches is not None and word not in ("branch", "repeat"):
            raise Fault("no-branch", "inside a merge only `branch:` stands, with `for`, `if` and `let`", span)

    def side(self, statement: s.Side, place: Place) -> None:
        """`name = chain`, `a, b = chain`"""
        if place.branches is not None:
            self.in_merge("=", place, statement.span)
        single = statement.targets[0] if len(statement.targets) == 1 else None
        *before, last = statement.chain.steps
        name = self.target_name(single, place) if single is not None else None
        value: Any = NOTHING
        for position, step in enumerate(before):
            value = self.step(step, place, value, position == 0)
        if statement.body is not None:
            value = self.with_body(last, statement.body, place, value, name)
        else:
            value = self.step(last, place, value, not before, name)
        if single is not None:
            self.bind_target(single, value, place)
            return
        items = self.apart(value, statement)
        for target, item in zip(statement.targets, items):
            self.bind_target(target, item, place)

    def apart(self, value: Any, statement: s.Side) -> list[Any]:
        """The values for several targets."""
        if value is POISON:
            return [POISON] * len(statement.targets)
        whole = value.value if isinstance(value, Instance) else value
        items = list(whole) if not isinstance(whole, Port) and is_values(whole) else [whole]
        if len(items) != len(statement.targets):
            count = f"{len(items)} value{'s' * (len(items) != 1)}"
            raise Fault("type", f"{len(statement.targets)} names for {count}", statement.span)
        return items

    def share(self, statement: s.Share, place: Place) -> None:
        """`share name = chain`: nothing is expanded before its first use."""
        last = statement.chain.steps[-1]
        label = last.label if isinstance(last, s.Call) else None
        path = self.label_path(label, place) if label is not None else None
        path = path or place.paths.named(statement.name)
        place.scope.bind(statement.name, Shared(statement, place, path), statement.span, "shared")
        binding = place.scope.names[statement.name]
        self.sides.setdefault(id(statement), (s.Name(statement.name, statement.span), []))[1].append(binding)

    def here(self, statement: s.Here, place: Place) -> None:
        """`as name` alone names the current value."""
        if place.flow is NOTHING:
            raise Fault("no-current-value", "there is no current value to name", statement.span)
        if statement.label.target is None:
            raise Fault(
                "type", "a name is wanted here: the path of a layer is given where it is called", statement.span
            )
        self.bind_target(statement.label.target, place.flow, place, "value")

    def loop(self, statement: s.Loop, place: Place) -> None:
        """Each turn is a scope of its own; the flow goes through all of them."""
        for turn, item in enumerate(self.evaluate.sequence(statement.sequence, place.scope)):
            scope = place.scope.inner()
            self.evaluate.bind_pattern(statement.pattern, item, scope)
            bindings = tuple((name, b.value) for name, b in scope.names.items())
            self.turn(statement.body, place, scope, statement.span, "for", bindings, turn)
            if place.body.ended is not None:
                return

    def repeat(self, call: s.Call, body: tuple[s.Statement, ...] | None, place: Place) -> None:
        """`repeat n:`"""
        if body is None:
            raise missing_body("repeat", call.span)
        if len(call.args) != 1 or call.args[0].name is not None or call.label is not None:
            raise Fault("type", "`repeat` takes one number: `repeat 3:`", call.span)
        count = self.evaluate(call.args[0].value, place.scope)
        if isinstance(count, float) and count.is_integer():
            count = int(count)
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise Fault("type", f"`repeat` takes a whole number, found {describe(count)}", call.args[0].span)
        for turn in range(count):
            self.turn(body, place, place.scope.inner(), call.span, "repeat", (), turn)

    def turn(
        self,
        body: tuple[s.Statement, ...],
        place: Place,
        scope: Scope,
        span: Span,
        name: str,
        bindings: tuple[tuple[str, Any], ...],
        turn: int,
    ) -> None:
        self.budget.turn(span)
        frame = Frame("loop", name, span, place.frame, place.paths.prefix, bindings, turn)
        inner = place.inner(scope=scope, frame=frame)
        inner.residual, inner.branches = place.residual, place.branches
        self.run(body, inner)
        place.flow = inner.flow

    def group(self, call: s.Call, body: tuple[s.Statement, ...] | None, place: Place) -> None:
        """`group as features:` puts its body under one path; `sequential as stem:` makes one row of it as well."""
        word = call.head.id if isinstance(call.head, s.Name) else ""
        if body is None or call.args or call.label is None:
            raise Fault("missing-body", f"a {word} has a label and a body: `{word} as features:`", call.span)
        path = self.label_path(call.label, place) or ""
        frame = Frame(word, word, call.span, place.frame, path)
        inner = place.inner(frame=frame, paths=Paths(path))
        inner.residual = place.residual
        self.run(body, inner)
        place.flow = inner.flow
        self.found[path] = inner.flow
        self.name_value(call.label, inner.flow, place)

    def cond(self, statement: s.Cond, place: Place) -> None:
        """The first case that holds is expanded, in the scope of the statement itself."""
        for position, (condition, body) in enumerate(statement.cases):
            if self.evaluate.truth(condition, place.scope):
                self.skip(statement, place, position + 1)
                self.run(body, place)
                return
            place.scope.skipped.add(condition.span, body)
        if statement.otherwise is not None:
            self.run(statement.otherwise, place)

    def skip(self, statement: s.Cond, place: Place, start: int) -> None:
        for condition, body in statement.cases[start:]:
            place.scope.skipped.add(condition.span, body)
        if statement.otherwise is not None:
            place.scope.skipped.add(statement.span, statement.otherwise)

    def let(self, statement: s.Let, place: Place) -> None:
        value = self.evaluate(statement.value, place.scope)
        self.evaluate.bind_pattern(statement.pattern, value, place.scope, "let")

    def let_function(self, statement: s.LetFunction, place: Place) -> None:
        place.scope.bind(statement.name, Function(statement, place.scope), statement.span, "let")

    # --- words of a body ----------------------------------------------------------------------------------------------

    def output(self, call: s.Call, body: tuple[s.Statement, ...] | None, place: Place) -> None:
        """`output a, b` ends a block or model."""
        if body is not None or call.label is not None or any(a.name is not None for a in call.args) or not call.args:
            raise Fault("type", "`output` takes the names of values: `output a, b`", call.span)
        values = []
        for argument in call.args:
            value = self.evaluate(argument.value, place.scope)
            if not is_values(value):
                raise Fault("type", f"`output` takes values of the network, found {describe(value)}", argument.span)
            values.append(value)
        place.body.ended = call.span
        place.body.output_names = [a.value.span.text for a in call.args]
        place.body.result = values[0] if len(values) == 1 else values


def not_a_step(word: str, span: Span) -> Fault:
    return Fault("word", f"`{word}` stands at the beginning of a line of its own", span)


def missing_body(word: str, span: Span) -> Fault:
    return Fault("missing-body", f"`{word}` wants a body", span, help=f"end the line with a colon: `{span.text}:`")
