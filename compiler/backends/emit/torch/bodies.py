"""The instances of a model as steps of PyTorch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence

from ....graph import Node
from ..code import Code
from ..entries import Body, Entry
from ..parts import Anatomy, Part, Value, branch, key
from . import activation, conv, merge, norm, pool, scale, shape
from .layer import Layer, lower, numbered
from .sequence import sequences

RULES = (activation, conv, merge, norm, pool, scale, shape)
"""The modules whose rules are in the table."""


class Builder:
    def __init__(self, part: Part, anatomy: Anatomy, make: Callable[[Part, Part], Code]) -> None:
        self.part = part
        self.anatomy = anatomy
        self.make = make
        self.same: dict[Value, Value] = {}
        """Values that are another value, such as what `identity` gives."""
        self.seen: Counter[Hashable] = Counter()

    def body(self) -> Body:
        entries = [entry for item in self.part.items for entry in self.entries(item)]
        gives = tuple(map(self.known, self.part.gives))
        return Body(self.part, tuple(sequences(entries, gives)), tuple(self.part.reads), gives)

    def known(self, value: Value) -> Value:
        while value in self.same:
            value = self.same[value]
        return value

    def entries(self, item: Node | Part) -> Sequence[Entry]:
        place = key(item, self.part)
        self.seen[place] += 1
        if isinstance(item, Part):
            reads = tuple(map(self.known, item.reads))
            name = self.part.name(item.path)
            make = self.make(item, self.part)
            entry = Entry((place, self.seen[place]), name, reads, item.gives, make=make, part=item)
            entry.branch = branch(item, self.part)
            entry.results = item.results
            entry.automatic = numbered(name, item.frame.name)
            return [entry]
        return self.layer(item, (place, self.seen[place]))

    def layer(self, node: Node, place: Hashable) -> Sequence[Entry]:
        layer = Layer(node, self.part, self.anatomy)
        layer.place = place
        layer.inputs = tuple(map(self.known, layer.inputs))
        lower(node.op, layer)
        found = layer.done()
        if not found:
            self.same[node.serial, 0] = layer.inputs[0]
        return found
