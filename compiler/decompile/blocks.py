"""Repeated sequences -> blocks: the one that shortens the program most, then the next, until none is worth a name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..ops.base import OPERATORS
from .columns import Columns, Role, roles
from .items import (
    ENTRY,
    FLOW,
    MISSING,
    UNSET,
    Block,
    Body,
    Code,
    Frame,
    Item,
    Label,
    Param,
    Shared,
    Use,
    bodies,
    mapped,
    parts,
    rebuilt,
    shortened,
    sources,
    value_of,
    walk,
)
from .naming import block_name, unique
from .network import Network, Ref

LONGEST = 40
"""Items of a sequence that may become a block."""

WORTH = 3.0
"""How much shorter, in calls, a block must make the program."""

TRIED = 40
"""Candidates whose gain is computed exactly, per round."""

NOWHERE = Frame({}, None)


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


def with_blocks(program: Program) -> Program:
    """The program with every block that is worth it, in the order of their calls, what they call before them."""
    search = _Search(program.network)
    while (better := search.round(program)) is not None:
        program = better
    return renamed(replace(program, blocks=ordered(program)))


def ordered(program: Program) -> tuple[Block, ...]:
    blocks = {block.name: block for block in program.blocks}
    found: dict[str, Block] = {}

    def visit(items: Sequence[Item]) -> None:
        for item in walk(items):
            if isinstance(item, Use) and item.head in blocks and item.head not in found:
                visit(blocks[item.head].items)
                found[item.head] = blocks[item.head]

    for flow in program.flows:
        visit(flow)
    return tuple(found.values())


def renamed(program: Program) -> Program:
    """Names of one kind numbered in the order of the blocks: `inception`, `inception2`."""
    names: dict[str, str] = {}
    for block in program.blocks:
        names[block.name] = unique(block.name.rstrip("0123456789"), names.values())

    def change(items: tuple[Item, ...]) -> tuple[Item, ...]:
        return tuple(replace(i, head=names.get(i.head, i.head)) if isinstance(i, Use) else i for i in items)

    flows = tuple(mapped(flow, change) for flow in program.flows)
    blocks = tuple(replace(b, name=names[b.name], items=mapped(b.items, change)) for b in program.blocks)
    return replace(program, flows=flows, blocks=blocks)


class _Search:
    """What is known of the network while blocks are looked for."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.readers: dict[int, set[int]] = defaultdict(set)
        for number, layer in enumerate(network.layers):
            for ref in layer.inputs:
                self.readers[ref.layer].add(number)
        self.results = {ref.layer for ref in network.outputs}
        self.tied = {n for n, layer in enumerate(network.layers) if layer.shares is not None}
        self.tied |= {layer.shares for layer in network.layers if layer.shares is not None}
        self.under: dict[tuple[str, ...], int] = defaultdict(int)
        for layer in network.layers:
            if layer.facts.weights and layer.path:
                names = tuple(layer.path.split("."))
                for length in range(len(names)):
                    self.under[names[:length]] += 1

    def round(self, program: Program) -> Program | None:
        """The program with its best new block; None where none is worth it."""
        best: tuple[float, _Abstracted] | None = None
        groups = sorted(self.groups(program), key=_promise, reverse=True)
        for windows in groups[:TRIED]:
            made = _best(windows, self.network, [block.name for block in program.blocks])
            if made is not None and made.gain > WORTH and (best is None or made.gain > best[0]):
                best = made.gain, made
        return None if best is None else _replaced(program, best[1])

    def groups(self, program: Program) -> Iterator[list[Window]]:
        """Windows with one key, which do not overlap, at least two of them."""
        found: dict[Any, list[Window]] = defaultdict(list)
        for window in self.repeated(list(program.sequences())):
            named = self.named(window)
            if named is not None:
                found[self.key(named)].append(named)
        for windows in found.values():
            apart = _apart(windows)
            if len(apart) > 1:
                yield apart

    def repeated(self, places: list[Place]) -> Iterator[Window]:
        """The windows whose items look the same as some other's."""
        numbers: dict[Any, int] = {}
        keys = [[numbers.setdefault(_look(item), len(numbers)) for item in place.items] for place in places]
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
        for p, start in spots:
            place = places[p]
            items = place.items[start : start + length]
            entry = value_of(place.items[start - 1]) if start else place.entry
            window = Window(place, start, items, entry, ())
            if _uses(items) > 1 and items[-1].layers and self.closed(window):
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
        return all(self.readers[n] <= inside and n not in self.results for n in layers if n != layers[-1])

    def named(self, window: Window) -> Window | None:
        """The window with labels relative to its own; None where it is not all that stands under its path."""
        labelled = [item for item in walk(window.items) if isinstance(item, Use) and item.label]
        if not labelled:
            return window
        prefix = _common([item.label for item in labelled])
        if not prefix:
            return None
        first = labelled[0]
        path = self.network.layers[first.layers[0]].path.split(".")
        weighted = [n for n in window.layers if self.network.layers[n].facts.weights]
        inner = len(_path_of(first, self.network)) - len(first.label)
        if self.under[tuple(path[: inner + len(prefix)])] != len(weighted):
            return None
        return window._replace(items=shortened(window.items, len(prefix)), prefix=prefix)

    def key(self, window: Window) -> Any:
        key, _ = parts(_bare(window.items), _frame(window), "exact")
        return key


def _path_of(item: Use, network: Network) -> list[str]:
    """The whole path of a labelled call, as components: what those of its layers with weights have in common."""
    paths = [network.layers[n].path.split(".") for n in item.layers if network.layers[n].facts.weights]
    if len(paths) == 1 and len(item.layers) == 1:
        return paths[0]
    common = paths[0]
    for path in paths[1:]:
        while common != path[: len(common)]:
            common = common[:-1]
    return common


def _common(labels: list[Label]) -> Label:
    """The components that all labels begin with; at least one component is left to each."""
    shortest = min(map(len, labels)) - 1
    length = 0
    while length < shortest and len({label[length] for label in labels}) == 1:
        length += 1
    return labels[0][:length]


def _frame(window: Window) -> Frame:
    return Frame(positions(window.items), window.entry if isinstance(window.entry, Ref) else None)


def positions(items: Sequence[Item]) -> dict[int, int]:
    """For the layer that makes each item's value, the item's position; optional shortcuts take none."""
    return {item.layers[-1]: i for i, item in enumerate(walk(_bare(items))) if item.layers}


def _bare(items: Sequence[Item]) -> tuple[Item, ...]:
    """The items with the shortcuts of residuals left out, which are optional."""

    def strip(sequence: tuple[Item, ...]) -> tuple[Item, ...]:
        return tuple(replace(i, shortcut=None) if isinstance(i, Body) else i for i in sequence)

    return mapped(items, strip)


def _look(item: Item) -> Any:
    """A key that leaves labels and references out."""
    key, _ = parts(_bare((item,)), NOWHERE, "exact")
    return _blank(key)


def _blank(key: Any) -> Any:
    if not isinstance(key, tuple):
        return key
    if key and key[0] == "use":
        return (*key[:3], len(key[3]), key[5])
    return tuple(map(_blank, key))


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


# --- what a block is worth --------------------------------------------------------------------------------------------


def _uses(items: Sequence[Item]) -> int:
    return sum(1 for item in walk(items))


CALL = 1.5
"""What the call of a block costs, in calls of layers."""

CUT = 1.0
"""What it costs to end a block between things that belong together."""

TOLD = 0.4
"""What an argument of a call costs."""

AGAIN = 0.2
"""What a body costs that stands in the same sequence before: a loop will have them both."""


def cost(items: Sequence[Item]) -> float:
    """How long the items are to read, in calls."""
    total, seen = 0.0, set()
    for item in items:
        inner = [cost(body) for body in bodies(item)]
        look = _look(item) if inner else None
        own = 1.0 if not isinstance(item, Use) or item.head in OPERATORS else CALL
        total += (own + sum(inner)) * (AGAIN if look in seen else 1)
        if look is not None:
            seen.add(look)
    return total


def _promise(windows: list[Window]) -> float:
    return (len(windows) - 1) * max(cost(w.items) for w in windows) - 1.3 * len(windows)


class _Abstracted(NamedTuple):
    """A block, the calls in place of its windows, and how much that saves."""

    block: Block
    windows: list[Window]
    calls: list[Use]
    columns: Columns
    gain: float


def _best(windows: list[Window], network: Network, taken_names: list[str]) -> _Abstracted | None:
    """The block that most windows are calls of; those that alone would cost it a parameter are left out."""
    made = _abstracted(windows, network, taken_names)
    if made is None:
        return None
    for deviants in _deviants(made):
        rest = [w for i, w in enumerate(windows) if i not in deviants]
        fewer = _abstracted(rest, network, taken_names) if len(rest) > 1 else None
        if fewer is not None and fewer.gain > made.gain:
            return _best(rest, network, taken_names)
    return made


def _deviants(made: _Abstracted) -> Iterator[set[int]]:
    """The windows, few of many, without which a parameter has one value only."""
    for found in made.columns.found:
        value, count = Counter(found.column).most_common(1)[0]
        few = {i for i, v in enumerate(found.column) if v != value}
        if len(few) * 4 <= count:
            yield few


def _abstracted(windows: list[Window], network: Network, taken_names: list[str]) -> _Abstracted | None:
    """The block that all windows are calls of; None where their shortcuts are of several kinds."""
    whole = _completed(windows)
    if whole is None:
        return None
    taken = [parts(items, _frame(w), "exact") for w, items in zip(windows, whole)]
    if len({key for key, _ in taken}) > 1:
        return None
    columns = Columns(len(windows), ["input"], _known(windows, network))
    kinds = roles(whole[0], _frame(windows[0]), "exact")
    values = [columns.express(column, role) for column, role in zip(zip(*(v for _, v in taken)), kinds, strict=True)]
    items = rebuilt(whole[0], _frame(windows[0]), "exact", iter(values))
    items = _conditions(items, whole, windows, columns, network)
    params = sorted((Param(f.name, f.default) for f in columns.found), key=lambda p: p.default is not UNSET)
    block = Block(unique(block_name(windows[0], items, network), taken_names), tuple(params), items)
    calls = [
        Use(block.name, tuple((f.name, f.column[i]) for f in columns.found), (FLOW,), w.prefix, w.layers)
        for i, w in enumerate(windows)
    ]
    told = sum(f.default is UNSET or f.column[i] != f.default for f in columns.found for i in range(len(windows)))
    before = sum(cost(w.items) for w in windows)
    gain = before - cost(items) - 2 - len(windows) - TOLD * told - 0.5 * max(0, len(columns.found) - 3) * len(windows)
    return _Abstracted(block, windows, calls, columns, gain - CUT * sum(map(cuts, windows)))


def cuts(window: Window) -> int:
    """At how many of its ends a window takes apart what belongs together."""
    items, start = window.place.items, window.start
    end = start + len(window.items)
    before = start > 0 and together(items[start - 1], items[start], len(window.items))
    behind = end < len(items) and together(items[end - 1], items[end], len(window.items))
    return before + behind


def together(first: Item, second: Item, length: int) -> bool:
    """A convolution and its normalisation, a sum and its activation, two of a run."""
    if length > 1 and not isinstance(first, Use) and _look(first) == _look(second):
        return True
    if not isinstance(second, Use):
        return False
    if isinstance(first, Use) and first.head not in OPERATORS:
        return length > 1 and first.head == second.head
    kind = OPERATORS[first.head].family if isinstance(first, Use) else "merge"
    follower = OPERATORS[second.head].family if second.head in OPERATORS else ""
    if second.head == "channel_shuffle":
        return kind == "merge"
    if follower == "normalization":
        return kind in ("convolution", "dense")
    return follower == "activation" and kind in ("convolution", "dense", "normalization", "merge")


def _known(windows: list[Window], network: Network) -> dict[str, list[Any]]:
    """The channels that come in, where the windows stand in the model itself: in a block they vary unseen."""
    if any(w.place.in_block or not isinstance(w.entry, Ref) for w in windows):
        return {}
    return {"input.channels": [network.shape(w.entry).channels for w in windows]}


def _completed(windows: list[Window]) -> list[tuple[Item, ...]] | None:
    """The windows' items, with a shortcut of nothing but missing values where another window has one."""
    whole = [list(w.items) for w in windows]
    for position, item in enumerate(windows[0].items):
        if not isinstance(item, Body) or item.head != "residual":
            continue
        bodies_ = [items[position] for items in whole]
        there = [b for b in bodies_ if isinstance(b, Body) and b.shortcut is not None]
        if not there or len(there) == len(bodies_):
            continue
        donor = there[0].shortcut or ()
        for items in whole:
            body = items[position]
            if isinstance(body, Body) and body.shortcut is None:
                items[position] = replace(body, shortcut=_missing(donor))
    return [tuple(items) for items in whole]


def _missing(items: Sequence[Item]) -> tuple[Item, ...]:
    """The same calls with no value known, standing for no layer."""

    def forget(sequence: tuple[Item, ...]) -> tuple[Item, ...]:
        return tuple(
            replace(i, args=tuple((n, MISSING) for n, _ in i.args), layers=()) if isinstance(i, Use) else i
            for i in sequence
        )

    return mapped(items, forget)


def _conditions(
    items: tuple[Item, ...],
    whole: list[tuple[Item, ...]],
    windows: list[Window],
    columns: Columns,
    network: Network,
) -> tuple[Item, ...]:
    """The residuals whose shortcut only some windows have, with the condition for it."""
    found = list(items)
    for position, item in enumerate(items):
        had = [w.items[position] for w in windows]
        if not isinstance(item, Body) or item.shortcut is None or item.condition is not None:
            continue
        there = [isinstance(b, Body) and b.shortcut is not None for b in had]
        if all(there):
            continue
        made = [network.layers[w.items[position].layers[-1]].facts.output.channels for w in windows]
        found[position] = replace(item, condition=_condition(there, made, columns))
    return tuple(found)


def _condition(there: list[bool], made: list[int | None], columns: Columns) -> Code:
    """In words of the input and the stride if they tell it, else by a parameter."""
    before = columns.known.get(Code("input.channels"))
    out: Any = made[0] if len(set(made)) == 1 else columns.lookup(made)
    strides = [f for f in columns.found if f.name.startswith("stride")]
    if before is not None and out is not None:
        grows = [a != b for a, b in zip(before, made, strict=True)]
        if grows == there:
            return Code(f"input.channels != {out}")
        for stride in strides:
            if [g or s != 1 for g, s in zip(grows, stride.column)] == there:
                return Code(f"{stride.name} != 1 or input.channels != {out}")
    for stride in strides:
        if [s != 1 for s in stride.column] == there:
            return Code(f"{stride.name} != 1")
    return columns.parameter(there, Role("argument", "project", False))


def _replaced(program: Program, made: _Abstracted) -> Program:
    """The program with calls of the block in place of its windows."""
    spots: dict[int, list[tuple[Window, Use]]] = defaultdict(list)
    for window, call in zip(made.windows, made.calls, strict=True):
        spots[id(window.place.items)].append((window, call))

    def put(items: tuple[Item, ...]) -> tuple[Item, ...]:
        here = sorted(spots.get(id(items), ()), key=lambda spot: spot[0].start)
        rest = tuple(_put_inside(item, put) for item in items)
        for window, call in reversed(here):
            rest = (*rest[: window.start], call, *rest[window.start + len(window.items) :])
        return rest

    flows = tuple(put(flow) for flow in program.flows)
    blocks = tuple(replace(block, items=put(block.items)) for block in program.blocks)
    return replace(program, flows=flows, blocks=(*blocks, made.block))


def _put_inside(item: Item, put: Any) -> Item:
    if isinstance(item, Body):
        shortcut = None if item.shortcut is None else put(item.shortcut)
        return replace(item, branches=tuple(map(put, item.branches)), shortcut=shortcut)
    return item
