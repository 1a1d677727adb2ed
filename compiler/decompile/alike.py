"""What items have in common where their labels and references differ: their look, and their positions in a stretch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .items import NOWHERE, Body, Item, mapped, parts, walk


def look(item: Item) -> Any:
    """A key that leaves labels and references out."""
    key, _ = parts(bare((item,)), NOWHERE, "exact")
    return _blank(key)


def _blank(key: Any) -> Any:
    if not isinstance(key, tuple):
        return key
    if key and key[0] == "use":
        return (*key[:3], len(key[3]), key[5])
    return tuple(map(_blank, key))


def bare(items: Sequence[Item]) -> tuple[Item, ...]:
    """The items with the shortcuts of residuals left out, which are optional."""

    def strip(sequence: tuple[Item, ...]) -> tuple[Item, ...]:
        return tuple(replace(i, shortcut=None) if isinstance(i, Body) else i for i in sequence)

    return mapped(items, strip)


def positions(items: Sequence[Item]) -> dict[int, int]:
    """For the layer that makes each item's value, the item's position; optional shortcuts take none."""
    return {item.layers[-1]: i for i, item in enumerate(walk(bare(items))) if item.layers}
