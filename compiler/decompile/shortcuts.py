"""Shortcuts that only some turns of a residual block have -> one shortcut under a condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .columns import Columns, Role
from .items import MISSING, Body, Code, Item, Use, mapped
from .network import Network
from .windows import Window


def completed(windows: list[Window]) -> list[tuple[Item, ...]]:
    """The windows' items, with a shortcut of nothing but missing values where another window has one."""
    whole = [list(w.items) for w in windows]
    for position, item in enumerate(windows[0].items):
        if not isinstance(item, Body) or item.head != "residual":
            continue
        bodies = [items[position] for items in whole]
        there = [b.shortcut for b in bodies if isinstance(b, Body) and b.shortcut is not None]
        if not there or len(there) == len(bodies):
            continue
        for items in whole:
            body = items[position]
            if isinstance(body, Body) and body.shortcut is None:
                items[position] = replace(body, shortcut=_missing(there[0]))
    return [tuple(items) for items in whole]


def _missing(items: Sequence[Item]) -> tuple[Item, ...]:
    """The same calls with no value known, standing for no layer."""

    def forget(sequence: tuple[Item, ...]) -> tuple[Item, ...]:
        return tuple(
            replace(i, args=tuple((n, MISSING) for n, _ in i.args), layers=()) if isinstance(i, Use) else i
            for i in sequence
        )

    return mapped(items, forget)


def conditioned(
    items: tuple[Item, ...], windows: list[Window], columns: Columns, network: Network
) -> tuple[Item, ...]:  # fmt: skip
    """The items of a block with a condition at each shortcut that only some windows have."""
    found = list(items)
    for position, item in enumerate(items):
        if not isinstance(item, Body) or item.shortcut is None or item.condition is not None:
            continue
        had = [w.items[position] for w in windows]
        there = [isinstance(b, Body) and b.shortcut is not None for b in had]
        if all(there):
            continue
        made = [network.layers[b.layers[-1]].facts.output.channels for b in had]
        found[position] = replace(item, condition=_condition(there, made, columns))
    return tuple(found)


def _condition(there: list[bool], made: list[int | None], columns: Columns) -> Code:
    """In words of the input and the stride if they tell it, else by a parameter."""
    before = columns.known.get(Code("input.channels"))
    out: Any = made[0] if len(set(made)) == 1 else columns.lookup(made)
    strides = [f for f in columns.found if f.name.startswith("stride")]
    if before is not None and out is not None:
        grows = [a != b for a, b in zip(before, made, strict=True)]
        if grows == there:
            return Code(f"input.channels != {out}")
        for stride in strides if any(grows) else ():
            if [g or s != 1 for g, s in zip(grows, stride.column)] == there:
                return Code(f"{stride.name} != 1 or input.channels != {out}")
    for stride in strides:
        if [s != 1 for s in stride.column] == there:
            return Code(f"{stride.name} != 1")
    return columns.parameter(there, Role("argument", "project", False))
