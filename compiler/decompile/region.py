"""Some layers of a network as a graph: who reads whom among them, where ways fork and where they meet again.

Layers are numbered in an order of evaluation, so that numbers grow along every way.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from ..ops.merge import COMMUTES
from ..ops.structure import Input
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

    def by_operands(self, members: Sequence[int]) -> list[int]:
        """The order of evaluation that computes the operands of each layer one behind the other, up to the last layer.

        It hangs on what the layers are and read, not on the order in which they were met; so a file that is written,
        run and read again stays as it is. Inputs stand in their own order.
        """
        wanted, order = set(members), []
        done: set[int] = set()
        waiting = list(members)
        inputs = [n for n in members if isinstance(self.network.layers[n].op, Input)]
        while waiting:
            number = waiting[-1]
            needed = self.sources(number) or [n for n in inputs if n < number]
            missing = [n for n in dict.fromkeys(needed) if n in wanted and n not in done]
            if number in done or not missing:
                waiting.pop()
                if number not in done:
                    done.add(number)
                    order.append(number)
                continue
            waiting.append(self.next_operand(number, missing, wanted - done))
        return order

    def next_operand(self, number: int, missing: list[int], wanted: set[int]) -> int:
        """The first operand; of a sum of two the one that takes most to compute, since these may change places."""
        layer = self.network.layers[number]
        if len(missing) == 1 or len(layer.inputs) > 2 or not isinstance(layer.op, COMMUTES):
            return missing[0]
        needs = {n: self.needed(n, wanted) for n in missing}
        return min(missing, key=lambda n: (-len(needs[n]), self.described(needs[n]), n))

    def needed(self, end: int, wanted: set[int]) -> set[int]:
        """The layers of some that one depends on, itself included."""
        found, waiting = {end}, [end]
        while waiting:
            for source in self.sources(waiting.pop()):
                if source in wanted and source not in found:
                    found.add(source)
                    waiting.append(source)
        return found

    def described(self, numbers: set[int]) -> tuple[list[tuple[str, int]], list[str]]:
        """The first path of layers with weights, numbers in the order of numbers, and the words of all of them."""
        layers = [self.network.layers[n] for n in numbers]
        paths = [re.findall(r"(\D*)(\d*)", layer.path) for layer in layers if layer.facts.weights]
        first = min([[(text, int(n or 0)) for text, n in path] for path in paths], default=[])
        return first, sorted(layer.op.word for layer in layers)


def meeting(ways: Sequence[int], after: dict[int, int]) -> int:
    """The first layer that all of some ways go through."""
    first, *others = ways
    for other in others:
        while first != other:
            first, other = sorted((first, other))
            first = after[first]
    return first
