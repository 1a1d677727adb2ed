"""Layers that use the weights of earlier ones -> `share`: one chain of calls, applied several times."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from .items import FLOW, Item, Shared, Use, shortened
from .labels import label_text
from .naming import unique
from .program import Program, Stretch


def with_shares(program: Program) -> Program:
    """The program with every shared chain said once."""
    users = users_of(program)
    for layers in users.values():
        spots = spots_of(program, layers)
        if spots:
            program = shared(program, spots, users)
    return program


def users_of(program: Program) -> dict[int, list[int]]:
    """For each layer whose weights have further uses all its uses, its own first."""
    found: dict[int, list[int]] = {}
    for number, layer in enumerate(program.network.layers):
        if layer.shares is not None:
            found.setdefault(layer.shares, [layer.shares]).append(number)
    return dict(sorted(found.items()))


class Spot(NamedTuple):
    """Where a call stands."""

    sequence: tuple[Item, ...]
    start: int

    def ahead(self, length: int) -> Item | None:
        """The item so many places behind it."""
        position = self.start + length
        return self.sequence[position] if position < len(self.sequence) else None


def spots_of(program: Program, layers: list[int]) -> list[Spot]:
    """Where some layers stand; nowhere if they are part of a shared chain already."""
    found = {layer_of(item): Spot(items, i) for items, *_ in program.sequences() for i, item in enumerate(items)}
    return [found[layer] for layer in layers if layer in found]


def shared(program: Program, spots: list[Spot], users: dict[int, list[int]]) -> Program:
    """The program with the chain that begins at all of the spots said once."""
    length = common_length(program, spots, users)
    whole = [spot.sequence[spot.start : spot.start + length] for spot in spots]
    chain = named_chain(whole[0], [share.name for share in program.shares])
    stretches = [Stretch(*spot, length, call(chain, items)) for spot, items in zip(spots, whole)]
    return replace(program.with_calls(stretches), shares=(*program.shares, chain))


def common_length(program: Program, spots: list[Spot], users: dict[int, list[int]]) -> int:
    """How many calls are alike at all spots, one behind the other, with nothing else read in between."""
    length = 1
    while True:
        last = [layer_of(spot.ahead(length - 1)) for spot in spots]
        group = [spot.ahead(length) for spot in spots]
        if not all(only_next(program, layer) for layer in last) or not alike(program, group, users):
            return length
        length += 1


def alike(program: Program, group: list[Item | None], users: dict[int, list[int]]) -> bool:
    """Whether calls on the flow are the same, and all that use their weights where they have some."""
    uses = [item for item in group if isinstance(item, Use) and item.inputs == (FLOW,) and item.outputs == 1]
    if len(uses) < len(group) or len({replace(use, label=(), layers=()) for use in uses}) > 1:
        return False
    numbers = [n for use in uses for n in use.layers]
    first = program.network.layers[numbers[0]]
    if len(numbers) > len(uses) or not first.facts.weights:
        return len(numbers) == len(uses)
    return sorted(numbers) == users.get(numbers[0] if first.shares is None else first.shares)


def only_next(program: Program, layer: int | None) -> bool:
    """Whether nothing but the next call takes a layer's value."""
    network = program.network
    return layer is not None and len(network.readers[layer]) == 1 and layer not in network.results


def named_chain(items: tuple[Item, ...], taken: list[str]) -> Shared:
    """The chain under the name that its labels begin with, or that its one label is, so that its paths stay."""
    labels = [item.label for item in items if isinstance(item, Use) and item.label]
    first, *rest = items
    assert isinstance(first, Use)
    first = replace(first, inputs=(FLOW,))
    if len(items) == 1 and labels:
        return Shared(unique(label_text(labels[0]), taken), (first,))
    below = len({label[:1] for label in labels}) == 1 and all(len(label) > 1 for label in labels)
    name = unique(label_text(labels[0][:1]) if below else "shared", taken)
    return Shared(name, shortened((first, *rest), 1) if below else (first, *rest))


def call(chain: Shared, items: tuple[Item, ...]) -> Use:
    """A use of the chain, for some of its items' layers."""
    first = items[0]
    assert isinstance(first, Use)
    return Use(chain.name, (), first.inputs, (), tuple(n for item in items for n in item.layers))


def layer_of(item: Item | None) -> int | None:
    """The one layer that a call stands for."""
    return item.layers[0] if isinstance(item, Use) and len(item.layers) == 1 else None
