"""Some layers of a network as a graph: who reads whom among them, where ways fork and where they meet again.

Layers are numbered in an order of evaluation, so that numbers grow along every way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from .network import Network


class Region:
    """Some layers of a network, with who reads whom among them."""

    def __init__(self, network: Network, members: list[int]) -> None:
        self.network = network
        self.members = members
        self.within = set(members)
        self.readers: dict[int, list[int]] = defaultdict(list)
        for number in members:
            for source in dict.fromkeys(self.sources(number)):
                self.readers[source].append(number)

    def sources(self, number: int) -> list[int]:
        """The layers that a layer reads, one for each of its inputs."""
        return [ref.layer for ref in self.network.layers[number].inputs]

    def starts(self) -> list[int]:
        """The members that read no other."""
        return [n for n in self.members if self.within.isdisjoint(self.sources(n))]

    def postdominators(self, end: int) -> dict[int, int]:
        """For each layer but the end the nearest one that every way to the end goes through."""
        after: dict[int, int] = {}
        for number in reversed(self.members):
            meets = [r for r in self.readers[number] if r in after or r == end] if number != end else []
            if meets:
                after[number] = meeting(meets, after)
        return after

    def feeds(self, current: int, reader: int) -> bool:
        """Whether a layer takes the current value once and else only values that stand outside the region."""
        inputs = self.sources(reader)
        return inputs.count(current) == 1 and not any(n in self.within for n in inputs if n != current)

    def between(self, start: int, end: int) -> list[int]:
        """The layers on the ways from start to end, both left out."""
        found, waiting = set(), [start]
        while waiting:
            for reader in self.readers[waiting.pop()]:
                if reader != end and reader not in found:
                    found.add(reader)
                    waiting.append(reader)
        return sorted(found)

    def closed(self, start: int, end: int) -> bool:
        """Whether nothing but the ways themselves runs between start and end."""
        members = self.between(start, end)
        inside = {start, *members}
        return all(n in inside or n not in self.within for m in members for n in self.sources(m)) and all(
            reader in inside or reader == end for m in members for reader in self.readers[m]
        )

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

    def depth_first(self, members: Sequence[int]) -> list[int]:
        """An order of evaluation in which a layer stands right behind one that it reads, if it can; of several that
        read one value, those first that nothing but the last layer takes."""
        wanted, done, order = set(members), set(), []
        readers = {n: [r for r in self.readers[n] if r in wanted] for n in self.members}
        for found in readers.values():
            found.sort(key=lambda n: readers.get(n) != [members[-1]])
        for root in members:
            waiting = [root]
            while waiting:
                number = waiting.pop()
                if number in done or any(n in wanted and n not in done for n in self.sources(number)):
                    continue
                done.add(number)
                order.append(number)
                waiting += reversed(readers[number])
        return order


def meeting(ways: Sequence[int], after: dict[int, int]) -> int:
    """The first layer that all of some ways go through."""
    first, *others = ways
    for other in others:
        while first != other:
            first, other = sorted((first, other))
            first = after[first]
    return first
