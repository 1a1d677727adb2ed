"""Pieces of Python while they are put together, and their layout: lines of 100, as ruff and black break them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from json import dumps
from math import isclose
from typing import Any, NamedTuple, Union

WIDTH = 100
MARGIN = "    "


class Raw(str):
    """A value that is Python itself, such as `nn.ReLU`: written as it is."""

    __slots__ = ()


class Exact(tuple[Any, ...]):
    """Numbers that stay apart though they are equal."""

    __slots__ = ()


class Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = Missing()


class Leaf(NamedTuple):
    """One number or word of one instance, before it is known whether it is another in other instances.

    `name` is what a parameter for it would be called, `written` the expression of the file that it comes from,
    `channels` the value of the network whose channels it counts, `default` what may be left out.
    """

    value: Any
    name: str = ""
    written: Any = None
    channels: Any = None
    default: Any = MISSING


class Hole(NamedTuple):
    """The place of an operand; of the attribute itself for -1."""

    number: int


class Named(NamedTuple):
    """`name=code`"""

    name: str
    code: Code


class Call(NamedTuple):
    """`head(args)`; a list or tuple where `head` is empty, a method or index of the first operand where it begins
    with a dot or a bracket, operands with an operator between them where it is one. `unsaid` are named arguments that
    are left out because they have their default."""

    head: Code
    args: tuple[Any, ...]
    brackets: str = "()"
    unsaid: tuple[Any, ...] = ()


class Pair(NamedTuple):
    """`key: code`"""

    key: str
    code: Code


class Each(NamedTuple):
    """`code for name in sequence`"""

    code: Code
    tail: str


class Spread(NamedTuple):
    """`*code`"""

    code: Code


Code = Union[str, Leaf, Hole, Call, Each, Spread, Named, Pair]
"""Text, or a piece whose leaves and holes are still to be filled."""


def call(head: Code, *args: Any, **named: Any) -> Call:
    """`head(args, name=value)`"""
    return Call(head, (*args, *(Named(name, value) for name, value in named.items())))


def literal(value: Any) -> str:
    """A value as Python."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, str):
        return dumps(value)
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return f'float("{value}")'
    if isinstance(value, tuple):
        inner = ", ".join(map(literal, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, float):
        return repr(value).replace("e-0", "e-")
    return repr(value)


LONG = 10
"""Letters of a number that may be better said as a fraction."""


def shortest(value: Any) -> str:
    """A value as Python; a number of many digits as the fewer, or the fraction, that it is to the last: `1 / 255`."""
    text = literal(value)
    if not isinstance(value, float) or len(text) < LONG:
        return text
    found = Fraction(value).limit_denominator(1000)
    rounded = float(f"{value:.15g}")
    made = {literal(rounded): rounded, f"{found.numerator} / {found.denominator}": found.numerator / found.denominator}
    return next(
        (short for short, near in made.items() if len(short) < LONG and isclose(near, value, rel_tol=3e-16)), text
    )


OPERATORS = {"+": 5, "-": 5, "*": 6, "@": 6, "/": 6}
"""Infix heads of a call, and how tightly they bind."""


def flat(code: Code) -> str:
    """On one line."""
    if isinstance(code, str):
        return code
    if isinstance(code, Named):
        return f"{code.name}={flat(code.code)}"
    if isinstance(code, Pair):
        return f"{code.key}: {flat(code.code)}"
    if isinstance(code, Each):
        return f"{flat(code.code)} {code.tail}"
    if isinstance(code, Spread):
        return f"*{flat(code.code)}"
    if isinstance(code, Leaf):
        return literal(code.value)
    assert isinstance(code, Call), code
    head = flat(code.head)
    if head in OPERATORS:
        texts = [operand(arg, head, first=i == 0) for i, arg in enumerate(code.args)]
        return texts[0] + "".join(f" - {text[1:]}" if negative(text, head) else f" {head} {text}" for text in texts[1:])
    if head[:1] in (".", "["):
        first, rest = code.args[0], code.args[1:]
        inner = f"({', '.join(map(flat, rest))})" if head[0] == "." and code.brackets == "()" else ""
        return f"{tight(first)}{head}{inner}"
    opening, closing = code.brackets[0], code.brackets[1]
    comma = (
        "," if not head and code.brackets == "()" and len(code.args) == 1 and not isinstance(code.args[0], Each) else ""
    )
    return f"{head}{opening}{', '.join(map(flat, code.args))}{comma}{closing}"


def negative(text: str, operator: str) -> bool:
    """Whether a summand is a number below zero, which is taken away."""
    return operator == "+" and re.fullmatch(r"-[\d.]+", text) is not None


def operand(code: Code, operator: str, *, first: bool) -> str:
    """In parentheses where it would be torn apart."""
    inner = code.head if isinstance(code, Call) else ""
    mine = OPERATORS[operator]
    theirs = OPERATORS.get(inner, 9) if isinstance(inner, str) else 9
    looser = theirs < mine or (theirs == mine and not first)
    return f"({flat(code)})" if looser else flat(code)


def tight(code: Code) -> str:
    """As something a method can be called on."""
    inner = code.head if isinstance(code, Call) else ""
    text = flat(code)
    return f"({text})" if isinstance(inner, str) and inner in OPERATORS else text


def lines(code: Code, indent: int = 0, before: str = "", after: str = "") -> Iterator[str]:
    """`before`, the code and `after` as lines, broken where one would be too long."""
    margin = MARGIN * indent
    text = margin + before + flat(code) + after
    if len(text) <= WIDTH or not breakable(code):
        yield text
        return
    if isinstance(code, Named):
        yield from lines(code.code, indent, f"{before}{code.name}=", after)
    elif isinstance(code, Pair):
        yield from lines(code.code, indent, f"{before}{code.key}: ", after)
    elif isinstance(code, Spread):
        yield from lines(code.code, indent, f"{before}*", after)
    elif isinstance(code, Each):
        yield from lines(code.code, indent, before)
        yield f"{margin}{code.tail}{after}"
    elif isinstance(code, Call):
        yield from broken(code, indent, before, after)


def laid(code: Code, depth: int, indent: int = 0, before: str = "", after: str = "") -> list[str]:
    """As `lines`, for a text that will stand `depth` margins further in."""
    found = lines(code, indent + depth, before, after)
    return [line[len(MARGIN) * depth :] for line in found]


def breakable(code: Code) -> bool:
    while isinstance(code, (Named, Spread, Pair)):
        code = code.code
    return isinstance(code, Each) or (isinstance(code, Call) and bool(code.args))


def broken(code: Call, indent: int, before: str, after: str) -> Iterator[str]:
    """A call over several lines: its arguments on one of their own, or each on one."""
    head, margin = flat(code.head), MARGIN * indent
    if head in OPERATORS:
        yield from infix(code, indent, before, after)
        return
    opening, closing = code.brackets[0], code.brackets[1]
    args: tuple[Any, ...] = code.args
    behind = f"{opening}{', '.join(map(flat, args))}{closing}{after}"
    if isinstance(code.head, Call) and len(margin + before + head + opening) > WIDTH:
        yield from lines(code.head, indent, before, behind)
        return
    if head[:1] in (".", "["):
        first, rest = args[0], args[1:]
        if head[0] == "[" or not rest:
            empty = "()" if head[0] == "." and code.brackets == "()" else ""
            yield from lines(first, indent, before, head + empty + after)
            return
        head, args = f"{tight(first)}{head}", rest
    yield f"{margin}{before}{head}{opening}"
    yield from arguments(args, indent + 1)
    yield f"{margin}{closing}{after}"


def arguments(args: Iterable[Any], indent: int) -> Iterator[str]:
    """The arguments of a broken call."""
    args = tuple(args)
    together = MARGIN * indent + ", ".join(map(flat, args))
    if len(args) == 1 and isinstance(args[0], Each):
        yield from lines(args[0], indent)
    elif len(together) <= WIDTH:
        yield together
    else:
        for arg in args:
            yield from lines(arg, indent, after=",")


def infix(code: Call, indent: int, before: str, after: str) -> Iterator[str]:
    """Operands each on a line, in parentheses."""
    head, margin = flat(code.head), MARGIN * indent
    yield f"{margin}{before}("
    for position, arg in enumerate(code.args):
        yield f"{MARGIN * (indent + 1)}{f'{head} ' if position else ''}{operand(arg, head, first=position == 0)}"
    yield f"{margin}){after}"
