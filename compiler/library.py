"""The small library of functions that expressions may call."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from .limits import ITEMS


class Misused(Exception):
    """A function was given what it does not take; the evaluator knows where."""

    code = "type"


class Beyond(Misused):
    """A function would give more than a limit allows."""

    code = "limit"


def _number(value: Any, name: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Misused(f"`{name}` works on numbers")
    return value


def _sequence(value: Any, name: str) -> Sequence[Any]:
    if not isinstance(value, (list, tuple, str)):
        raise Misused(f"`{name}` works on a list")
    return value


def _extreme(name: str, pick: Callable[[Any], Any]) -> Callable[..., Any]:
    def call(*values: Any) -> Any:
        items = _sequence(values[0], name) if len(values) == 1 else values
        if not items:
            raise Misused(f"`{name}` of nothing")
        return pick([_number(v, name) for v in items])

    return call


def _whole(name: str, convert: Callable[[int | float], int]) -> Callable[[Any], int]:
    return lambda value: convert(_number(value, name))


def _range(*limits: Any) -> list[int]:
    if not 1 <= len(limits) <= 3:
        raise Misused("`range` takes an end, a start and an end, or a start, an end and a step")
    if any(isinstance(n, bool) or not isinstance(n, int) for n in limits):
        raise Misused("`range` works on whole numbers")
    if len(limits) == 3 and limits[2] == 0:
        raise Misused("the step of `range` cannot be 0")
    numbers = range(*limits)
    if (numbers.stop - numbers.start) // numbers.step > ITEMS:
        raise Beyond(f"`range` of more than {ITEMS:,} numbers")
    return list(numbers)


def _sum(values: Any) -> int | float:
    return sum(_number(v, "sum") for v in _sequence(values, "sum"))


def _enumerate(values: Any, start: int = 0) -> list[tuple[int, Any]]:
    return list(enumerate(_sequence(values, "enumerate"), start))


def _zip(*values: Any) -> list[tuple[Any, ...]]:
    lists = [_sequence(v, "zip") for v in values]
    if len({len(items) for items in lists}) > 1:
        raise Misused("`zip` of lists of different lengths: " + ", ".join(str(len(items)) for items in lists))
    return list(zip(*lists))


def _linspace(first: Any, last: Any, count: Any) -> list[float]:
    if not isinstance(count, int) or not 0 <= count <= ITEMS:
        raise Misused("`linspace` takes first, last and a whole count")
    first, last = _number(first, "linspace"), _number(last, "linspace")
    if count == 1:
        return [float(first)]
    return [first + (last - first) * i / (count - 1) for i in range(count)]


def round_to(value: Any, divisor: Any) -> int:
    """The nearest multiple, never under 90 % of the value: `make_divisible` of the MobileNet papers' code."""
    value, divisor = _number(value, "round_to"), _number(divisor, "round_to")
    if divisor <= 0:
        raise Misused("`round_to` wants a divisor above 0")
    nearest = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return int(nearest + divisor if nearest < 0.9 * value else nearest)


def _sqrt(value: Any) -> float:
    if _number(value, "sqrt") < 0:
        raise Misused(f"`sqrt` of the negative number {value}")
    return math.sqrt(value)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": _extreme("min", min),
    "max": _extreme("max", max),
    "abs": lambda value: abs(_number(value, "abs")),
    "ceil": _whole("ceil", math.ceil),
    "floor": _whole("floor", math.floor),
    "round": _whole("round", lambda v: math.floor(v + 0.5)),
    "sqrt": _sqrt,
    "len": lambda value: len(value) if isinstance(value, dict) else len(_sequence(value, "len")),
    "range": _range,
    "sum": _sum,
    "enumerate": _enumerate,
    "zip": _zip,
    "reversed": lambda values: list(reversed(_sequence(values, "reversed"))),
    "linspace": _linspace,
    "round_to": round_to,
}
