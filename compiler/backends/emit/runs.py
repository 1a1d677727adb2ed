"""Runs of equal code, or with numbers that grow evenly, as comprehensions and loops."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from .code import Call, Code, Each, Named, Spread, literal

T = TypeVar("T")


def pairs(things: Sequence[T]) -> Iterator[tuple[T, T]]:
    """Each with the one behind it."""
    return zip(things, islice(things, 1, None))


LEAST = 3
"""Equal layers in a row that become a comprehension."""


def compressed(codes: Sequence[Code]) -> Iterator[Code]:
    """Runs of equal layers, or with numbers that grow evenly, as comprehensions."""
    position = 0
    while position < len(codes):
        length = run_length(codes[position:])
        if length < LEAST:
            yield codes[position]
            position += 1
            continue
        code, tail = turned(codes[position : position + length])
        yield Spread(Call("", (Each(code, tail),), "()"))
        position += length


def run_length(codes: Sequence[Code]) -> int:
    length = 1
    while length < len(codes) and isinstance(codes[0], Call) and progression(codes[: length + 1]) is not None:
        length += 1
    return length


def turned(codes: Sequence[Code]) -> tuple[Code, str]:
    code = progression(codes)
    assert code is not None
    varies = any(re.search(r"\bi\b", leaf) for leaf in texts(code))
    return code, f"for {'i' if varies else '_'} in range({len(codes)})"


def progression(codes: Sequence[Any]) -> Code | None:
    """The codes as one of `i`; None where they are not alike."""
    first = codes[0]
    if all(type(code) is type(first) and code == first for code in codes):
        return first  # type: ignore[no-any-return]
    if all(isinstance(code, str) and re.fullmatch(r"\d+", code) for code in codes):
        numbers = [int(code) for code in codes]
        steps = {b - a for a, b in pairs(numbers)}
        if len(steps) != 1 or numbers[1] < numbers[0]:
            return None
        step = steps.pop()
        grows = "i" if step == 1 else f"{step} * i"
        return f"{numbers[0]} + {grows}" if numbers[0] else grows
    if all(isinstance(code, Named) and code.name == getattr(first, "name", None) for code in codes):
        inner = progression([code.code for code in codes])
        return None if inner is None else Named(first.name, inner)
    alike = all(
        isinstance(code, Call) and code.head == first.head and len(code.args) == len(first.args) for code in codes
    )
    if not alike:
        return None
    args = [progression(column) for column in zip(*(code.args for code in codes))]
    known = [arg for arg in args if arg is not None]
    return Call(first.head, tuple(known), first.brackets) if len(known) == len(args) else None


def texts(code: Any) -> Iterator[str]:
    if isinstance(code, str):
        yield code
    elif isinstance(code, Named):
        yield from texts(code.code)
    elif isinstance(code, Call):
        for arg in code.args:
            yield from texts(arg)


def named_sequence(pairs: Sequence[tuple[str, Code]]) -> Code:
    """`OrderedDict(...)` with the names of a sequence's layers."""
    names = [re.fullmatch(r"(.*?)(\d+)", name) for name, _ in pairs]
    codes = [code for _, code in pairs]
    there = [found for found in names if found is not None]
    if len(pairs) >= LEAST and len(there) == len(pairs) and run_length(codes) == len(codes):
        numbers = [int(found[2]) for found in there]
        even = numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        if even and len({found[1] for found in there}) == 1 and all(str(int(f[2])) == f[2] for f in there):
            code = progression(codes)
            first = f"i + {numbers[0]}" if numbers[0] else "i"
            name = f'f"{there[0][1]}{{{first}}}"'
            assert code is not None
            return Call("OrderedDict", (Each(Call("", (name, code)), f"for i in range({len(codes)})"),))
    items = tuple(Call("", (literal(name), code)) for name, code in pairs)
    return Call("OrderedDict", (Call("", items, "[]"),))
