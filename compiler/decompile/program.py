"""A network on its way to text: the lines of its flows, the blocks and shared chains that they call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from .items import ENTRY, Block, Item, Shared, bodies, value_of
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
