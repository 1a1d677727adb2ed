"""A network on its way to text: the lines of its flows, the blocks and shared chains that they call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from .items import ENTRY, Block, Body, Item, Shared, Use, bodies, value_of
from .network import Network


@dataclass(frozen=True)
class Program:
    """The flow of the main output and those of the others, and the blocks and shared chains they call."""

    network: Network
    flows: tuple[tuple[Item, ...], ...]
    blocks: tuple[Block, ...] = ()
    shares: tuple[Shared, ...] = ()

    def sequences(self) -> Iterator[Place]:
        """Every sequence of items, with the value that flows into it."""
        for flow in self.flows:
            yield from _within(flow, None, False)
        for block in self.blocks:
            yield from _within(block.items, ENTRY, True)

    def callees(self) -> set[str]:
        """The names that calls may have besides those of layers."""
        return {block.name for block in self.blocks} | {share.name for share in self.shares}

    def with_calls(self, stretches: Iterable[Stretch]) -> Program:
        """The program with calls in place of some stretches, which do not overlap."""
        spots: dict[int, list[Stretch]] = defaultdict(list)
        for stretch in sorted(stretches, key=lambda s: s.start, reverse=True):
            spots[id(stretch.sequence)].append(stretch)

        def put(items: tuple[Item, ...]) -> tuple[Item, ...]:
            rest = tuple(inside(item) for item in items)
            for _, start, length, call in spots.get(id(items), ()):
                rest = (*rest[:start], call, *rest[start + length :])
            return rest

        def inside(item: Item) -> Item:
            if not isinstance(item, Body):
                return item
            shortcut = None if item.shortcut is None else put(item.shortcut)
            return replace(item, branches=tuple(map(put, item.branches)), shortcut=shortcut)

        blocks = tuple(replace(block, items=put(block.items)) for block in self.blocks)
        return replace(self, flows=tuple(map(put, self.flows)), blocks=blocks)


class Stretch(NamedTuple):
    """Some items of a sequence of a program, one behind the other, and the call that says them."""

    sequence: tuple[Item, ...]
    start: int
    length: int
    call: Use


class Place(NamedTuple):
    """A sequence, the value that flows into it, and whether it stands in a block."""

    items: tuple[Item, ...]
    entry: Any
    in_block: bool


def _within(items: tuple[Item, ...], entry: Any, in_block: bool) -> Iterator[Place]:
    yield Place(items, entry, in_block)
    before = entry
    for item in items:
        for inner in bodies(item):
            yield from _within(inner, before, in_block)
        before = value_of(item)
