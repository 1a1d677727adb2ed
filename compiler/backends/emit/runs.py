"""Runs of equal code, or with numbers that grow evenly, as comprehensions and loops."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar

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


LOOP = 4
"""Equal layers in a row that become a loop."""


def run_length(codes: Sequence[Code]) -> int:
    """The number of calls from the first on that are alike: each three in a row grow evenly."""
    length = 1
    while length < len(codes) and isinstance(codes[0], Call):
        if progression(codes[max(length - 2, 0) : length + 1]) is None:
            break
        length += 1
    return length


def turned(codes: Sequence[Code]) -> tuple[Code, str]:
    code = progression(codes)
    assert code is not None
    turns = [leaf for leaf in texts(code) if re.search(r"\bi\b", leaf)]
    firsts = {match[1] if (match := re.search(r"\{i \+ (\d+)\}", leaf)) else "" for leaf in turns}
    if len(firsts) == 1 and (first := firsts.pop()):  # only names count, and all from one number on
        return renamed(code, f"{{i + {first}}}", "{i}"), f"for i in range({first}, {int(first) + len(codes)})"
    return code, f"for {'i' if turns else '_'} in range({len(codes)})"


def renamed(code: Any, old: str, new: str) -> Any:
    """The code with one text put for another."""
    if isinstance(code, str):
        return code.replace(old, new)
    if isinstance(code, Named):
        return Named(code.name, renamed(code.code, old, new))
    if isinstance(code, Call):
        return Call(renamed(code.head, old, new), tuple(renamed(arg, old, new) for arg in code.args), code.brackets)
    return code


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
    if all(isinstance(code, str) for code in codes):
        return numbered(codes)
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


def numbered(codes: Sequence[str]) -> str | None:
    """String literals that end in a number which grows by one, as one of `i`."""
    found = [re.fullmatch(r'(f?)"([^"\\]*?)(\d+)"', code) for code in codes]
    there = [match for match in found if match is not None]
    if len(there) < len(codes) or len({match.group(1, 2) for match in there}) > 1:
        return None
    kind, stem, first = there[0].groups()
    plainly = all(match[3] == str(int(first) + i) for i, match in enumerate(there))
    if not plainly or (not kind and "{" in stem):
        return None
    return f'f"{stem}{{{counted(int(first))}}}"'


def counted(first: int) -> str:
    """The number of turn `i` where the first is another than 0."""
    return f"i + {first}" if first else "i"


class Loop(NamedTuple):
    """Layers in a row as a loop: the code of one turn, and `for i in range(n)`."""

    turns: int
    code: Code
    head: str


def loop(codes: Sequence[Code], least: int = LOOP) -> Loop | None:
    """The longest loop that begins with the first of the codes; None where it is short."""
    length = run_length(codes)
    if length < least:
        return None
    code, head = turned(codes[:length])
    return Loop(length, code, head)


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
            name = f'f"{there[0][1]}{{{counted(numbers[0])}}}"'
            assert code is not None
            return Call("OrderedDict", (Each(Call("", (name, code)), f"for i in range({len(codes)})"),))
    items = tuple(Call("", (literal(name), code)) for name, code in pairs)
    return Call("OrderedDict", (Call("", items, "[]"),))
