"""Runs of equal code, or with numbers that grow evenly, as comprehensions and loops."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from math import lcm
from typing import Any, TypeVar

from .code import Call, Code, Each, Named, Pair, Spread, literal

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
"""Equal turns that become a loop."""


def run_length(codes: Sequence[Code]) -> int:
    """The number of calls from the first on that are alike. What one more breaks may hold of twice as many: powers are
    seen in four, and what begins again where it does so a second time."""
    if not isinstance(codes[0], Call):
        return 1
    length = 1
    while longer := [n for n in (length + 1, 2 * length) if n <= len(codes) and progression(codes[:n]) is not None]:
        length = longer[0]
    return length


def turned(codes: Sequence[Code]) -> tuple[Code, str]:
    code = progression(codes)
    assert code is not None
    return headed(code, len(codes))


def headed(code: Code, count: int) -> tuple[Code, str]:
    """The code of turn `i`, and what stands around it: `for i in range(count)`, or from one number on where only names
    count, all from there."""
    turns = [text for text in texts(code) if re.search(r"\bi\b", text)]
    firsts = {match[1] if (match := re.search(r"\{i \+ (\d+)\}", leaf)) else "" for leaf in turns}
    if len(firsts) == 1 and (first := firsts.pop()) and all(len(re.findall(r"\bi\b", text)) == 1 for text in turns):
        return renamed(code, f"{{i + {first}}}", "{i}"), f"for i in range({first}, {int(first) + count})"
    return code, f"for {'i' if turns else '_'} in range({count})"


ELEMENT = re.compile(r"(self(?:\.\w+)+)\[(?:(\d+) \+ )?i\]")


def over_list(code: Code, count: int) -> tuple[Code, str] | None:
    """The code of turn `i` as one of `layer`, where `i` only says which of a list."""
    turns = [text for text in texts(code) if re.search(r"\bi\b", text)]
    found = {match[0]: match for text in turns for match in ELEMENT.finditer(text)}
    if len(found) != 1 or any(re.search(r"\bi\b", ELEMENT.sub("", text)) for text in turns):
        return None
    ((text, match),) = found.items()
    first = int(match[2] or 0)
    return renamed(code, text, "layer"), f"for layer in {match[1]}[{first or ''}:{first + count}]"


def renamed(code: Any, old: str, new: str) -> Any:
    """The code with one text put for another."""
    if isinstance(code, str):
        return code.replace(old, new)
    if isinstance(code, Named):
        return Named(code.name, renamed(code.code, old, new))
    if isinstance(code, Pair):
        return Pair(code.key, renamed(code.code, old, new))
    if isinstance(code, Call):
        return Call(renamed(code.head, old, new), tuple(renamed(arg, old, new) for arg in code.args), code.brackets)
    return code


def texts(code: Any) -> Iterator[str]:
    """The pieces of text in a code."""
    if isinstance(code, str):
        yield code
    elif isinstance(code, (Named, Pair)):
        yield from texts(code.code)
    elif isinstance(code, Call):
        for inner in (code.head, *code.args):
            yield from texts(inner)


# --- what turns have in common ----------------------------------------------------------------------------------------


def progression(codes: Sequence[Any]) -> Code | None:
    """The codes as one of `i`; None where they are not alike."""
    first = codes[0]
    if all(type(code) is type(first) and code == first for code in codes):
        return first  # type: ignore[no-any-return]
    if all(isinstance(code, str) for code in codes):
        return progressing(codes)
    if all(isinstance(code, Named) and code.name == getattr(first, "name", None) for code in codes):
        inner = progression([code.code for code in codes])
        return None if inner is None else Named(first.name, inner)
    if all(isinstance(code, Pair) and code.key == getattr(first, "key", None) for code in codes):
        inner = progression([code.code for code in codes])
        return None if inner is None else Pair(first.key, inner)
    calls = [code for code in codes if isinstance(code, Call)]
    return progressing_calls(calls) if len(calls) == len(codes) else None


def progressing_calls(calls: Sequence[Call]) -> Call | None:
    """Calls as one of `i`; what some leave out because it has its default is said there too."""
    longest = max(calls, key=lambda call: len(call.args))
    args = [completed(call, longest) for call in calls]
    if len({call.brackets for call in calls}) > 1 or any(len(given) != len(longest.args) for given in args):
        return None
    columns = [[call.head for call in calls], *map(list, zip(*args))]
    head, *found = (progression(column) for column in columns)
    known = [part for part in found if part is not None]
    if head is None or len(known) < len(found) or (isinstance(head, str) and head != longest.head):
        return None
    return Call(head, tuple(known), longest.brackets)


def completed(call: Call, longest: Call) -> list[Any]:
    """The arguments of a call, those of the longest that it leaves out among them."""
    if len(call.args) == len(longest.args):
        return list(call.args)
    there = {arg.name: arg for arg in (*call.unsaid, *call.args) if isinstance(arg, Named)}
    plain = iter([arg for arg in call.args if not isinstance(arg, Named)])
    found = [there.get(arg.name) if isinstance(arg, Named) else next(plain, None) for arg in longest.args]
    return [arg for arg in found if arg is not None]


def progressing(codes: Sequence[str]) -> str | None:
    """Texts as one of `i`: numbers, tuples of numbers, strings with numbers in them."""
    if all(re.fullmatch(r"\d+", code) for code in codes):
        return growing([int(code) for code in codes])
    if all(re.fullmatch(r"\((-?\d+, )+-?\d+\)", code) for code in codes):
        columns = list(zip(*(code[1:-1].split(", ") for code in codes)))
        found = [column[0] if len(set(column)) == 1 else progressing(column) for column in columns]
        known = [text for text in found if text is not None]
        even = len({code.count(",") for code in codes}) == 1 and len(known) == len(found)
        return f"({', '.join(known)})" if even else None
    return fractions(codes) or numbered(codes) or renumbered(codes)


def fractions(codes: Sequence[str]) -> str | None:
    """Fractions that grow evenly, over one number."""
    if not all(re.fullmatch(r"[\d.]+( / \d+)?", code) for code in codes):
        return None
    found = [Fraction(code.replace(" ", "")) if "/" in code else Fraction(code) for code in codes]
    below = lcm(*(number.denominator for number in found))
    above = growing([int(number * below) for number in found]) if below <= MOST else None
    if above is None or below == 1 or "**" in above:
        return None
    return f"({above}) / {below}" if "+" in above else f"{above} / {below}"


MOST = 10_000
"""The largest number that fractions are over."""


def growing(numbers: Sequence[int]) -> str | None:
    """Numbers that grow by one step, or by one factor, over and over again."""
    step = numbers[1] - numbers[0]
    if step > 0 and all(b - a == step for a, b in pairs(numbers)):
        grows = "i" if step == 1 else f"{step} * i"
        return f"{numbers[0]} + {grows}" if numbers[0] else grows
    if len(numbers) >= LOOP and step > 0 and numbers[0] and numbers[1] % numbers[0] == 0:
        factor = numbers[1] // numbers[0]
        if all(b == factor * a for a, b in pairs(numbers)):
            return powers(numbers[0], factor)
    return periodic(numbers)


def powers(first: int, factor: int) -> str:
    """`4 * 2**i`"""
    if first == factor:
        return f"{factor} ** (i + 1)"
    return f"{factor}**i" if first == 1 else f"{first} * {factor}**i"


def periodic(numbers: Sequence[int]) -> str | None:
    """Numbers of which so many grow, and begin again."""
    again = next((n for n in range(LOOP, len(numbers) // 2 + 1) if numbers[n] == numbers[0]), 0)
    if not again or any(number != numbers[n % again] for n, number in enumerate(numbers)):
        return None
    inner = growing(numbers[:again])
    if inner is None or "%" in inner:
        return None
    turn = f"i % {again}"
    if "(i + 1)" in inner:
        return inner.replace("(i + 1)", f"({turn} + 1)")
    return re.sub(r"\bi\b", f"({turn})", inner).replace("**(", " ** (")


PIECE = re.compile(r"\{[^{}]*\}|\d+|[^{}\d]+")
"""Parts of a string literal: what is computed, numbers, the rest."""


def numbered(codes: Sequence[str]) -> str | None:
    """String literals whose numbers grow by one, as one of `i`."""
    found = [re.fullmatch(r'(f?)"([^"\\]*)"', code) for code in codes]
    there = [match for match in found if match is not None]
    plain = any(not match[1] and re.search(r"[{}]", match[2]) for match in there)
    if len(there) < len(codes) or plain or len({match[1] for match in there}) > 1:
        return None
    columns = [PIECE.findall(match[2]) for match in there]
    if len({len(column) for column in columns}) > 1:
        return None
    made = [counting(column) for column in zip(*columns)]
    known = [piece for piece in made if piece is not None]
    return f'f"{"".join(known)}"' if len(known) == len(made) else None


def counting(pieces: Sequence[str]) -> str | None:
    """One piece of several strings."""
    if len(set(pieces)) == 1:
        return pieces[0]
    plainly = all(piece == str(int(pieces[0]) + i) for i, piece in enumerate(pieces)) if pieces[0].isdigit() else False
    return f"{{{counted(int(pieces[0]))}}}" if plainly else None


def renumbered(codes: Sequence[str]) -> str | None:
    """Names of which the first has no number, such as `conv`, `conv2`, `conv3`."""
    if any(code[:1] == '"' and re.search(r"[{}]", code) for code in codes):
        return None
    rest = numbered([f"f{code}" if code[:1] == '"' else code for code in codes[1:]])
    if rest is None or rest.count("{i + 2}") != 1 or len(re.findall(r"\bi\b", rest)) > 1:
        return None
    bare = rest.replace("{i + 2}", "")
    same = bare in (codes[0], f"f{codes[0]}")
    return f"{rest.replace('{i + 2}', '{i + 1}')} if i else {codes[0]}" if same else None


def counted(first: int) -> str:
    """The number of turn `i` where the first is another than 0."""
    return f"i + {first}" if first else "i"


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
