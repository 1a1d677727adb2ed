"""Network -> items: what runs side by side becomes branches and residuals, the rest a flow of calls.

A value with several readers opens a region that ends where all its ways meet again (its immediate postdominator). If
the ways have nothing in common in between, they are branches; otherwise the region is written line by line, with names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..ops.base import Op
from ..ops.merge import COMMUTES, Add
from ..ops.structure import Input
from .items import FLOW, Body, Item, Source, Use, walk
from .network import Network, Ref
from .region import Region
from .uses import arguments, use

SKIP, ACROSS = 3, 12
"""Calls of a connection at most, and of what it leads across at least, for it to be written with a name."""

Items = list[Item]


def structured(network: Network, *, flat: bool = False) -> list[tuple[Item, ...]]:
    """The flow that ends in the main output, then one sequence for each further output's own layers."""
    found = []
    early = inputs_ahead(network)
    done = set(early)
    for end in network.outputs:
        region = Region(network, [n for n in leading_to(network, end.layer) if n not in done])
        found.append(tuple(whole(region, end.layer, flat=flat)))
        done |= region.within
    return [(*(use(network, n, ()) for n in early), *found[0]), *found[1:]]


def inputs_ahead(network: Network) -> list[int]:
    """The inputs, where they stand before all else: the outputs need them in another order, or not all of them."""
    inputs = [n for n, layer in enumerate(network.layers) if isinstance(layer.op, Input)]
    needed = [n for end in network.outputs for n in leading_to(network, end.layer) if n in inputs]
    return [] if list(dict.fromkeys(needed)) == inputs else inputs


def leading_to(network: Network, end: int) -> list[int]:
    """The layers an output depends on, itself included, in order."""
    wanted = {end}
    for number in range(end, -1, -1):
        if number in wanted:
            wanted.update(ref.layer for ref in network.layers[number].inputs)
    return sorted(wanted)


def whole(region: Region, end: int, *, flat: bool) -> Items:
    """All of a region; the first of a network begins at the inputs, others at values that have names."""
    if not region.members:
        return []
    flow = _Flow(region, end)
    starts = region.starts()
    if flat or len(starts) != 1:
        return flow.lines(region.members, None)
    (start,) = starts
    return [flow.call(start, None), *flow.run(start, end)]


class _Flow:
    """A region as items, from the values with several readers to where their ways meet."""

    def __init__(self, region: Region, end: int) -> None:
        self.region = region
        self.network = region.network
        self.after = region.postdominators(end)
        self.several = sum(isinstance(layer.op, Input) for layer in self.network.layers) > 1

    def run(self, start: int, end: int) -> Items:
        """What lies behind `start`, up to and with `end`."""
        items: Items = []
        current = start
        while current != end:
            meeting = self.after[current]
            if self.region.readers[current] == [meeting] and self.region.feeds(current, meeting):
                items.append(self.call(meeting, current))
            else:
                items += self.fork(current, meeting)
            current = meeting
        return items

    def fork(self, start: int, end: int) -> Items:
        """What lies between a value with several readers and the layer where its ways meet, and that layer."""
        ways = self.region.ways(start, end)
        if ways is None or not self.region.closed(start, end):
            return self.lines([*self.region.between(start, end), end], start)
        return self.joined(start, end, ways)

    def joined(self, start: int, end: int, ways: list[list[int]]) -> Items:
        """Ways that share nothing, and the layer that takes them all."""
        layer = self.network.layers[end]
        one_by_one = [n for way in ways for n in way] + [end]
        branches = [tuple(self.branch(start, way)) for way in ways]
        empty = [i for i, way in enumerate(ways) if not way]
        if layer.op.kind != "merge":
            alone = len(ways) - len(empty) == 1
            return self.longest_first(start, end, branches) if alone else self.lines(one_by_one, start, ordered=True)
        if isinstance(layer.op, Add) and len(ways) == 2 and len(empty) < 2:
            return [self.residual(end, branches, empty)]
        if not empty and not long_way(branches):
            return [Body(layer.op.word, arguments(layer.op), tuple(branches), end)]
        if len(ways) - len(empty) > 1 and not long_way(branches):
            return self.lines(one_by_one, start, ordered=True)
        return self.longest_first(start, end, branches)

    def branch(self, start: int, way: list[int]) -> Items:
        """The items of one way; where it forks at once, from its start on."""
        if not way:
            return []
        region, end = Region(self.network, [start, *way]), way[-1]
        inner = _Flow(region, end)
        readers = region.readers[start]
        if len(readers) == 1 and region.feeds(start, readers[0]):
            return [inner.call(readers[0], start), *inner.run(readers[0], end)]
        return inner.run(start, end)

    def residual(self, end: int, branches: list[tuple[Item, ...]], empty: list[int]) -> Body:
        """A sum of two ways: the longer is the body, the other the shortcut."""
        op = self.network.layers[end].op
        body = 1 - empty[0] if empty else max((0, 1), key=lambda i: (len(branches[i]), i == 1))
        shortcut = None if empty else branches[1 - body]
        return Body("residual", arguments(op), (branches[body],), end, shortcut)

    def longest_first(self, start: int, end: int, branches: list[tuple[Item, ...]]) -> Items:
        """The branches one behind the other, the longest first, and what they are joined by at the end."""
        items: Items = []
        for branch in sorted(filter(None, branches), key=len, reverse=True):
            first, *rest = branch
            if items and isinstance(first, Use):
                first = replace(first, inputs=tuple(Ref(start) if s == FLOW else s for s in first.inputs))
            items += [first, *rest]
        return [*items, self.call(end, items[-1].layers[-1] if items else start)]

    def lines(self, members: Sequence[int], current: int | None, *, ordered: bool = False) -> Items:
        """Each layer as a call; what is not the value of the line above is called by name."""
        items: Items = []
        for number in members if ordered else self.region.by_operands(members):
            items.append(self.call(number, current))
            current = number
        return items

    def call(self, number: int, current: int | None) -> Use:
        """One layer as a call, from the current value where it takes it."""
        layer = self.network.layers[number]
        inputs: list[Source] = list(layer.inputs)
        here = [i for i, ref in enumerate(layer.inputs) if ref == Ref(-1 if current is None else current)]
        sources = [layer] if current is None else [layer, self.network.layers[current]]
        alone = all(len(s.facts.outputs) == 1 and not (self.several and isinstance(s.op, Input)) for s in sources)
        if len(here) == 1 and alone and takes_flow(layer.op, len(inputs), here[0]):
            inputs[here[0]] = FLOW
            if here[0] and isinstance(layer.op, COMMUTES):
                inputs[0], inputs[here[0]] = inputs[here[0]], inputs[0]
        return use(self.network, number, tuple(inputs))


def takes_flow(op: Op, count: int, position: int) -> bool:
    """Whether the current value can be the operand at a position: the only one, or the first of two."""
    return count == 1 or (count == 2 and (position == 0 or isinstance(op, COMMUTES)))


def long_way(branches: list[tuple[Item, ...]]) -> bool:
    """Whether two branches are a connection across a whole part of the network: a U, not two ways side by side."""
    if len(branches) != 2:
        return False
    short, long = sorted((list(walk(branch)) for branch in branches), key=len)
    return len(short) <= SKIP and not any(map(joins, short)) and len(long) > ACROSS and any(map(joins, long))


def joins(item: Item) -> bool:
    """Whether an item makes one value of several."""
    return isinstance(item, Body) or (isinstance(item, Use) and len(item.inputs) > 1)
