"""Evaluated arguments -> an operator. Knows the types of arguments, and no operator by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .convert import OutOfRange, Unfit, Wrong, convert, unfit_help
from .fault import Fault, did_you_mean
from .habits import ARGUMENTS
from .ops.base import INITIALIZERS, OPERATORS, Facts, Op, OpError
from .ops.record import Arg, Record
from .shape import Shape
from .source import Span
from .values import Given, Symbol, describe, is_values, ports

NUMERIC = frozenset({"int", "float", "Sizes", "Dims", "Numbers", "Range", "Ints", "Pairs", "Array", "Operand", "None"})


class Bound(NamedTuple):
    """An operator, the values it takes beside the flow, the place of each argument, and which came from `defaults:`."""

    op: Op
    operands: list[Any]
    spans: dict[str, Span]
    defaulted: frozenset[str]


def bind(
    cls: type[Op], given: list[Given], defaults: Mapping[str, tuple[Any, Span]], flowing: int, span: Span
) -> Bound:
    """Make the operator. `flowing` is the number of values that come with the flow; Fault with the place otherwise."""
    binder = Binder(cls, flowing)
    for argument in given:
        binder.take(argument)
    defaulted = binder.fill(defaults)
    values = binder.finish(span)
    try:
        return Bound(cls(**values), binder.operands, binder.spans, defaulted)
    except OpError as wrong:
        place = binder.spans.get(wrong.arg or "", span)
        raise Fault(wrong.code, wrong.message, place, label=wrong.label, help=wrong.help) from None


class Seen:
    """What was bound and computed before: a network repeats itself, equal calls on equal shapes give equal facts."""

    __slots__ = ("calls", "results")

    def __init__(self) -> None:
        self.calls: dict[Any, tuple[Op, tuple[str, ...], dict[str, Span], frozenset[str]]] = {}
        self.results: dict[Any, Facts] = {}

    def bind(
        self, cls: type[Op], given: list[Given], defaults: Mapping[str, tuple[Any, Span]], flowing: int, span: Span
    ) -> Bound:
        """As `bind`; operators of equal calls are one object."""
        key = signature(cls, given, defaults, flowing)
        found = self.calls.get(key) if key is not None else None
        if found is not None:
            op, names, spans, defaulted = found
            if any(spans[n] is not g.span for n, g in zip(names, given)):
                spans = {**spans, **{n: g.span for n, g in zip(names, given)}}
                self.calls[key] = op, names, spans, defaulted
            return Bound(op, [], spans, defaulted)
        bound = bind(cls, given, defaults, flowing, span)
        if key is not None:
            names = tuple(name for name in bound.spans if name not in bound.defaulted)
            self.calls[key] = bound.op, names, bound.spans, bound.defaulted
        return bound

    def facts(self, op: Op, shapes: tuple[Shape, ...]) -> tuple[Facts, bool]:
        """What follows from the operator and its inputs, and whether it is new. May raise OpError."""
        key = (id(op), shapes)
        facts = self.results.get(key)
        if facts is not None:
            return facts, False
        facts = self.results[key] = op.facts(shapes)
        self.calls.setdefault(id(op), (op, (), {}, frozenset()))  # keeps the object, and so its id, alive
        return facts, True


PLAIN = (int, float, str, bool, type(None), Symbol)


def signature(
    cls: type[Op], given: list[Given], defaults: Mapping[str, tuple[Any, Span]], flowing: int
) -> tuple[Any, ...] | None:
    """What a call of plain arguments is known by; None where an argument is a value of the network or a list."""
    parts: list[Any] = [cls, flowing, id(defaults)]
    for name, value, _ in given:
        kind = type(value)
        if kind is tuple and all(type(v) is int for v in value):
            kind = int
        elif kind not in PLAIN or (kind is Symbol and (value.args or value.named)):
            return None
        parts += (name, kind, value)
    return tuple(parts)


class Binder:
    """Collects the arguments of one call."""

    def __init__(self, cls: type[Record], flowing: int = 0) -> None:
        self.cls = cls
        self.flowing = flowing
        self.values: dict[str, Any] = {}
        self.spans: dict[str, Span] = {}
        self.operands: list[Any] = []
        self.open = [f for f in cls.fields.values() if f.position]
        self.merges = issubclass(cls, Op) and cls.takes.max is None
        self.many = not issubclass(cls, Op) or cls.takes.max is None or cls.takes.max > 1

    def take(self, given: Given) -> None:
        if given.name is not None:
            self.keep(self.field(given), given)
            return
        while self.open and self.open[0].name in self.values:
            self.open.pop(0)
        if is_values(given.value) and self.many and not (self.open and "Operand" in self.open[0].type):
            self.operands.extend(ports(given.value))
            return
        if not self.open:
            raise self.no_value(given) if self.merges else self.too_many(given)
        self.keep(self.open.pop(0), given)

    def field(self, given: Given) -> Arg:
        assert given.name is not None
        field = self.cls.fields.get(given.name)
        if field is None:
            raise self.unknown(given)
        if given.name in self.values:
            raise Fault("too-many-arguments", f"`{given.name}` of `{self.cls.word}` is given twice", given.span)
        return field

    def unknown(self, given: Given) -> Fault:
        names = list(self.cls.fields)
        message = f"`{self.cls.word}` has no argument `{given.name}`"
        near = did_you_mean(given.name or "", names)
        hint = ARGUMENTS.get(given.name or "", "")
        if near and not hint:
            hint = near
        if not hint:
            hint = f"it has {', '.join(f'`{n}`' for n in names)}" if names else f"`{self.cls.word}` takes no arguments"
        return Fault("unknown-argument", message, given.span, help=hint)

    def no_value(self, given: Given) -> Fault:
        """What stands beside the flow of a merge is a value."""
        return Fault("type", f"`{self.cls.word}` takes values of the network, found {as_written(given)}", given.span)

    def too_many(self, given: Given) -> Fault:
        word, names = self.cls.word, [f.name for f in self.cls.fields.values()]
        if is_values(given.value):
            return Fault("too-many-arguments", f"`{word}` takes no value beside the flow", given.span)
        by_name = [f.name for f in self.cls.fields.values() if not f.position and f.name not in self.values]
        hint = f"the others are given by name: {', '.join(f'`{n}=`' for n in by_name)}" if by_name else ""
        count = sum(f.position for f in self.cls.fields.values())
        takes = f"at most {count} argument{'s' * (count != 1)} by position" if count else "no arguments by position"
        takes = takes if names else "no arguments"
        return Fault("too-many-arguments", f"`{word}` takes {takes}", given.span, help=hint)

    def keep(self, field: Arg, given: Given) -> None:
        self.spans[field.name] = given.span
        if "Operand" in field.type and is_values(given.value):
            self.values[field.name] = self.flowing + len(self.operands)
            self.operands.extend(ports(given.value))
            return
        try:
            self.values[field.name] = convert(field, given.value)
        except Unfit as unfit:
            raise self.unfit(field, given, str(unfit)) from None
        except Wrong as wrong:
            raise Fault(wrong.code, wrong.message, given.span, help=wrong.help) from None
        except OutOfRange as wrong:
            raise Fault("bad-argument", f"`{field.name}` of `{self.cls.word}` {wrong}", given.span) from None

    def unfit(self, field: Arg, given: Given, wanted: str) -> Fault:
        """The value is of another type; a word that is only some other argument's choice is no name at all."""
        word = given.value.word if isinstance(given.value, Symbol) else ""
        if word and word not in OPERATORS and word not in INITIALIZERS and takes_no_words(field):
            return Fault("unknown-name", f"nothing is called `{word}`", given.span)
        message = f"`{field.name}` of `{self.cls.word}` is {wanted}, found {as_written(given)}"
        hint = f"`{word}=` is an argument of its own" if word in self.cls.fields else unfit_help(field, given.value)
        return Fault("type", message, given.span, help=hint)

    def fill(self, defaults: Mapping[str, tuple[Any, Span]]) -> frozenset[str]:
        """Take from the file's `defaults:` what was not given."""
        missing = [name for name in defaults if name not in self.values]
        for name in missing:
            value, span = defaults[name]
            self.keep(self.cls.fields[name], Given(name, value, span))
        return frozenset(missing)

    def finish(self, span: Span) -> dict[str, Any]:
        for name, field in self.cls.fields.items():
            if field.required and name not in self.values:
                raise Fault(
                    "missing-argument", f"`{self.cls.word}` needs `{name}`: {field.doc}", span, help=self.usage()
                )
        return self.values

    def usage(self) -> str:
        """How it is called: `conv OUT, KERNEL`."""
        needed = [f.name.upper() if f.position else f"{f.name}=..." for f in self.cls.fields.values() if f.required]
        return f"write `{self.cls.word} {', '.join(needed)}`"


def takes_no_words(field: Arg) -> bool:
    return not field.choices and all(kind in NUMERIC for kind in field.type.split(" | "))


def as_written(given: Given) -> str:
    """What was given, for a message: sizes and lists in the words of the text where they stand there."""
    text = given.span.text
    if given.name is not None:
        text = text.partition("=")[2].strip()
    literal = text[:1] in tuple("0123456789?([") and len(text) < 40
    return f"`{text}`" if type(given.value) in (tuple, list) and literal else describe(given.value)
