"""Evaluated arguments -> an operator. Knows the types of arguments, and no operator by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .evaluate import whole
from .fault import Fault, did_you_mean
from .habits import ARGUMENTS
from .ops.base import INITIALIZERS, OPERATORS, Arg, Facts, Op, OpError, Record
from .ops.geometry import CAUSAL, SAME, VALID, Padding
from .shape import Shape
from .source import Span
from .values import Symbol, describe, is_values, ports, show


class Given(NamedTuple):
    """One evaluated argument and where it stands."""

    name: str | None
    value: Any
    span: Span


class Bound(NamedTuple):
    """An operator, the values it takes beside the flow, the place of each argument, and which came from `defaults:`."""

    op: Op
    operands: list[Any]
    spans: dict[str, Span]
    defaulted: frozenset[str]


class Unfit(Exception):
    """The value is not of the type; the text says what is wanted."""


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
    """What was bound and computed before: a network repeats itself, and equal calls on equal shapes give equal facts."""

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
            return Bound(op, [], {**spans, **{n: g.span for n, g in zip(names, given)}} if names else spans, defaulted)
        bound = bind(cls, given, defaults, flowing, span)
        if key is not None:
            names = tuple(name for name in bound.spans if name not in bound.defaulted)
            self.calls[key] = (bound.op, names, {n: bound.spans[n] for n in bound.defaulted}, bound.defaulted)
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
            raise self.too_many(given)
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
            message = f"`{field.name}` of `{self.cls.word}` is {unfit}, found {describe(given.value)}"
            raise Fault("type", message, given.span, help=unfit_help(field, given.value)) from None
        except OutOfRange as wrong:
            raise Fault("bad-argument", f"`{field.name}` of `{self.cls.word}` {wrong}", given.span) from None

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


# --- the types of arguments -------------------------------------------------------------------------------------------


class OutOfRange(Exception):
    """Of the right type, and too small or too large."""


def convert(field: Arg, value: Any) -> Any:
    """The value in the type of the field; Unfit or OutOfRange otherwise."""
    kinds = [k.strip() for k in field.type.split("|")]
    if value is None and "None" in kinds:
        return None
    wanted = [k for k in kinds if k not in ("None", "Operand")]
    for kind in wanted[:-1]:
        try:
            return in_range(field, CONVERTERS[kind](field, value))
        except Unfit:
            continue
    return in_range(field, CONVERTERS[wanted[-1]](field, value)) if wanted else operand(field, value)


def in_range(field: Arg, value: Any) -> Any:
    """The value, if it and its elements are between `min` and `max`."""
    if field.min is None and field.max is None:
        return value
    for n in value if isinstance(value, tuple) else (value,):
        if not isinstance(n, (int, float)) or isinstance(n, bool):
            continue
        if field.min is not None and n < field.min:
            raise OutOfRange(f"is at least {show(field.min)}, found {show(n)}")
        if field.max is not None and n > field.max:
            raise OutOfRange(f"is at most {show(field.max)}, found {show(n)}")
    return value


def integer(field: Arg, value: Any) -> int:
    value = whole(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit("a whole number")
    return value


def real(field: Arg, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unfit("a number")
    return float(value)


def boolean(field: Arg, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unfit("`true` or `false`")
    return value


def word(field: Arg, value: Any) -> str:
    text = value.word if isinstance(value, Symbol) and not value.args and not value.named else value
    if field.choices and (not isinstance(text, str) or text not in field.choices or isinstance(value, str)):
        raise Unfit("one of " + ", ".join(f"`{c}`" for c in field.choices))
    if not isinstance(text, str):
        raise Unfit("a string")
    return text


def sizes(field: Arg, value: Any) -> tuple[int, ...]:
    items = value if isinstance(value, (tuple, list)) else (value,)
    found = tuple(whole(n) for n in items)
    if not found or not all(isinstance(n, int) and not isinstance(n, bool) for n in found):
        raise Unfit("a whole number or sizes such as 3x3")
    return found


def dims(field: Arg, value: Any) -> tuple[int | None, ...]:
    items = value if isinstance(value, (tuple, list)) else (value,)
    found = tuple(whole(n) for n in items)
    if not found or not all(n is None or (isinstance(n, int) and not isinstance(n, bool)) for n in found):
        raise Unfit("a shape such as 7x7x64")
    return found


def padding(field: Arg, value: Any) -> Padding:
    if isinstance(value, Symbol) and value.word in ("valid", "same", "causal"):
        return {"valid": VALID, "same": SAME, "causal": CAUSAL}[value.word]
    try:
        found = pairs(field, value)
    except Unfit:
        raise Unfit("`valid`, `same`, `causal`, a number, or pairs such as ((0, 1), (0, 1))") from None
    return Padding("explicit", found, scalar=not isinstance(value, (tuple, list)))


def pairs(field: Arg, value: Any) -> tuple[tuple[int, int], ...]:
    """`1`, `(1, 2)` (one number per dimension) or `((0, 1), (0, 1))`."""
    items = value if isinstance(value, (tuple, list)) else (value,)
    found = []
    for item in items:
        pair = tuple(whole(n) for n in item) if isinstance(item, (tuple, list)) else (whole(item),) * 2
        if len(pair) != 2 or not all(isinstance(n, int) and not isinstance(n, bool) for n in pair):
            raise Unfit("a number, or pairs such as ((0, 1), (0, 1))")
        if min(pair) < 0:
            raise OutOfRange(f"is at least 0, found {min(pair)}")
        found.append(pair)
    if not found:
        raise Unfit("a number, or pairs such as ((0, 1), (0, 1))")
    return tuple(found)


def numbers(field: Arg, value: Any) -> tuple[float, ...]:
    items = value if isinstance(value, (tuple, list)) else (value,)
    if not items or any(isinstance(n, bool) or not isinstance(n, (int, float)) for n in items):
        raise Unfit("a number or a list of numbers")
    return tuple(float(n) for n in items)


def integers(field: Arg, value: Any) -> tuple[int, ...]:
    items = tuple(whole(n) for n in value) if isinstance(value, (tuple, list)) else (whole(value),)
    if not items or any(isinstance(n, bool) or not isinstance(n, int) for n in items):
        raise Unfit("a list of whole numbers")
    return items


def array(field: Arg, value: Any) -> tuple[Any, ...]:
    """Nested lists of numbers, all rows of one length, as nested tuples."""
    if not isinstance(value, (tuple, list)) or not value:
        raise Unfit("nested lists of numbers such as [[1, 0], [0, -1]]")
    if any(isinstance(row, (tuple, list)) for row in value):
        rows = tuple(array(field, row) for row in value)
        if len({len(row) for row in rows}) > 1:
            raise Unfit("nested lists with rows of one length")
        return rows
    return numbers(field, value)


def activation(field: Arg, value: Any) -> Op:
    op = bound_record(value, OPERATORS)
    if not isinstance(op, Op) or op.kind != "activation":
        raise Unfit("an activation such as `relu` or `leaky_relu(0.1)`")
    return op


def start(field: Arg, value: Any) -> Record:
    record: Record | None = bound_record(value, INITIALIZERS)
    if record is None:
        raise Unfit("an initialiser such as `he_normal` or `normal(std=0.01)`")
    return record


def operand(field: Arg, value: Any) -> Any:
    raise Unfit("a value of the network")


def bound_record(value: Any, table: Mapping[str, type[Any]]) -> Any:
    """A word with its arguments, looked up in a table and made; None where it is not there."""
    if not isinstance(value, Symbol) or value.word not in table:
        return None
    cls = table[value.word]
    positions = [f for f in cls.fields.values() if f.position]
    if len(value.args) > len(positions):
        raise Unfit(f"`{value.word}` with at most {len(positions)} arguments")
    made = {f.name: convert(f, v) for f, v in zip(positions, value.args)}
    for name, v in value.named:
        if name not in cls.fields:
            raise Unfit(f"`{value.word}` without `{name}`")
        made[name] = convert(cls.fields[name], v)
    missing = [f for f in cls.fields.values() if f.required and f.name not in made]
    if missing:
        raise Unfit(f"`{value.word}({missing[0].name}=...)` with its {missing[0].doc}")
    return cls(**made)


CONVERTERS: dict[str, Callable[[Arg, Any], Any]] = {
    "int": integer,
    "float": real,
    "bool": boolean,
    "str": word,
    "Sizes": sizes,
    "Dims": dims,
    "Padding": padding,
    "Pairs": pairs,
    "Numbers": numbers,
    "Ints": integers,
    "Array": array,
    "Activation": activation,
    "Initializer": start,
}


def unfit_help(field: Arg, value: Any) -> str:
    """A way out where one is likely right."""
    if isinstance(value, str) and (field.choices or field.type.startswith(("Padding", "Activation", "Initializer"))):
        return f"without quotes: `{field.name}={value}`"
    if isinstance(value, float) and field.type in ("int", "Sizes"):
        return "`round`, `floor` or `round_to` make it whole"
    if isinstance(value, Symbol) and field.type.startswith("Activation") and value.word in OPERATORS:
        return f"`{value.word}` makes a row of its own: `-> {value.word}` behind the layer"
    if isinstance(value, (int, tuple)) and field.type.startswith("Array"):
        return f"`{field.name}=` takes the numbers themselves; a size is given by position, such as 3x3"
    known: list[str] = list(field.choices)
    if field.type.startswith("Padding"):
        known += ["valid", "same", "causal"]
    if field.type.startswith("Activation"):
        known += [w for w, op in OPERATORS.items() if op.kind == "activation"]
    return did_you_mean(value.word, known) if isinstance(value, Symbol) else ""
