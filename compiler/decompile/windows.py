"""Where a block may be: windows, which are stretches of a program's sequences, in groups that look alike.

A window has one value that flows in and one that is read outside; where paths are kept, it is all that stands under
its path, so that a call with that label gives its layers the names they had.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from .alike import bare, look, positions
from .items import ENTRY, FLOW, Frame, Item, Label, Use, parts, shortened, sources, value_of, walk
from .network import Network, Ref, shared_start
from .program import Place, Program

LONGEST = 40
"""Items of a sequence that may become a block."""


class Window(NamedTuple):
    """A stretch of a sequence that may become a call: its items, where it stands, what it is called there."""

    place: Place
    start: int
    items: tuple[Item, ...]
    entry: Any
    prefix: Label

    @property
    def layers(self) -> tuple[int, ...]:
        return tuple(n for item in self.items for n in item.layers)

    @property
    def frame(self) -> Frame:
        """How references look from inside of it."""
        return Frame(positions(self.items), self.entry if isinstance(self.entry, Ref) else None)

    @property
    def key(self) -> Any:
        """What windows of one group have in common."""
        key, _ = parts(bare(self.items), self.frame, "exact")
        return key


class Windows:
    """The windows of programs for one network, and what is known of it to find them."""

    def __init__(self, network: Network) -> None:
        self.network = network
        owners = {n: layer.shares for n, layer in enumerate(network.layers) if layer.shares is not None}
        self.tied = {*owners, *owners.values()}
        self.weighted_under: dict[tuple[str, ...], int] = defaultdict(int)
        for layer in network.layers:
            if layer.facts.weights and layer.path:
                names = tuple(layer.path.split("."))
                for length in range(len(names)):
                    self.weighted_under[names[:length]] += 1

    def groups(self, program: Program) -> Iterator[list[Window]]:
        """Windows with one key, which do not overlap, at least two of them."""
        found: dict[Any, list[Window]] = defaultdict(list)
        for window in self.repeated(list(program.sequences())):
            named = self.named(window)
            if named is not None:
                found[named.key].append(named)
        for windows in found.values():
            apart = _apart(windows)
            if len(apart) > 1:
                yield apart

    def repeated(self, places: list[Place]) -> Iterator[Window]:
        """The windows whose items look the same as some other's."""
        numbers: dict[Any, int] = {}
        keys = [[numbers.setdefault(look(item), len(numbers)) for item in place.items] for place in places]
        alive = [(p, start) for p, place in enumerate(places) for start in range(len(place.items))]
        for length in range(1, LONGEST + 1):
            seen: dict[tuple[int, ...], list[tuple[int, int]]] = defaultdict(list)
            for p, start in alive:
                if start + length <= len(keys[p]):
                    seen[tuple(keys[p][start : start + length])].append((p, start))
            alive = [spot for spots in seen.values() if len(spots) > 1 for spot in spots]
            if not alive:
                return
            for key, spots in seen.items():
                if len(spots) > 1 and not _periodic(key):
                    yield from self.eligible(places, spots, length)

    def eligible(self, places: list[Place], spots: list[tuple[int, int]], length: int) -> Iterator[Window]:
        """Of the stretches that begin at some spots, those that could be a call, and are more than one already."""
        for p, start in spots:
            place = places[p]
            items = place.items[start : start + length]
            entry = value_of(place.items[start - 1]) if start else place.entry
            window = Window(place, start, items, entry, ())
            if sum(1 for _ in walk(items)) > 1 and items[-1].layers and self.closed(window):
                yield window

    def closed(self, window: Window) -> bool:
        """Whether one value flows in, and only the last one is read outside."""
        first, last = window.items[0], window.items[-1]
        if isinstance(first, Use) and FLOW not in first.inputs and window.entry not in first.inputs:
            return False
        if any(isinstance(i, Use) and i.outputs > 1 for i in (last, *window.place.items[: window.start][-1:])):
            return False
        layers = window.layers
        inside = set(layers)
        if inside & self.tied or any(isinstance(i, Use) and i.head == "input" for i in window.items):
            return False
        if window.start and any(ENTRY in sources(i) for i in walk(window.items)):
            return False
        return not self.network.read_outside(layers[:-1], inside)

    def named(self, window: Window) -> Window | None:
        """The window with labels relative to its own; None where it is not all that stands under its path."""
        labelled = [item for item in walk(window.items) if isinstance(item, Use) and item.label]
        if not labelled:
            return window
        prefix = _prefix([item.label for item in labelled])
        if not prefix:
            return None
        first = labelled[0]
        path = self.network.layers[first.layers[0]].path.split(".")
        weighted = [n for n in window.layers if self.network.layers[n].facts.weights]
        inner = len(self.network.common_path(first.layers)) - len(first.label)
        if self.weighted_under[tuple(path[: inner + len(prefix)])] != len(weighted):
            return None
        return window._replace(items=shortened(window.items, len(prefix)), prefix=prefix)


def _prefix(labels: list[Label]) -> Label:
    """The components that all labels begin with; at least one component is left to each."""
    return tuple(shared_start([label[:-1] for label in labels]))


def _periodic(key: tuple[int, ...]) -> bool:
    """Whether it is a shorter sequence several times, the last time perhaps in part."""
    return any(key[period:] == key[:-period] for period in range(1, len(key) // 2 + 1))


def _apart(windows: list[Window]) -> list[Window]:
    """Those that do not overlap an earlier one."""
    taken: dict[int, int] = {}
    found = []
    for window in sorted(windows, key=lambda w: (id(w.place.items), w.start)):
        if window.start >= taken.get(id(window.place.items), 0):
            taken[id(window.place.items)] = window.start + len(window.items)
            found.append(window)
    return sorted(found, key=lambda w: w.layers[0])
