"""What differs between the turns of one structure -> parameters, and expressions in them.

A column holds the values that one argument has, turn by turn. The same values get one parameter; multiples of another
column, half a window, the channels that come in are said as what they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..ops.base import OPERATORS
from ..ops.geometry import VALID, Padding
from ..ops.record import REQUIRED
from .items import MISSING, UNSET, Body, Code, Item, Loop, Use
from .network import Ref

FACTORS = range(2, 17)

NAMES = {"out": "width", "size": "kernel", "p": "rate", "border": "pad", "eps": "eps", "drop": "drop"}
"""What the parameter for an argument is called, where not like it."""


class Role(NamedTuple):
    """What a value is: the argument of a layer, a number in a label, a value from outside, how often a body runs."""

    kind: str
    name: str
    default: Any = UNSET


class Found(NamedTuple):
    """A parameter, its value in every turn and its default."""

    name: str
    column: tuple[Any, ...]
    default: Any


class Columns:
    """The parameters found so far; `known` are columns that need none, such as the channels of the input.

    In a loop (`scoped`) what all turns have can be said as it is, also names and expressions; in a block these mean
    nothing.
    """

    def __init__(
        self, turns: int, taken: Iterable[str], known: Mapping[str, Sequence[Any]] = {}, *, scoped: bool = False
    ) -> None:
        self.turns = turns
        self.scoped = scoped
        self.taken = set(taken)
        self.known = {Code(name): tuple(column) for name, column in known.items()}
        self.found: list[Found] = []

    def express(self, column: Sequence[Any], role: Role) -> Any:
        """The value that all turns have, or an expression that gives each its own."""
        column = plain(column)
        given = [v for v in column if v is not MISSING]
        if all(same(v, given[0]) for v in given) and (self.scoped or not isinstance(given[0], (Code, Ref))):
            return given[0]
        expression = self.lookup(column)
        return self.parameter(column, role) if expression is None else expression

    def lookup(self, column: Sequence[Any]) -> Code | None:
        """An expression in what is known already, None where there is none."""
        for found in self.found:
            if agree(column, found.column):
                return Code(found.name)
        for name, known in self.known.items():
            if agree(column, known):
                return name
        return self.derived(column)

    def derived(self, column: Sequence[Any]) -> Code | None:
        """A multiple or a part of a known column."""
        if not all(isinstance(v, int) and not isinstance(v, bool) for v in column if v is not MISSING):
            return None
        bases = [(Code(f.name), f.column) for f in self.found] + list(self.known.items())
        for name, base in bases:
            if not all(isinstance(v, int) and not isinstance(v, bool) for v in base):
                continue
            for k in FACTORS:
                if agree(column, [k * n for n in base]):
                    return Code(f"{k} * {name}")
                if agree(column, [n // k for n in base]):
                    return Code(f"{name} // {k}")
        return None

    def parameter(self, column: Sequence[Any], role: Role) -> Code:
        """A new parameter; turns without a value get the default or the commonest."""
        given = [v for v in column if v is not MISSING]
        default = next((v for v in given if same(v, plain([role.default, *given])[0])), UNSET)
        rest = default if default is not UNSET else Counter(given).most_common(1)[0][0]
        filled = tuple(rest if v is MISSING else v for v in column)
        name = fresh(NAMES.get(role.name, role.name), self.taken)
        self.taken.add(name)
        self.found.append(Found(name, filled, default))
        return Code(name)


def fresh(name: str, taken: set[str]) -> str:
    """The name, numbered where it is taken."""
    if name not in taken:
        return name
    number = 2
    while f"{name}{number}" in taken:
        number += 1
    return f"{name}{number}"


def same(a: Any, b: Any) -> bool:
    """Equal and of one kind: 1 is not true."""
    return a == b and isinstance(a, bool) == isinstance(b, bool) and isinstance(a, Code) == isinstance(b, Code)


def agree(column: Sequence[Any], other: Sequence[Any]) -> bool:
    return all(a is MISSING or same(a, b) for a, b in zip(column, other, strict=True))


def plain(column: Sequence[Any]) -> tuple[Any, ...]:
    """Windows and borders that are one number in every turn as these numbers, so that one can count with them."""
    given = [v for v in column if v is not MISSING and v is not UNSET]
    if len({repr(v) for v in given}) <= 1:
        return tuple(column)
    numbers = [number(v) for v in given]
    if any(n is None for n in numbers):
        return tuple(column)
    return tuple(v if v is MISSING or v is UNSET else number(v) for v in column)


def number(value: Any) -> int | None:
    """The one number of a window such as 3x3 or a border such as 1."""
    if isinstance(value, Padding):
        if value == VALID:
            return 0
        return value.pairs[0][0] if value.kind == "explicit" and value.scalar else None
    if isinstance(value, tuple) and value and len(set(value)) == 1 and isinstance(value[0], int):
        return int(value[0])
    return value if isinstance(value, int) and not isinstance(value, bool) else None


# --- which value is what, in the order of `items.parts` ---------------------------------------------------------------


def roles(items: Sequence[Item], frame: Any, labels: str) -> list[Role]:
    """What each of the values is that `parts` gives."""
    found: list[Role] = []
    for item in items:
        _roles(item, frame, labels, found)
    return found


def _roles(item: Item, frame: Any, labels: str, found: list[Role]) -> None:
    if isinstance(item, Use):
        outside = [v for _, v in item.args if isinstance(v, Ref) and frame.seen(v) is None]
        found += [Role("value", "skip")] * len(outside)
        found += (_role(item.head, name) for name, value in item.args if not isinstance(value, Ref))
        found += (Role("value", "skip") for s in item.inputs if isinstance(s, Ref) and frame.seen(s) is None)
        if labels == "numbers":
            pieces = (p for c in item.label for p in (c if isinstance(c, tuple) else (c,)))
            found += (Role("label", "stage") for p in pieces if not isinstance(p, str) or isinstance(p, Code))
    elif isinstance(item, Body):
        found += (_role("add" if item.head == "residual" else item.head, name) for name, _ in item.args)
        for branch in (*item.branches, item.shortcut or ()):
            for inner in branch:
                _roles(inner, frame, labels, found)
    elif isinstance(item, Loop):
        found += (Role("count", "depth"), Role("count", "first"), Role("count", "depth"))
        found += (Role("cell", name) for row in item.rows for name in item.names)
        for inner in item.items:
            _roles(inner, frame, labels, found)


def _role(head: str, name: str) -> Role:
    cls = OPERATORS.get(head)
    if cls is None or name not in cls.fields:
        return Role("argument", name)
    default = cls.fields[name].default
    return Role("argument", name, UNSET if default is REQUIRED else default)
