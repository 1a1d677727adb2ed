"""The lines of a program under construction: calls, bodies and loops, whose arguments are still values.

Everything that repeated structure is found by goes through two functions: `parts` takes an item apart into what must be
equal (its key) and the values that may differ, `rebuilt` puts other values in their places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Union

from .network import Ref


class Code(str):
    """An expression of the language, as text."""

    __slots__ = ()


class Here(Enum):
    """An input that needs no name."""

    FLOW = "the current value"
    ENTRY = "`input`: what came into the enclosing block or model"


FLOW = Here.FLOW
ENTRY = Here.ENTRY

Source = Union[Here, Ref, Code]
Label = tuple[Any, ...]
"""The components of a path; each is a text, or a tuple of texts and numbers where it holds numbers."""


@dataclass(frozen=True)
class Use:
    """A call of a layer or block. `layers` are those of the network it stands for, the last makes its value."""

    head: str
    args: tuple[tuple[str, Any], ...]
    inputs: tuple[Source, ...] = (FLOW,)
    label: Label = ()
    layers: tuple[int, ...] = ()
    outputs: int = 1


@dataclass(frozen=True)
class Body:
    """`residual:` (of one branch and a shortcut, None for the input itself) or a merge with its branches."""

    head: str
    args: tuple[tuple[str, Any], ...]
    branches: tuple[tuple[Item, ...], ...]
    layer: int
    shortcut: tuple[Item, ...] | None = None
    condition: Code | None = None

    @property
    def layers(self) -> tuple[int, ...]:
        inner = [*self.branches, self.shortcut or ()]
        return (*(n for branch in inner for item in branch for n in item.layers), self.layer)


@dataclass(frozen=True)
class Loop:
    """`repeat count:`, or `for names in rows:`; `layers` are those of all turns."""

    items: tuple[Item, ...]
    layers: tuple[int, ...]
    count: Any = None
    names: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    counter: str = ""
    start: Any = 0
    stop: Any = 0


Item = Union[Use, Body, Loop]


@dataclass(frozen=True)
class Param:
    """A parameter of a block; `default` UNSET where it must be given."""

    name: str
    default: Any


@dataclass(frozen=True)
class Block:
    """A definition: what its calls must give, what they may give behind that, and what stands in its body."""

    name: str
    params: tuple[Param, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Shared:
    """`share NAME = chain`: one set of weights for all its uses."""

    name: str
    items: tuple[Item, ...]


class Unset:
    def __repr__(self) -> str:
        return "UNSET"


UNSET: Any = Unset()
MISSING: Any = type("Missing", (), {"__repr__": lambda self: "MISSING"})()
"""The value of an argument in a turn that has not got the optional part it stands in."""


@dataclass(frozen=True)
class Frame:
    """How references look from inside a window of items: those to layers inside are relative, one is the entry."""

    inside: dict[int, int]
    entry: Ref | None

    def seen(self, ref: Ref) -> tuple[Any, ...] | None:
        """What a reference is, as part of the key; None where it leads out and is a value."""
        if ref.layer in self.inside:
            return ("in", self.inside[ref.layer], ref.output)
        return ("entry",) if ref == self.entry else None


NOWHERE = Frame({}, None)
"""From here every reference leads out."""


# --- taking apart -----------------------------------------------------------------------------------------------------


def parts(items: Sequence[Item], frame: Frame, labels: str) -> tuple[Any, list[Any]]:
    """The key of a sequence and its values. `labels` is `exact` (they are part of the key) or `numbers` (only what
    stands between their numbers is)."""
    values: list[Any] = []
    return tuple(_apart(item, frame, labels, values) for item in items), values


def _apart(item: Item, frame: Frame, labels: str, values: list[Any]) -> Any:
    if isinstance(item, Use):
        names = tuple(
            (name, _source(value, frame, values) if isinstance(value, Ref) else None) for name, value in item.args
        )
        values += (value for _, value in item.args if not isinstance(value, Ref))
        inputs = tuple(_source(s, frame, values) for s in item.inputs)
        return ("use", item.head, names, inputs, _label(item.label, labels, values), item.outputs)
    if isinstance(item, Body):
        values += (value for _, value in item.args)
        inner = tuple(tuple(_apart(i, frame, labels, values) for i in branch) for branch in item.branches)
        if item.shortcut is None or item.condition is not None:
            rest = None if item.shortcut is None else tuple(_apart(i, frame, labels, values) for i in item.shortcut)
            return ("body", item.head, tuple(n for n, _ in item.args), inner, rest, item.condition)
        rest = tuple(_apart(i, frame, labels, values) for i in item.shortcut)
        return ("body", item.head, tuple(n for n, _ in item.args), inner, rest, None)
    values += (item.count, item.start, item.stop)
    values += (cell for row in item.rows for cell in row)
    inner_items = tuple(_apart(i, frame, labels, values) for i in item.items)
    return ("loop", item.names, len(item.rows), item.counter, inner_items)


def _source(source: Source, frame: Frame, values: list[Any]) -> Any:
    if not isinstance(source, Ref):
        return source
    seen = frame.seen(source)
    if seen is None:
        values.append(source)
        return "out"
    return seen


def _label(label: Label, labels: str, values: list[Any]) -> Any:
    if labels == "exact":
        return label
    key = []
    for component in label:
        pieces = component if isinstance(component, tuple) else (component,)
        values += (piece for piece in pieces if not isinstance(piece, str) or isinstance(piece, Code))
        key.append(tuple(p if isinstance(p, str) and not isinstance(p, Code) else "#" for p in pieces))
    return tuple(key)


# --- putting together -------------------------------------------------------------------------------------------------


def rebuilt(items: Sequence[Item], frame: Frame, labels: str, values: Iterator[Any]) -> tuple[Item, ...]:
    """The sequence with other values, taken in the order of `parts`."""
    return tuple(_together(item, frame, labels, values) for item in items)


def _together(item: Item, frame: Frame, labels: str, values: Iterator[Any]) -> Item:
    if isinstance(item, Use):
        refs = {name: _resourced(value, frame, values) for name, value in item.args if isinstance(value, Ref)}
        args = tuple((name, refs[name] if name in refs else next(values)) for name, _ in item.args)
        inputs = tuple(_resourced(s, frame, values) for s in item.inputs)
        label = item.label if labels == "exact" else tuple(_relabel(c, values) for c in item.label)
        return replace(item, args=args, inputs=inputs, label=label)
    if isinstance(item, Body):
        args = tuple((name, next(values)) for name, _ in item.args)
        branches = tuple(rebuilt(branch, frame, labels, values) for branch in item.branches)
        shortcut = None if item.shortcut is None else rebuilt(item.shortcut, frame, labels, values)
        return replace(item, args=args, branches=branches, shortcut=shortcut)
    count, start, stop = next(values), next(values), next(values)
    rows = tuple(tuple(next(values) for _ in row) for row in item.rows)
    return replace(item, count=count, start=start, stop=stop, rows=rows,
                   items=rebuilt(item.items, frame, labels, values))  # fmt: skip


def _resourced(source: Source, frame: Frame, values: Iterator[Any]) -> Source:
    if not isinstance(source, Ref):
        return source
    seen = frame.seen(source)
    if seen is None:
        value: Source = next(values)
        return value
    return ENTRY if seen == ("entry",) else source


def _relabel(component: Any, values: Iterator[Any]) -> Any:
    if not isinstance(component, tuple):
        return component if isinstance(component, str) and not isinstance(component, Code) else next(values)
    return tuple(p if isinstance(p, str) and not isinstance(p, Code) else next(values) for p in component)


def value_of(item: Item) -> Ref | None:
    """What the item makes; None for one that stands for no layer of its own."""
    return Ref(item.layers[-1]) if item.layers else None


# --- walking ----------------------------------------------------------------------------------------------------------


def walk(items: Sequence[Item]) -> Iterator[Item]:
    """All items, those of bodies and loops behind the one they stand in."""
    for item in items:
        yield item
        for inner in bodies(item):
            yield from walk(inner)


def bodies(item: Item) -> Iterator[tuple[Item, ...]]:
    """The sequences inside an item."""
    if isinstance(item, Body):
        yield from item.branches
        if item.shortcut is not None:
            yield item.shortcut
    elif isinstance(item, Loop):
        yield item.items


def mapped(items: Sequence[Item], change: Callable[[tuple[Item, ...]], tuple[Item, ...]]) -> tuple[Item, ...]:
    """`change` done to every sequence, inner ones first."""
    return change(tuple(_mapped(item, change) for item in items))


def _mapped(item: Item, change: Callable[[tuple[Item, ...]], tuple[Item, ...]]) -> Item:
    if isinstance(item, Body):
        shortcut = None if item.shortcut is None else mapped(item.shortcut, change)
        return replace(item, branches=tuple(mapped(b, change) for b in item.branches), shortcut=shortcut)
    if isinstance(item, Loop):
        return replace(item, items=mapped(item.items, change))
    return item


def sources(item: Item) -> list[Any]:
    """All that a call takes by name: its inputs, and values among its arguments."""
    return [*item.inputs, *(v for _, v in item.args if isinstance(v, (Ref, Here)))] if isinstance(item, Use) else []


def named(items: Sequence[Item]) -> list[Ref]:
    """The values that the items call by name."""
    found: list[Ref] = []
    for item in walk(items):
        if isinstance(item, Use):
            found += (s for s in item.inputs if isinstance(s, Ref))
            found += (v for _, v in item.args if isinstance(v, Ref))
    return found


def shortened(items: Sequence[Item], length: int) -> tuple[Item, ...]:
    """The items with the first components of their labels taken away."""

    def shorten(sequence: tuple[Item, ...]) -> tuple[Item, ...]:
        return tuple(replace(i, label=i.label[length:]) if isinstance(i, Use) else i for i in sequence)

    return mapped(items, shorten)
