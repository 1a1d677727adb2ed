"""Layers that use the weights of earlier ones -> `share`: one chain of calls, applied several times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .items import FLOW, NOWHERE, Item, Shared, Use, parts, shortened
from .labels import label_text
from .naming import unique
from .program import Program


def with_shares(program: Program) -> Program:
    """The program with every shared chain said once; those inside of branches are left as they are."""
    tied = {n for n, layer in enumerate(program.network.layers) if layer.shares is not None}
    if not tied:
        return program
    search = _Search(program)
    flows: list[tuple[Item, ...]] = []
    shares: list[Shared] = []
    for flow in program.flows:
        items, found = search.shared(flow, [share.name for share in shares])
        flows.append(items)
        shares += found
    return replace(program, flows=tuple(flows), shares=tuple(shares))


class _Search:
    def __init__(self, program: Program) -> None:
        self.network = program.network
        self.layers = program.network.layers

    def shared(self, items: tuple[Item, ...], taken: Sequence[str]) -> tuple[tuple[Item, ...], list[Shared]]:
        """A flow with calls of the shared chains, and these; chains that are used in several flows stay as they are."""
        found: list[Shared] = []
        position = 0
        while position < len(items):
            uses = self.uses(items, position)
            if len(uses) > 1:
                length = self.length(items, uses)
                chain = self.chain(items[position : position + length], [*taken, *(share.name for share in found)])
                found.append(chain)
                for start in reversed(uses):
                    items = (*items[:start], self.call(chain, items[start : start + length]), *items[start + length :])
            position += 1
        return items, found

    def uses(self, items: Sequence[Item], position: int) -> list[int]:
        """Where the layer at a position and those that share its weights stand."""
        owner = layer_of(items[position])
        if owner is None or not self.layers[owner].facts.weights:
            return []
        sharing = {n for n, layer in enumerate(self.layers) if layer.shares == owner}
        if not sharing:
            return []
        found = [position, *(i for i, item in enumerate(items) if layer_of(item) in sharing)]
        return found if len(found) == len(sharing) + 1 else []

    def length(self, items: Sequence[Item], starts: list[int]) -> int:
        """How many calls are alike at all places, one behind the other, with nothing else read in between."""
        length = 1
        limits = [*starts[1:], len(items)]
        while all(start + length < limit for start, limit in zip(starts, limits)):
            group = [items[start + length] for start in starts]
            before = [layer_of(items[start + length - 1]) for start in starts]
            if not self.alike(group) or any(not self.only_next(n) for n in before):
                break
            length += 1
        return length

    def alike(self, group: list[Item]) -> bool:
        """Whether calls on the flow are the same, with the same weights where they have some."""
        if any(not isinstance(item, Use) or item.inputs != (FLOW,) for item in group):
            return False
        looks = {repr(parts((item,), NOWHERE, "exact")[1]) + str(getattr(item, "head", "")) for item in group}
        first, *others = [self.layers[layer_of(item) or 0] for item in group]
        owner = layer_of(group[0])
        tied = all(other.shares == owner for other in others) if first.facts.weights else True
        return len(looks) == 1 and tied

    def only_next(self, layer: int | None) -> bool:
        return layer is not None and len(self.network.readers[layer]) == 1 and layer not in self.network.results

    def chain(self, items: Sequence[Item], taken: list[str]) -> Shared:
        """The chain under the name that its labels begin with."""
        labels = [item.label for item in items if isinstance(item, Use) and item.label]
        alike = len({label[0] for label in labels}) == 1 and all(len(label) > 1 for label in labels)
        name = unique(label_text(labels[0][:1]) if alike else "shared", taken)
        first, *rest = shortened(items, 1) if alike else tuple(items)
        assert isinstance(first, Use)
        return Shared(name, (replace(first, inputs=(FLOW,)), *rest))

    def call(self, chain: Shared, items: Sequence[Item]) -> Use:
        first = items[0]
        assert isinstance(first, Use)
        return Use(chain.name, (), first.inputs, (), tuple(n for item in items for n in item.layers))


def layer_of(item: Item) -> int | None:
    """The one layer that a call stands for."""
    return item.layers[0] if isinstance(item, Use) and len(item.layers) == 1 else None
