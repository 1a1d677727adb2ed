"""Network -> items: what runs side by side becomes branches and residuals, the rest a flow of calls.

A value with several readers opens a region that ends where all its ways meet again (its immediate postdominator). If
the ways have nothing in common in between, they are branches; otherwise the region is written line by line, with names.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..ops.base import Op
from ..ops.merge import COMMUTES, Add
from ..ops.structure import Input
from .items import FLOW, Body, Item, Label, Source, Use, walk
from .network import Network, Ref

SKIP, ACROSS = 3, 12
"""Calls of a connection at most, and of what it leads across at least, for it to be written with a name."""

Items = list[Item]


def structured(network: Network, *, flat: bool = False) -> list[tuple[Item, ...]]:
    """The flow that ends in the main output, then one sequence for each further output's own layers."""
    found = []
    done: set[int] = set()
    ends = [network.outputs[i] for i in sorted(range(len(network.outputs)), key=lambda i: (i != 0, i))]
    for number, end in enumerate(ends):
        region = _Region(network, [n for n in leading_to(network, end.layer) if n not in done])
        found.append(tuple(region.whole(end.layer, first=number == 0, flat=flat)))
        done.update(region.members)
    unread = [n for n, layer in enumerate(network.layers) if n not in done and isinstance(layer.op, Input)]
    return [(*(use(network, n, ()) for n in unread), *found[0]), *found[1:]]


def leading_to(network: Network, end: int) -> list[int]:
    """The layers an output depends on, itself included, in order."""
    wanted = {end}
    for number in range(end, -1, -1):
        if number in wanted:
            wanted.update(ref.layer for ref in network.layers[number].inputs)
    return sorted(wanted)


class _Region:
    """Some layers of a network, with who reads whom among them."""

    def __init__(self, network: Network, members: list[int]) -> None:
        self.network = network
        self.members = members
        self.within = set(members)
        self.several = sum(isinstance(layer.op, Input) for layer in network.layers) > 1
        self.readers: dict[int, list[int]] = defaultdict(list)
        for number in members:
            for source in dict.fromkeys(ref.layer for ref in network.layers[number].inputs):
                self.readers[source].append(number)

    def whole(self, end: int, *, first: bool, flat: bool) -> Items:
        """All of it; the first region begins at the inputs, others at values that have names."""
        if not self.members:
            return []
        self.after = self.postdominators(end)
        starts = [n for n in self.members if not any(r.layer in self.within for r in self.network.layers[n].inputs)]
        if flat or len(starts) != 1:
            return self.lines(self.members, None)
        (start,) = starts
        return [self.call(start, None), *self.run(start, end)]

    def postdominators(self, end: int) -> dict[int, int | None]:
        """For each layer the nearest one that every way to the end goes through."""
        after: dict[int, int | None] = {end: None}
        for number in reversed(self.members):
            if number == end:
                continue
            meets = [r for r in self.readers[number] if r in after]
            if not meets:
                continue
            meeting = meets[0]
            for other in meets[1:]:
                meeting = self.meeting(meeting, other, after)
            after[number] = meeting
        return after

    def meeting(self, a: int, b: int, after: dict[int, int | None]) -> int:
        """Where two ways meet; numbers grow along every way."""
        while a != b:
            if a < b:
                a = self.next(a, after)
            else:
                b = self.next(b, after)
        return a

    @staticmethod
    def next(number: int, after: dict[int, int | None]) -> int:
        found = after[number]
        assert found is not None, "all ways lead to the end"
        return found

    def run(self, start: int, end: int) -> Items:
        """What lies behind `start`, up to and with `end`."""
        items: Items = []
        current = start
        while current != end:
            meeting = self.after[current]
            assert meeting is not None
            if self.readers[current] == [meeting] and self.feeds(current, meeting):
                items.append(self.call(meeting, current))
            else:
                items += self.region(current, meeting)
            current = meeting
        return items

    def feeds(self, current: int, reader: int) -> bool:
        """Whether a layer takes the current value once and else only values that stand outside the region."""
        inputs = [ref.layer for ref in self.network.layers[reader].inputs]
        return inputs.count(current) == 1 and not any(n in self.within for n in inputs if n != current)

    def region(self, start: int, end: int) -> Items:
        """What lies between a value with several readers and the layer where its ways meet, and that layer."""
        members = self.between(start, end)
        ways = self.ways(start, end)
        if ways is None or not self.closed(start, end, members):
            return self.lines([*members, end], start)
        return self.joined(start, end, ways)

    def between(self, start: int, end: int) -> list[int]:
        """The layers on the ways from start to end, both left out."""
        found, waiting = set(), [start]
        while waiting:
            for reader in self.readers[waiting.pop()]:
                if reader != end and reader not in found:
                    found.add(reader)
                    waiting.append(reader)
        return sorted(found)

    def closed(self, start: int, end: int, members: Sequence[int]) -> bool:
        """Whether nothing but the ways themselves runs between start and end."""
        inside = {start, *members}
        return all(
            ref.layer in inside or ref.layer not in self.within
            for n in members
            for ref in self.network.layers[n].inputs
        ) and all(reader in inside or reader == end for n in members for reader in self.readers[n])

    def ways(self, start: int, end: int) -> list[list[int]] | None:
        """The layers of each operand of `end` between start and end; None where two of them share some."""
        found: list[list[int]] = []
        used: set[int] = set()
        for ref in self.network.layers[end].inputs:
            way = self.back(start, ref.layer)
            if way is None or used.intersection(way) or (way and ref.output):
                return None
            used.update(way)
            found.append(way)
        return found

    def back(self, start: int, number: int) -> list[int] | None:
        """The layers from start (not included) to `number`; None where it does not come from there alone."""
        if number == start:
            return []
        if number not in self.within or number < start:
            return None
        way, waiting = {number}, [number]
        while waiting:
            for ref in self.network.layers[waiting.pop()].inputs:
                if ref.layer == start:
                    if ref.output:
                        return None
                elif ref.layer in self.within and ref.layer < start:
                    return None
                elif ref.layer in self.within and ref.layer not in way:
                    way.add(ref.layer)
                    waiting.append(ref.layer)
        return sorted(way)

    def joined(self, start: int, end: int, ways: list[list[int]]) -> Items:
        layer = self.network.layers[end]
        if layer.op.kind != "merge" or not all(self.one_entry(start, way) for way in ways):
            return self.lines([n for way in sorted(ways) for n in way] + [end], start, ordered=True)
        branches = [tuple(self.branch(start, way)) for way in ways]
        empty = [i for i, way in enumerate(ways) if not way]
        if isinstance(layer.op, Add) and len(ways) == 2 and len(empty) < 2:
            return [self.residual(end, branches, empty)]
        if not empty and not self.long_way(branches):
            return [Body(layer.op.word, arguments(layer.op), tuple(branches), end)]
        if len(ways) - len(empty) > 1 and not self.long_way(branches):
            return self.lines([n for way in sorted(ways) for n in way] + [end], start, ordered=True)
        return self.one_by_one(start, end, branches)

    @staticmethod
    def long_way(branches: list[tuple[Item, ...]]) -> bool:
        """Whether two branches are a connection across a whole part of the network: a U, not two ways side by side."""
        if len(branches) != 2:
            return False
        short, long = sorted((list(walk(branch)) for branch in branches), key=len)
        return len(short) <= SKIP and not any(map(joins, short)) and len(long) > ACROSS and any(map(joins, long))

    def one_by_one(self, start: int, end: int, branches: list[tuple[Item, ...]]) -> Items:
        """The branches one behind the other, the longest first, and what they are joined by at the end."""
        items: Items = []
        for branch in sorted(filter(None, branches), key=len, reverse=True):
            first, *rest = branch
            if items and isinstance(first, Use):
                first = replace(first, inputs=tuple(Ref(start) if s == FLOW else s for s in first.inputs))
            items += [first, *rest]
        return [*items, self.call(end, items[-1].layers[-1] if items else start)]

    def one_entry(self, start: int, way: list[int]) -> bool:
        """Whether a branch starts with one layer that reads the fork, so that it can be run through."""
        if not way:
            return True
        firsts = [n for n in way if not any(r.layer in way for r in self.network.layers[n].inputs)]
        return all(self.after.get(n) is not None for n in way) and bool(firsts)

    def branch(self, start: int, way: list[int]) -> Items:
        """The items of one way; where it forks at once, from its start on."""
        if not way:
            return []
        readers = [n for n in way if any(r.layer == start for r in self.network.layers[n].inputs)]
        inner = _Region(self.network, [start, *way])
        inner.after = inner.postdominators(way[-1])
        if len(readers) == 1 and inner.feeds(start, readers[0]):
            return [inner.call(readers[0], start), *inner.run(readers[0], way[-1])]
        return inner.run(start, way[-1])

    def residual(self, end: int, branches: list[tuple[Item, ...]], empty: list[int]) -> Body:
        op = self.network.layers[end].op
        body = 1 - empty[0] if empty else max((0, 1), key=lambda i: (len(branches[i]), i == 1))
        shortcut = None if empty else branches[1 - body]
        return Body("residual", arguments(op), (branches[body],), end, shortcut)

    # --- line by line

    def lines(self, members: Sequence[int], current: int | None, *, ordered: bool = False) -> Items:
        """Each layer as a call; what is not the value of the line above is called by name."""
        items: Items = []
        for number in members if ordered else self.depth_first(members):
            items.append(self.call(number, current))
            current = number
        return items

    def depth_first(self, members: Sequence[int]) -> list[int]:
        """An order of evaluation in which a layer stands right behind one that it reads, if it can; of several that
        read one value, those first that nothing but the last layer takes."""
        wanted, done, order = set(members), set(), []
        readers = {n: [r for r in self.readers[n] if r in wanted] for n in self.members}
        for found in readers.values():
            found.sort(key=lambda n: readers.get(n) != [members[-1]])

        def ready(number: int) -> bool:
            return all(r.layer in done or r.layer not in wanted for r in self.network.layers[number].inputs)

        for root in members:
            waiting = [root]
            while waiting:
                number = waiting.pop()
                if number in done or not ready(number):
                    continue
                done.add(number)
                order.append(number)
                waiting += reversed(readers[number])
        return order

    def call(self, number: int, current: int | None) -> Use:
        """One layer as a call, from the current value where it takes it."""
        inputs: list[Source] = list(self.network.layers[number].inputs)
        layer = self.network.layers[number]
        here = [i for i, ref in enumerate(layer.inputs) if ref == Ref(current if current is not None else -1)]
        sources = [layer] if current is None else [layer, self.network.layers[current]]
        alone = all(len(s.facts.outputs) == 1 and not (self.several and isinstance(s.op, Input)) for s in sources)
        if len(here) == 1 and alone and (len(inputs) == 1 or self.flows(layer.op, len(inputs), here[0])):
            inputs[here[0]] = FLOW
            if here[0] and isinstance(layer.op, COMMUTES):
                inputs[0], inputs[here[0]] = inputs[here[0]], inputs[0]
        return use(self.network, number, tuple(inputs))

    @staticmethod
    def flows(op: Op, count: int, position: int) -> bool:
        """Whether an operator with operands can take the flow: as the first of two."""
        return count == 2 and (position == 0 or isinstance(op, COMMUTES))


def joins(item: Item) -> bool:
    """Whether an item makes one value of several."""
    return isinstance(item, Body) or (isinstance(item, Use) and len(item.inputs) > 1)


def use(network: Network, number: int, inputs: tuple[Source, ...]) -> Use:
    layer = network.layers[number]
    named = network.keeps_paths and bool(layer.facts.weights) and layer.path
    label = label_of(layer.path) if named else ()
    outputs = len(layer.facts.outputs)
    return Use(layer.op.word, arguments(layer.op, layer.facts.output.rank), inputs, label, (number,), outputs)


def arguments(op: Op, rank: int = 1) -> tuple[tuple[str, Any], ...]:
    """All arguments of an operator, given or not; windows with a size for each dimension, as they are written."""
    if isinstance(op, Input):
        return (("shape", op.shape),)
    given = {name: op.__dict__[name] for name in op.fields}
    return tuple((n, v if v == op.fields[n].default else windowed(n, v, rank)) for n, v in given.items())


def windowed(name: str, value: Any, rank: int) -> Any:
    return value * rank if name == "size" and isinstance(value, tuple) and len(value) == 1 else value


def label_of(path: str) -> Label:
    """`layer1.0.conv1` as its components, numbers apart from texts."""
    return tuple(component_of(text) for text in path.split("."))


def component_of(text: str) -> Any:
    return tuple(int(p) if p.isdigit() and str(int(p)) == p else p for p in re.split(r"(\d+)", text) if p)
