"""Blocks, models and shared parts: a body expanded where it is called."""

from __future__ import annotations

from typing import Any

from . import syntax as s
from .budget import exceeded
from .elsewhere import Written
from .fault import Fault, did_you_mean
from .graph import Allowance
from .limits import DEPTH
from .naming import Paths
from .nodes import Nodes
from .parameters import bind_parameters
from .place import NOTHING, Body, Place
from .scope import Scope
from .source import Frame, Source, Span
from .values import POISON, Definition, Family, Given, Instance, Several, Shared, describe, is_value, ports


class Instances(Nodes):
    """How definitions are instantiated."""

    def instance(self, definition: Definition, call: s.Call, place: Place, current: Any, name: str | None) -> Any:
        """A block or model called in a chain."""
        given = self.given(call, place)
        until = next((g for g in given if g.name == "until"), None)
        given = [g for g in given if g is not until]
        named = {g.name for g in given if g.name is not None}
        given = [*(g for g in bound(definition, call.head.span) if g.name not in named), *given]
        path = self.path(call.label, name, definition.name, place)
        first = len(self.nodes)
        value, scope, _ = self.enter(definition, given, call.span, place, current, path)
        names = {n: b for n, b in scope.names.items() if b.kind in ("value", "side")}
        result: Any = Instance(value.value if isinstance(value, Instance) else value, names, path)
        if until is not None:
            result = self.cut(result, until, definition, first)
        self.found[path] = result
        self.name_value(call.label, result, place)
        return result

    def cut(self, result: Instance, until: Given, definition: Definition, first: int) -> Instance:
        """`until="name"`: the inner value of that name (also `c[5]`) or path; what it does not need is not part of the
        model."""
        name = until.value
        if not isinstance(name, str):
            raise Fault(
                "type", f"`until` is the name of an inner value as a string, found {describe(name)}", until.span
            )
        self.cuts.append((first, len(self.nodes)))
        inner = result.inner(name) or self.found.get(f"{result.path}.{name}")
        if inner is None:
            prefix = result.path + "."
            known = [*result.names, *(p[len(prefix) :] for p in self.found if p.startswith(prefix))]
            raise Fault("unknown-name", f'`{definition.name}` has no inner value "{name}"', until.span,
                        help=did_you_mean(name, known))  # fmt: skip
        return Instance(inner.value if isinstance(inner, Instance) else inner, result.names, result.path)

    def enter(
        self,
        definition: Definition,
        given: list[Given],
        span: Span,
        place: Place | None,
        current: Any,
        path: str,
    ) -> tuple[Any, Scope, Body]:
        """Expand a body with its parameters bound: its value, its names and what else it gave."""
        self.budget.enter(span)
        try:
            base, given, declared = self.base(definition, given, span)
            written = base.written
            assert not isinstance(written, s.Variant)
            kind = "model" if isinstance(written, s.Model) else "block"
            scope = Scope(base.home)
            bind_parameters(written.params, given, scope, span, f"the {kind} `{base.name}`", self.evaluate)
            bindings = tuple((n, b.value) for n, b in scope.names.items())
            around = place.frame if place else None
            frame = Frame(kind, definition.name, span, around, path, bindings, written=written, declared=declared)
            return self.body(written, kind, scope, frame, place, current)
        finally:
            self.budget.leave()

    def body(
        self, written: s.Block | s.Model, kind: str, scope: Scope, frame: Frame, place: Place | None, current: Any
    ) -> tuple[Any, Scope, Body]:
        arguments = [] if current is NOTHING else list(current) if isinstance(current, Several) else [current]
        body = Body(kind == "model", place is None, arguments)
        scope.body = Written(written.body)
        takes_flow = kind == "block" or not declares_input(written)
        flow = current if takes_flow else NOTHING
        if flow is not NOTHING:
            scope.comes_in(flow, frame.span)
        inner = Place(scope, flow, frame, Paths(frame.path), body)
        inner.shared = place.shared if place else False
        first = len(self.nodes)
        self.run(written.body, inner)
        if body.allowed:
            self.allowances.append(Allowance(frozenset(body.allowed), first, len(self.nodes)))
        if place is not None and len(arguments) > len(body.inputs) and not takes_flow and POISON not in body.inputs:
            takes = f"{len(body.inputs)} value{'s' * (len(body.inputs) != 1)}"
            raise Fault("too-many-values", f"the model takes {takes}, {len(arguments)} came in", frame.span)
        if body.ended is None:
            return inner.flow, scope, body
        return self.output_value(body.result), scope, body

    def output_value(self, result: Any) -> Any:
        if isinstance(result, list):
            return Several(result)
        return result

    def base(
        self, definition: Definition, given: list[Given], span: Span
    ) -> tuple[Definition, list[Given], tuple[Source, ...]]:
        """The model behind variants, with the arguments of all of them, and where each is declared; what is left open
        can be given."""
        declared = [definition.written.span.source]
        while isinstance(definition.written, s.Variant):
            written = definition.written
            if len(declared) > DEPTH:
                raise exceeded(f"a variant of a variant, more than {DEPTH} deep", span)
            scope = Scope(definition.home)
            own = {p.name for p in written.params}
            mine = [g for g in given if g.name is None or g.name in own]
            bind_parameters(written.params, mine, scope, span, f"the model `{written.name}`", self.evaluate)
            under = self.evaluate(written.call.head, scope)
            if not isinstance(under, Definition) or isinstance(under.written, s.Block):
                raise Fault("type", f"`{written.call.head.span.text}` is no model", written.call.head.span)
            fixed = [Given(a.name, self.evaluate(a.value, scope), a.span) for a in written.call.args]
            open_ = [g for g in given if g not in mine]
            later = {g.name for g in open_}
            given = [*(g for g in (*bound(under, span), *fixed) if g.name is None or g.name not in later), *open_]
            definition = under
            declared.append(under.written.span.source)
        return definition, given, tuple(declared)

    def use_shared(self, shared: Shared, call: s.Call, place: Place, current: Any) -> Any:
        """Expand a shared chain once more, under the paths of its first use."""
        if call.args:
            raise Fault("type", f"`{shared.written.name}` has its arguments where it is shared", call.span)
        if current is NOTHING:
            raise Fault("no-current-value", f"`{shared.written.name}` has no value to start from", call.span)
        shared.uses += 1
        home: Place = shared.place
        frame = Frame("share", shared.written.name, call.span, place.frame, shared.path, (), shared.uses)
        value = self.shared_chain(shared, home, frame, current)
        self.name_value(call.label, value, place)
        return value

    def shared_chain(self, shared: Shared, home: Place, frame: Frame, current: Any) -> Any:
        steps = shared.written.chain.steps
        single = len(steps) == 1
        paths = Paths(home.paths.prefix if single else shared.path)
        inner = Place(home.scope.inner(), current, frame, paths, home.body)
        inner.shared = True
        value = current
        self.budget.enter(frame.span)
        try:
            for step in steps:
                assert isinstance(step, s.Call)
                own = s.Call(step.head, step.args, None, step.span) if single else step
                name = shared.path[len(paths.prefix) :].lstrip(".") if single else None
                value = self.step(own, inner, value, False, name)
        finally:
            self.budget.leave()
        return value


def bound(definition: Definition, span: Span) -> list[Given]:
    """The arguments that a definition was passed with."""
    return [*(Given(None, v, span) for v in definition.args), *(Given(n, v, span) for n, v in definition.named)]


def declares_input(written: s.Block | s.Model) -> bool:
    """Whether a model's body declares an input at its top level."""
    for statement in written.body:
        steps = statement.chain.steps if isinstance(statement, (s.Flow, s.Side)) else ()
        head = steps[0].head if steps and isinstance(steps[0], s.Call) else None
        if isinstance(head, s.Name) and head.id == "input" and isinstance(steps[0], s.Call) and steps[0].args:
            return True
    return False


def single(value: Any) -> Any:
    """The one port of a value; None where there are several."""
    if not is_value(value) or isinstance(value, (Several, Family)):
        return None
    found = list(ports(value))
    return found[0] if len(found) == 1 else None
