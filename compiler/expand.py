"""Syntax -> graph: blocks inlined, loops unrolled, limits kept."""

from __future__ import annotations

from typing import Any

from . import syntax as s
from .budget import Enough
from .diagnostics import Diagnostic
from .elsewhere import head_word, root
from .fault import Fault, did_you_mean
from .graph import Graph, Output, Port
from .naming import Paths
from .ops.structure import Input
from .place import NOTHING, Body, Place
from .remarks import REMARKS
from .scope import Scope
from .source import Frame, Span
from .statements import Statements
from .values import (
    POISON,
    Definition,
    Given,
    Poisoned,
    ports,
)


class Expander(Statements):
    """One expansion of one model."""

    def model(self) -> Graph | None:
        """Expand the requested model; None where its result could not be made (the errors have been told)."""
        definition = self.request.definition
        span = definition.written.span
        try:
            result, scope, body = self.enter(definition, self.requested_params(), span, None, NOTHING, "")
            outputs = self.outputs(result, body)
            self.check_requested(span)
            self.variant_body(definition, body)
        except Fault as fault:
            self.report(fault, None)
            return None
        except (Poisoned, Enough):
            return None
        except RecursionError:
            self.report(Fault("limit", "nested too deeply", span), None)
            return None
        if not self.diagnostics.failed:
            self.check_sides()
        if outputs is None:
            return None
        if self.diagnostics.failed:
            return None
        values = {name: b.value for name, b in scope.names.items() if b.kind in ("value", "side")}
        return Graph(
            definition.name,
            span.source.name,
            self.nodes,
            tuple(self.inputs),
            outputs,
            span,
            self.doc(definition),
            tuple(body.expectations),
            values,
            body.allowed,
            self.allowances,
        )

    def requested_params(self) -> list[Given]:
        """The parameters set from outside (`-p`)."""
        span = self.request.definition.written.span
        return [Given(name, value, span) for name, value in self.request.params.items()]

    def check_requested(self, span: Span) -> None:
        """The shapes asked for from outside (`--input`) are for inputs that are there."""
        names = [node.path for node in self.inputs]
        there = f"there are {', '.join(f'`{n}`' for n in names)}"
        for name in self.request.inputs:
            if name and name not in names:
                raise Fault("input", f"the model has no input `{name}`", span, help=did_you_mean(name, names) or there)
            if not name and len(names) > 1:
                raise Fault("input", f"a shape without a name, and the model has {len(names)} inputs", span, help=there)

    def doc(self, definition: Definition) -> str:
        """The documentation of a model."""
        return next((item.text for item in definition.written.body if isinstance(item, s.Doc)), "")

    def variant_body(self, definition: Definition, body: Body) -> None:
        """The figures of a variant stand in its own body; those of the model behind it hold for that alone."""
        written = definition.written
        if not isinstance(written, s.Variant):
            return
        if written.call.args or written.body:
            body.expectations.clear()
        frame = Frame("model", definition.name, written.span, None)
        body.ended = None
        place = Place(Scope(definition.home), NOTHING, frame, Paths(""), body)
        for statement in written.body:
            if not isinstance(statement, s.Doc) and head_word(statement) not in REMARKS:
                raise Fault(
                    "variant", "the body of a variant has documentation, `expect` and `allow` only", statement.span
                )
        self.run(written.body, place)

    def outputs(self, result: Any, body: Body) -> tuple[Output, ...] | None:
        """The outputs with their names; None where one is POISON."""
        if result is NOTHING or result is None:
            raise Fault("no-current-value", "the model has no value to give", self.request.definition.written.span)
        named: list[Output] = []
        names = body.output_names or [""]
        groups = list(result) if body.output_names and len(names) > 1 else [result]
        for name, group in zip(names, groups):
            found = list(ports(group))
            if POISON in found:
                return None
            many = len(found) > 1
            for position, port in enumerate(found):
                own = name or port.node.path
                named.append(Output(f"{own}.{position}" if many and name else own, port))
        return tuple(named)

    def check_sides(self) -> None:
        """A side value that nothing reads is a mistake: the flow did not move."""
        for target, bindings in self.sides.values():
            if any(b.read or b.value is POISON or is_input(b.value) for b in bindings):
                continue
            self.diagnostics.add(unused(root(target), bindings[0].kind, target.span))


def unused(name: str, kind: str, span: Span) -> Diagnostic:
    if kind == "shared":
        return Diagnostic("error", "unused-value", f"`{name}` is shared and never used", span)
    help = f"`{name} = ...` leaves the flow where it was; to go on from it, drop `{name} =` or write `as {name}` "
    message = f"`{name}` is put aside and never used"
    return Diagnostic("error", "unused-value", message, span, help=help + "behind the call")


def is_input(value: Any) -> bool:
    """Whether it is an input of the model, which has an error of its own where nothing reads it."""
    return isinstance(value, Port) and isinstance(value.node.op, Input)
