"""Arithmetic and comparisons on values of the compile time: integers are bounded, before they are computed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from . import syntax as s
from .budget import exceeded
from .fault import Fault
from .limits import CHARACTERS, INTEGER, ITEMS
from .ops.base import OPERATORS
from .source import Span
from .values import POISON, Amount, Poisoned, Symbol, describe, show


def whole(value: Any) -> Any:
    """A float without a fraction as the integer it is."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) <= INTEGER else value


def number(value: Any, expr: s.Expr) -> Any:
    if value is POISON:
        raise Poisoned
    if isinstance(value, Amount):
        raise Fault("type", f"`{value}` has a unit, a plain number is wanted", expr.span)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        refuse_words(expr.span, value)
        raise Fault("type", f"a number is wanted, found {describe(value)}", expr.span)
    return value


def refuse_words(span: Span, *values: Any) -> None:
    """Words are nothing to compute with; one that names no layer is a name that was never bound."""
    for value in values:
        if isinstance(value, Symbol) and value.word not in OPERATORS:
            at = span.text.find(value.word)
            place = Span(span.source, span.start + at, span.start + at + len(value.word)) if at >= 0 else span
            raise Fault("unknown-name", f"nothing is called `{value.word}`", place)


def bounded(value: Any, span: Span) -> Any:
    """The value, if it stays within the limits of numbers, strings and lists."""
    if isinstance(value, int) and abs(value) > INTEGER:
        raise Fault("limit", f"a number beyond {INTEGER:,}", span)
    if isinstance(value, float) and not math.isfinite(value):
        raise Fault("limit", "a number too large to compute", span)
    if isinstance(value, str) and len(value) > CHARACTERS:
        raise Fault("limit", f"a string of more than {CHARACTERS:,} characters", span)
    if isinstance(value, (list, tuple)) and len(value) > ITEMS:
        raise exceeded(f"a list of more than {ITEMS:,} elements", span)
    return value


def power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int) and right > 0 and abs(left) > 1:
        if right * math.log2(abs(left)) > 64:
            raise OverflowError
        return left**right
    if left < 0 and not float(right).is_integer():
        raise ValueError
    return left**right


ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": power,
}
COMPARISONS = ("==", "!=", "<", ">", "<=", ">=", "in")


def arithmetic(operator: str, left: Any, right: Any, span: Span) -> Any:
    """One operation on numbers; `+` also joins strings and lists."""
    if left is POISON or right is POISON:
        raise Poisoned
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (left, right))
    joins = operator == "+" and type(left) is type(right) and isinstance(left, (str, list, tuple))
    if not numbers and not joins:
        refuse_words(span, left, right)
        raise Fault("type", f"`{operator}` between {describe(left)} and {describe(right)}", span)
    try:
        return bounded(ARITHMETIC[operator](left, right), span)
    except ZeroDivisionError:
        raise Fault("type", f"division by zero: `{show(left)} {operator} {show(right)}`", span) from None
    except OverflowError:
        raise Fault("limit", f"`{show(left)} {operator} {show(right)}` is too large to compute", span) from None
    except ValueError:
        raise Fault("type", f"`{show(left)} {operator} {show(right)}` is no real number", span) from None


def compared(operator: str, left: Any, right: Any, span: Span) -> bool:
    if left is POISON or right is POISON:
        raise Poisoned
    if operator in ("==", "!="):
        return bool(left == right) is (operator == "==")
    if operator == "in":
        if not isinstance(right, (list, tuple, dict, str)) or (isinstance(right, str) and not isinstance(left, str)):
            raise Fault("type", f"`in` looks into a list, found {describe(right)}", span)
        return left in right
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (left, right))
    if not numbers and not (isinstance(left, str) and isinstance(right, str)):
        raise Fault("type", f"`{operator}` between {describe(left)} and {describe(right)}", span)
    return bool({"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[operator])
