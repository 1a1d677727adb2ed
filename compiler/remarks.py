"""What a body says of itself: figures that are expected, warnings that are meant to be."""

from __future__ import annotations

from . import syntax as s
from .codes import WARNINGS
from .expansion import Expansion
from .fault import Fault, did_you_mean
from .graph import Expectation
from .place import Place
from .values import Symbol, describe

REMARKS = ("expect", "allow")
"""Words that say something about a model and change nothing in it."""


class Remarks(Expansion):
    """`expect` and `allow`."""

    def expect(self, call: s.Call, body: tuple[s.Statement, ...] | None, place: Place) -> None:
        """`expect params=..., output=...`: held by the checker."""
        if not place.body.is_model:
            raise Fault("word", "`expect` stands in the body of a model", call.span)
        if not call.args or body is not None or call.label is not None:
            raise Fault("missing-argument", "`expect` takes figures: `expect params=62_006`", call.span)
        figures, spans = {}, {}
        for argument in call.args:
            if argument.name is None:
                raise Fault("type", "`expect` takes figures by name: `expect params=62_006`", argument.span)
            if argument.name in figures:
                raise Fault("too-many-arguments", f"`{argument.name}` of `expect` is given twice", argument.span)
            figures[argument.name] = self.evaluate(argument.value, place.scope)
            spans[argument.name] = argument.span
        place.body.expectations.append(Expectation(figures, spans, call.span))

    def allow(self, call: s.Call, body: tuple[s.Statement, ...] | None, place: Place) -> None:
        """`allow "checkerboard"`: the warning is meant to be, in this block or model."""
        if body is not None or not call.args or call.label is not None:
            raise Fault("type", 'a warning is allowed by its name: `allow "checkerboard"`', call.span)
        for argument in call.args:
            word = argument.value.id if isinstance(argument.value, s.Name) else ""
            name = Symbol(word) if word in WARNINGS else self.evaluate(argument.value, place.scope)
            if not isinstance(name, str):
                hint = 'the name of a warning is written as a string: `allow "checkerboard"`'
                raise Fault(
                    "type", f"`allow` takes names of warnings, found {describe(name)}", argument.span, help=hint
                )
            if name not in WARNINGS:
                hint = did_you_mean(name, WARNINGS) or f"there are {', '.join(WARNINGS)}"
                raise Fault("unknown-word", f'there is no warning "{name}"', argument.span, help=hint)
            place.body.allowed.add(name)
