"""Entries: what the instances of a block consist of, and how those of several instances are laid over one another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Optional, Union

from .code import Code
from .parts import Part, Value


class Unlike(Exception):
    """Two instances of a block differ in more than one class or function can tell."""


class Entry:
    """One step of one instance.

    `make` is the code that builds it and `call` the code that runs it, either of which may be missing: a step without
    weights has both forms, one with weights is run as the attribute `name`, its path as seen from the instance. `main`
    says that it is no dressing (normalisation, activation, dropout) of what stands before it. A sequence has
    `children`; `element` is the name that a child has in it, empty where it is free.
    """

    def __init__(
        self,
        key: Hashable,
        name: str,
        args: Sequence[Value],
        makes: Sequence[Value],
        *,
        make: Code | None = None,
        call: Code | None = None,
        weighted: bool = False,
        main: bool = True,
        part: Part | None = None,
        children: Sequence[Entry] = (),
        out: Code | None = None,
    ) -> None:
        self.keys: frozenset[Hashable] = (
            frozenset(k for c in children for k in c.keys) if children else frozenset([key])
        )
        self.name = name
        self.label = name
        """What its value is called, the path of the layer."""
        self.branch = ""
        """What its value is called in the branch it stands in."""
        self.automatic = False
        """Whether that is a kind with a running number, which the file does not give."""
        self.holds = False
        """Whether weights are found by that name, which then must stay."""
        self.results: tuple[str, ...] = ()
        """What a block calls what it gives, empty for what has no name there."""
        self.args = tuple(args)
        self.makes = tuple(makes)
        self.make = make
        self.call = call
        self.weighted = weighted
        self.main = main
        self.part = part
        self.children = tuple(children)
        self.out = out
        self.element = ""
        self.positional = True

    def __repr__(self) -> str:
        return f"Entry({self.name!r}, {len(self.children)} children)"


class Body(NamedTuple):
    """The entries of one instance, what it reads and what it gives."""

    part: Part
    entries: tuple[Entry, ...]
    reads: tuple[Value, ...]
    gives: tuple[Value, ...]


class Slot:
    """The entries of all instances that stand at one place of the text; None where an instance has none.

    `args` and `alias` say where its operands come from, and what stands for its value where it is missing.
    """

    def __init__(self, count: int) -> None:
        self.entries: list[Optional[Entry]] = [None] * count
        self.args: tuple[Source, ...] = ()
        self.alias: Source | None = None
        self.children: list[Slot] = []

    @property
    def first(self) -> Entry:
        return next(e for e in self.entries if e is not None)

    @property
    def present(self) -> tuple[bool, ...]:
        return tuple(e is not None for e in self.entries)

    @property
    def optional(self) -> bool:
        return None in self.entries

    def agreed(self, what: str) -> Any:
        """An attribute that all entries have in common."""
        found = {getattr(e, what) for e in self.entries if e is not None}
        if len(found) != 1:
            raise Unlike(f"{what}: {found}")
        return found.pop()

    def __repr__(self) -> str:
        return f"Slot({self.first})"


class Incoming(NamedTuple):
    """A value that comes into the instance, by its number."""

    number: int


class Made(NamedTuple):
    """A value that a slot makes."""

    slot: Slot
    index: int  # type: ignore[assignment]  # the method of tuples by this name is not missed


Source = Union[Incoming, Made]


def merged(bodies: Sequence[Body]) -> tuple[list[Slot], tuple[Source, ...]]:
    """The slots of instances of one block, wired, and where what they give comes from; Unlike where they differ."""
    if len({(len(b.reads), len(b.gives)) for b in bodies}) > 1:
        raise Unlike("reads or gives")
    slots = aligned([b.entries for b in bodies], named=True)
    wiring = Wiring(bodies, slots)
    for slot in slots:
        chained(slot)
    return slots, wiring.gives


def chained(slot: Slot) -> None:
    """Wire the children of a sequence one to the next."""
    source = slot.args[0] if slot.args else None
    for child in slot.children:
        assert source is not None
        child.args = (source,)
        child.alias = source if child.optional else None
        chained(child)
        source = Made(child, 0)


def aligned(lists: Sequence[Sequence[Entry]], *, named: bool) -> list[Slot]:
    """Entries that come from one place of the text, or are one attribute (`named`), share a slot."""
    slots: list[Slot] = []
    homes: dict[Hashable, Slot] = {}
    for number, entries in enumerate(lists):
        at = 0
        owners = Counter(entry.name for entry in entries)
        for entry in entries:
            alone = named and stateful(entry) and owners[entry.name] == 1
            keys = entry.keys | {entry.name} if alone else entry.keys
            slot = home(keys, homes)
            if slot is None:
                slot = Slot(len(lists))
                slots.insert(at, slot)
            position = slots.index(slot, 0)
            if position < at or slot.entries[number] is not None:
                raise Unlike("order")
            slot.entries[number] = entry
            homes.update(dict.fromkeys(keys, slot))
            at = position + 1
    for slot in slots:
        shaped(slot, named=named)
    return slots


def stateful(entry: Entry) -> bool:
    """Whether it is an attribute: a layer with weights, an inner instance, a sequence."""
    return entry.weighted or entry.part is not None or bool(entry.children)


def home(keys: frozenset[Hashable], homes: dict[Hashable, Slot]) -> Slot | None:
    found = {id(homes[k]): homes[k] for k in keys if k in homes}
    if len(found) > 1:
        raise Unlike("keys")
    return next(iter(found.values()), None)


def shaped(slot: Slot, *, named: bool) -> None:
    """Entries of one slot are all sequences, or all not; those of sequences are laid over one another in turn."""
    there = [e for e in slot.entries if e is not None]
    if len({bool(e.children) for e in there}) > 1 or len({(e.weighted, len(e.makes)) for e in there}) > 1:
        raise Unlike("kind")
    if named and stateful(there[0]):
        slot.agreed("name")
    if there[0].children:
        slot.agreed("positional")
        slot.children = aligned([e.children if e is not None else () for e in slot.entries], named=False)
        for child in slot.children:
            if not there[0].positional:
                child.agreed("element")


class Wiring:
    """Finds where operands come from: for each instance they must be one place of the text, or stand in for it."""

    def __init__(self, bodies: Sequence[Body], slots: Sequence[Slot]) -> None:
        self.slots = list(slots)
        self.order = {id(slot): i for i, slot in enumerate(slots)}
        self.sources: list[dict[Value, Source]] = []
        for number, body in enumerate(bodies):
            known: dict[Value, Source] = {value: Incoming(i) for i, value in enumerate(body.reads)}
            for slot in slots:
                entry = slot.entries[number]
                if entry is not None:
                    known.update({value: Made(slot, i) for i, value in enumerate(entry.makes)})
            self.sources.append(known)
        for slot in slots:
            counts = {len(e.args) for e in slot.entries if e is not None}
            if len(counts) > 1:
                raise Unlike("operands")
            slot.args = tuple(
                self.agreed([None if e is None else self.sources[i][e.args[n]] for i, e in enumerate(slot.entries)])
                for n in range(counts.pop())
            )
        self.gives = tuple(
            self.agreed([self.sources[i][b.gives[n]] for i, b in enumerate(bodies)])
            for n in range(len(bodies[0].gives))
        )

    def agreed(self, found: Sequence[Source | None]) -> Source:
        """The latest of the places; where another stands, the latest is missing and passes that on."""
        there = [(source, number) for number, source in enumerate(found) if source is not None]
        there.sort(key=lambda pair: -self.rank(pair[0]))
        latest = there[0][0]
        for source, number in there:
            if source != latest:
                self.stand_in(latest, source, number)
        return latest

    def stand_in(self, latest: Source, source: Source, number: int) -> None:
        """`latest` is missing in an instance: what is read there in its place is its alias."""
        while latest != source:
            if not isinstance(latest, Made) or latest.slot.entries[number] is not None:
                raise Unlike("wiring")
            if latest.slot.alias is None:
                latest.slot.alias = source
                return
            latest = latest.slot.alias

    def rank(self, source: Source) -> int:
        return -1 if isinstance(source, Incoming) else self.order[id(source.slot)]


def everywhere(slots: Iterable[Slot]) -> Iterator[Slot]:
    """The slots, and those inside sequences."""
    for slot in slots:
        yield slot
        yield from everywhere(slot.children)


def once(slots: Sequence[Slot], gives: Sequence[Source], does: Callable[[Slot], Hashable]) -> list[Slot]:
    """The slots without those that do again what one before does with the same operands; `does` says what that is, None
    for what is done every time."""
    kept: list[Slot] = []
    known: dict[Hashable, Slot] = {}
    firsts: dict[int, Slot] = {}
    read = {id(source.slot) for source in (*gives, *(slot.alias for slot in slots)) if isinstance(source, Made)}
    for slot in slots:
        slot.args = tuple(Made(firsts[id(a.slot)], a.index) if isinstance(a, Made) else a for a in slot.args)
        done = does(slot)
        again = done is not None and not slot.optional and id(slot) not in read
        firsts[id(slot)] = known.setdefault((slot.args, done), slot) if again else slot
        if firsts[id(slot)] is slot:
            kept.append(slot)
        else:
            firsts[id(slot)].first.branch = ""
    return kept
