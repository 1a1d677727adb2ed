"""Expression -> text on one line, with the brackets its operators need and no others."""

from __future__ import annotations

import re
from functools import singledispatch

from . import syntax as s

# How tightly a form binds, loosest first, as in grammar/cnn.lark; numbers and sizes are no PART of `a.b[c]`.
CHOICE, OR, AND, NOT, COMPARISON, BY, SUM, PRODUCT, FACTOR, POWER, ATOM, PART = range(12)

LEVELS = {
    "or": OR,
    "and": AND,
    "+": SUM,
    "-": SUM,
    "*": PRODUCT,
    "/": PRODUCT,
    "//": PRODUCT,
    "%": PRODUCT,
    "**": POWER,
}
NUMBER = re.compile(r"[\d_]+(\.\d+)?([eE][-+]?\d+)?")


def spell(expr: s.Expr, tightness: int = CHOICE) -> str:
    """The text; in brackets where it binds less tightly than its surroundings ask."""
    text = _text(expr)
    return text if level(expr) >= tightness else f"({text})"


def level(expr: s.Expr) -> int:
    """How tightly an expression binds."""
    match expr:
        case s.IfElse():
            return CHOICE
        case s.Unary():
            return NOT if expr.operator == "not" else FACTOR
        case s.Binary():
            return LEVELS.get(expr.operators[0], COMPARISON)
        case s.By():
            return BY
        case s.Number() | s.Quantity() | s.Sizes() | s.Open():
            return ATOM
    return PART


def pattern(p: s.Pattern, inner: bool = False) -> str:
    """`i, (a, b)`"""
    if p.name is not None:
        return p.name
    text = ", ".join(pattern(part, inner=True) for part in p.parts)
    return f"({text})" if inner else text


def arg(a: s.Arg) -> str:
    return spell(a.value) if a.name is None else f"{a.name}={spell(a.value)}"


def label(a: s.Label) -> str:
    """`e[i]`, `"layer{stage}.{i}"`"""
    if a.target is not None:
        return spell(a.target)
    return '"' + "".join(part if isinstance(part, str) else f"{{{spell(part)}}}" for part in a.parts) + '"'


@singledispatch
def _text(expr: s.Expr) -> str:
    raise TypeError(f"no spelling for {type(expr).__name__}")


@_text.register
def _(expr: s.Number) -> str:
    return _number(expr)


@_text.register
def _(expr: s.Quantity) -> str:
    return f"{_number(expr)} {expr.unit}"


def _number(expr: s.Number | s.Quantity) -> str:
    """As it was written: `1e-4` is not `0.0001`."""
    written = NUMBER.match(expr.span.text.lstrip("( \n"))
    if written is not None and written[0].strip("_") and float(written[0]) == expr.value:
        return written[0]
    return repr(expr.value)


@_text.register
def _(expr: s.Text) -> str:
    return f'"{expr.value}"'


@_text.register
def _(expr: s.Sizes) -> str:
    return "x".join("?" if size is None else str(size) for size in expr.sizes)


@_text.register
def _(expr: s.Open) -> str:
    return "?"


@_text.register
def _(expr: s.Name) -> str:
    return expr.id


@_text.register
def _(expr: s.Tuple) -> str:
    return f"({spell(expr.items[0])},)" if len(expr.items) == 1 else f"({', '.join(map(spell, expr.items))})"


@_text.register
def _(expr: s.List) -> str:
    return f"[{', '.join(map(spell, expr.items))}]"


@_text.register
def _(expr: s.Map) -> str:
    return "{" + ", ".join(f"{spell(key)}: {spell(value)}" for key, value in expr.pairs) + "}"


@_text.register
def _(expr: s.Each) -> str:
    condition = "" if expr.condition is None else f" if {spell(expr.condition, OR)}"
    return f"[{spell(expr.value)} for {pattern(expr.pattern)} in {spell(expr.sequence, OR)}{condition}]"


@_text.register
def _(expr: s.Apply) -> str:
    return f"{spell(expr.function, PART)}({', '.join(map(arg, expr.args))})"


@_text.register
def _(expr: s.Member) -> str:
    return f"{spell(expr.value, PART)}.{expr.name}"


@_text.register
def _(expr: s.Index) -> str:
    return f"{spell(expr.value, PART)}[{spell(expr.index)}]"


@_text.register
def _(expr: s.Slice) -> str:
    low, high = ("" if end is None else spell(end) for end in (expr.low, expr.high))
    return f"{spell(expr.value, PART)}[{low}:{high}]"


@_text.register
def _(expr: s.Unary) -> str:
    if expr.operator == "not":
        return f"not {spell(expr.operand, NOT)}"
    return f"-{spell(expr.operand, FACTOR)}"


@_text.register
def _(expr: s.Binary) -> str:
    tightness = level(expr)
    if tightness == POWER:
        return f"{spell(expr.operands[0], ATOM)}**{spell(expr.operands[1], FACTOR)}"
    first, *rest = (spell(operand, tightness + 1) for operand in expr.operands)
    return first + "".join(f" {sign} {text}" for sign, text in zip(expr.operators, rest, strict=True))


@_text.register
def _(expr: s.By) -> str:
    return " x ".join(spell(item, SUM) for item in expr.items)


@_text.register
def _(expr: s.IfElse) -> str:
    return f"{spell(expr.then, OR)} if {spell(expr.condition, OR)} else {spell(expr.otherwise)}"
