"""The types of arguments: evaluated values -> what operators take, by the annotation of the field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from .arithmetic import whole
from .fault import did_you_mean
from .habits import ARGUMENTS
from .ops.base import INITIALIZERS, OPERATORS, Op, OpError
from .ops.geometry import CAUSAL, SAME, VALID, Padding
from .ops.record import Arg, Record
from .values import Symbol, describe, show

PADDINGS = {"valid": VALID, "same": SAME, "causal": CAUSAL}


class Unfit(Exception):
    """The value is not of the type; the text says what is wanted, where that is more than the type says."""


class OutOfRange(Exception):
    """Of the right type, and too small or too large."""


class Wrong(Exception):
    """The arguments of a word are at fault, not the word."""

    def __init__(self, code: str, message: str, help: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help


class Kind(NamedTuple):
    """A type of arguments: what a person is told to write, and how that becomes a value."""

    wanted: str
    convert: Callable[[Arg, Any], Any]


KINDS: dict[str, Kind] = {}
"""By the name in the annotation of a field."""


Converter = TypeVar("Converter", bound=Callable[[Arg, Any], Any])


def converts(type: str, wanted: str) -> Callable[[Converter], Converter]:
    """The function makes values of a type from written ones, and raises Unfit for others."""

    def register(convert: Converter) -> Converter:
        KINDS[type] = Kind(wanted, convert)
        return convert

    return register


def kinds(field: Arg) -> list[Kind]:
    """What the field takes, in the order in which it is tried; that nothing may be given is not among it."""
    return [KINDS[name] for name in field.type.replace(" ", "").split("|") if name != "None"]


def wanted(field: Arg) -> str:
    """What the field takes, in words."""
    if field.choices:
        return "one of " + ", ".join(f"`{c}`" for c in field.choices)
    return ", or ".join(kind.wanted for kind in kinds(field))


def convert(field: Arg, value: Any) -> Any:
    """The value in the type of the field; Unfit or OutOfRange otherwise."""
    if value is None and ("None" in field.type or field.default is None):
        return None
    told = ""
    for kind in kinds(field):
        try:
            return in_range(field, kind.convert(field, value))
        except Unfit as unfit:
            told = str(unfit)
    raise Unfit(told or wanted(field))


def in_range(field: Arg, value: Any) -> Any:
    """The value, if it and its elements are between `min` and `max`, or strictly between `above` and `below`."""
    if field.min is field.max is field.above is field.below is None:
        return value
    for n in value if isinstance(value, tuple) else (value,):
        if not isinstance(n, (int, float)) or isinstance(n, bool):
            continue
        if field.min is not None and n < field.min:
            raise OutOfRange(f"is at least {show(field.min)}, found {show(n)}")
        if field.max is not None and n > field.max:
            raise OutOfRange(f"is at most {show(field.max)}, found {show(n)}")
        if field.above is not None and n <= field.above:
            raise OutOfRange(f"is more than {show(field.above)}, found {show(n)}")
        if field.below is not None and n >= field.below:
            raise OutOfRange(f"is less than {show(field.below)}, found {show(n)}")
    return value


@converts("int", "a whole number")
def integer(field: Arg, value: Any) -> int:
    value = whole(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit
    return value


@converts("float", "a number")
def real(field: Arg, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unfit
    return float(value)


@converts("bool", "`true` or `false`")
def boolean(field: Arg, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unfit
    return value


@converts("str", "a string")
def word(field: Arg, value: Any) -> str:
    text = value.word if isinstance(value, Symbol) and not value.args and not value.named else value
    if field.choices and (not isinstance(text, str) or text not in field.choices or isinstance(value, str)):
        raise Unfit
    if not isinstance(text, str):
        raise Unfit
    return text


@converts("Sizes", "a whole number or sizes such as 3x3")
def sizes(field: Arg, value: Any) -> tuple[int, ...]:
    items = value if isinstance(value, (tuple, list)) else (value,)
    found = tuple(whole(n) for n in items)
    if not found or not all(isinstance(n, int) and not isinstance(n, bool) for n in found):
        raise Unfit
    return found


@converts("Dims", "a shape such as 7x7x64")
def dims(field: Arg, value: Any) -> tuple[int | None, ...]:
    items = value if isinstance(value, (tuple, list)) else (value,)
    found = tuple(whole(n) for n in items)
    if not found or not all(n is None or (isinstance(n, int) and not isinstance(n, bool)) for n in found):
        raise Unfit
    return found


@converts("Padding", "`valid`, `same`, `causal`, a number, or pairs such as ((0, 1), (0, 1))")
def padding(field: Arg, value: Any) -> Padding:
    if isinstance(value, Symbol) and value.word in PADDINGS:
        return PADDINGS[value.word]
    return Padding("explicit", pairs(field, value), scalar=not isinstance(value, (tuple, list)))


@converts("Pairs", "a number, or pairs such as ((0, 1), (0, 1))")
def pairs(field: Arg, value: Any) -> tuple[tuple[int, int], ...]:
    """`1`, `(1, 2)` (one number per dimension) or `((0, 1), (0, 1))`."""
    items = value if isinstance(value, (tuple, list)) else (value,)
    found = []
    for item in items:
        pair = tuple(whole(n) for n in item) if isinstance(item, (tuple, list)) else (whole(item),) * 2
        if len(pair) != 2 or not all(isinstance(n, int) and not isinstance(n, bool) for n in pair):
            raise Unfit
        if min(pair) < 0:
            raise OutOfRange(f"is at least 0, found {min(pair)}")
        found.append(pair)
    if not found:
        raise Unfit
    return tuple(found)


@converts("Numbers", "a number or a list of numbers")
def numbers(field: Arg, value: Any) -> tuple[float, ...]:
    items = value if isinstance(value, (tuple, list)) else (value,)
    if not items or any(isinstance(n, bool) or not isinstance(n, (int, float)) for n in items):
        raise Unfit
    return tuple(float(n) for n in items)


@converts("Ints", "a list of whole numbers")
def integers(field: Arg, value: Any) -> tuple[int, ...]:
    items = tuple(whole(n) for n in value) if isinstance(value, (tuple, list)) else (whole(value),)
    if not items or any(isinstance(n, bool) or not isinstance(n, int) for n in items):
        raise Unfit
    return items


@converts("Array", "nested lists of numbers such as [[1, 0], [0, -1]]")
def array(field: Arg, value: Any) -> tuple[Any, ...]:
    """Nested lists of numbers, all rows of one length, as nested tuples."""
    if not isinstance(value, (tuple, list)) or not value:
        raise Unfit
    if any(isinstance(row, (tuple, list)) for row in value):
        rows = tuple(array(field, row) for row in value)
        if len({len(row) for row in rows}) > 1:
            raise Unfit("nested lists with rows of one length")
        return rows
    return numbers(field, value)


@converts("Activation", "an activation such as `relu` or `leaky_relu(0.1)`")
def activation(field: Arg, value: Any) -> Op:
    op = bound_record(value, OPERATORS)
    if not isinstance(op, Op) or op.kind != "activation":
        raise Unfit
    return op


@converts("Initializer", "an initialiser such as `he_normal` or `normal(std=0.01)`")
def start(field: Arg, value: Any) -> Record:
    record: Record | None = bound_record(value, INITIALIZERS)
    if record is None:
        raise Unfit
    return record


@converts("Operand", "a value of the network")
def operand(field: Arg, value: Any) -> Any:
    raise Unfit


def bound_record(value: Any, table: Mapping[str, type[Any]]) -> Any:
    """A word with its arguments, looked up in a table and made; None where it is not there, Wrong where they misfit."""
    if not isinstance(value, Symbol) or value.word not in table:
        return None
    cls = table[value.word]
    made = {f.name: part(cls, f, v) for f, v in bound_arguments(cls, value)}
    for field in cls.fields.values():
        if field.required and field.name not in made:
            needs = f"`{value.word}` needs `{field.name}`: {field.doc}"
            raise Wrong("missing-argument", needs, f"write `{value.word}({field.name.upper()})`")
    try:
        return cls(**made)
    except OpError as wrong:
        raise Wrong(wrong.code, wrong.message, wrong.help) from None


def bound_arguments(cls: type[Record], value: Symbol) -> Iterator[tuple[Arg, Any]]:
    """The arguments of a word with their fields."""
    positions = [f for f in cls.fields.values() if f.position]
    if len(value.args) > len(positions):
        takes = f"{len(positions)} argument{'s' * (len(positions) != 1)}" if cls.fields else "no arguments"
        raise Wrong("too-many-arguments", f"`{value.word}` takes {takes}, {len(value.args)} are given")
    yield from zip(positions, value.args)
    for name, v in value.named:
        if name not in cls.fields:
            there = f"it has {', '.join(f'`{n}`' for n in cls.fields)}" if cls.fields else "it takes no arguments"
            raise Wrong("unknown-argument", f"`{value.word}` has no argument `{name}`",
                        ARGUMENTS.get(name) or did_you_mean(name, cls.fields) or there)  # fmt: skip
        yield cls.fields[name], v


def part(cls: type[Record], field: Arg, value: Any) -> Any:
    """One argument of a word, in the type of its field."""
    try:
        return convert(field, value)
    except Unfit as unfit:
        raise Wrong("type", f"`{field.name}` of `{cls.word}` is {unfit}, found {describe(value)}") from None
    except OutOfRange as wrong:
        raise Wrong("bad-argument", f"`{field.name}` of `{cls.word}` {wrong}") from None


def unfit_help(field: Arg, value: Any) -> str:
    """A way out where one is likely right."""
    if isinstance(value, str) and field.type == "Source":
        return f'`folder("{value}")`, or another of these words'
    if isinstance(value, str):
        return f"without quotes: `{value}`" if re.fullmatch(r"[\w.]+", value) else ""
    if isinstance(value, float) and field.type in ("int", "Sizes"):
        return "`round`, `floor` or `round_to` make it whole"
    if not isinstance(value, Symbol):
        return ""
    if field.type.startswith("Activation") and value.word in OPERATORS:
        return f"`{value.word}` makes a row of its own: `-> {value.word}` behind the layer"
    return did_you_mean(value.word, words_for(field))


def words_for(field: Arg) -> list[str]:
    """The words that an argument takes."""
    kinds = field.type.replace("|", " ").split()
    known = list(field.choices)
    known += PADDINGS if "Padding" in kinds else ()
    known += (w for w, op in OPERATORS.items() if op.kind == "activation") if "Activation" in kinds else ()
    known += INITIALIZERS if "Initializer" in kinds else ()
    known += ("true", "false") if "bool" in kinds else ()
    return known
