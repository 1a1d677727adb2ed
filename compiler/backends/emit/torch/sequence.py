"""Runs of layers whose paths lie under one prefix -> sequences, as `nn.Sequential` numbers or names them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from ....graph import Node
from ....source import Frame
from ..entries import Entry, stateful
from ..parts import Value
from ..runs import pairs


class Unchained(Exception):
    """The layers under a prefix are no chain."""


def sequences(entries: Sequence[Entry], gives: Sequence[Value]) -> list[Entry]:
    """The entries of an instance, with each chain under one prefix as one entry."""
    return Sequences(entries, gives).found(list(entries), "")


class Sequences:
    def __init__(self, entries: Sequence[Entry], gives: Sequence[Value]) -> None:
        self.readers: Counter[Value] = Counter(value for entry in entries for value in entry.args)
        self.readers.update(gives)
        self.owners = Counter(entry.name for entry in entries if stateful(entry))

    def found(self, entries: list[Entry], prefix: str) -> list[Entry]:
        """The entries with the sequences directly under a prefix, or deeper where those are none."""
        for name, members in self.prefixes(entries, prefix).items():
            run = self.run(entries, members, name)
            try:
                made = self.sequence(run, name)
            except Unchained:
                entries = self.found(entries, name + ".")
                continue
            start = entries.index(run[0])
            entries = [*entries[:start], made, *entries[start + len(run) :]]
        return entries

    def prefixes(self, entries: Sequence[Entry], prefix: str) -> dict[str, list[Entry]]:
        """The names one level below a prefix that stand for several layers, and these."""
        found: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            rest = entry.name[len(prefix) :] if entry.name.startswith(prefix) else ""
            if "." in rest and stateful(entry):
                found[prefix + rest.partition(".")[0]].append(entry)
        return found

    def run(self, entries: list[Entry], members: list[Entry], name: str) -> list[Entry]:
        """The stretch from the first to the last member, with what stands around them under the same prefix."""
        first, last = entries.index(members[0]), entries.index(members[-1])
        while first > 0 and self.joins(entries[first - 1], entries[first], name):
            first -= 1
        while (
            last + 1 < len(entries)
            and self.joins(entries[last + 1], None, name)
            and self.linked(entries[last], entries[last + 1])
        ):
            last += 1
        missing = self.missing(members[0], name)
        start = entries.index(members[0])
        if (
            first == start
            and missing
            and all(self.free(entries[start - k - 1], entries[start - k]) for k in range(missing) if start - k > 0)
            and start >= missing
        ):
            first = start - missing
        return entries[first : last + 1]

    def missing(self, member: Entry, name: str) -> int:
        """The number of places in a sequence before its first layer with weights."""
        place = member.name[len(name) + 1 :].partition(".")[0]
        return int(place) if place.isdigit() else 0

    def free(self, before: Entry, entry: Entry) -> bool:
        return not stateful(before) and before.make is not None and self.linked(before, entry)

    def joins(self, entry: Entry, behind: Entry | None, name: str) -> bool:
        """Whether a step without weights belongs to a prefix by its own path."""
        if stateful(entry) or entry.make is None or not entry.name.startswith(name + "."):
            return False
        return behind is None or self.linked(entry, behind)

    def linked(self, a: Entry, b: Entry) -> bool:
        """Whether one feeds the other, and nothing else."""
        return len(a.makes) == 1 and b.args == a.makes and self.readers[a.makes[0]] == 1

    def sequence(self, run: Sequence[Entry], name: str) -> Entry:
        for entry in run:
            alone = self.owners[entry.name] == 1 if stateful(entry) else entry.make is not None
            simple = len(entry.makes) == len(entry.args) == 1 and not (entry.weighted and entry.call is not None)
            if not alone or not simple:
                raise Unchained
            if stateful(entry) and not entry.name.startswith(name + "."):
                raise Unchained
        if not all(self.linked(a, b) for a, b in pairs(run)):
            raise Unchained
        made = grouped(run, name, absorb=True)
        if not made.positional:
            other = grouped(run, name, absorb=False)
            made = other if other.positional else made
        return made


def grouped(run: Sequence[Entry], name: str, *, absorb: bool) -> Entry:
    """A chain as a sequence whose children are layers, inner sequences and, between them, steps without weights."""
    children: list[Entry] = []
    position = 0
    while position < len(run):
        entry = run[position]
        element = entry.name[len(name) + 1 :].partition(".")[0] if stateful(entry) else ""
        if not stateful(entry) or entry.name == f"{name}.{element}":
            entry.element = element
            children.append(entry)
            position += 1
            continue
        length = extent(run[position:], f"{name}.{element}", absorb=absorb)
        inner = grouped(run[position : position + length], f"{name}.{element}", absorb=absorb)
        inner.element = element
        children.append(inner)
        position += length
    names = [child.element for child in children if child.element]
    if len(set(names)) < len(names):
        raise Unchained
    made = Entry(None, name, run[0].args, run[-1].makes, children=children)
    made.branch = run[-1].branch
    made.positional = all(child.element in ("", str(i)) for i, child in enumerate(children))
    if not made.positional:
        name_free(children)
    return made


def extent(run: Sequence[Entry], prefix: str, *, absorb: bool) -> int:
    """How many entries from the first on belong to a prefix; with `absorb` also the dressing behind the last."""
    last = max(i for i, entry in enumerate(run) if stateful(entry) and entry.name.startswith(prefix + "."))
    if any(stateful(e) and not e.name.startswith(prefix + ".") for e in run[:last]):
        raise Unchained
    while absorb and last + 1 < len(run) and not stateful(run[last + 1]) and not run[last + 1].main:
        last += 1
    return last + 1


def name_free(children: Sequence[Entry]) -> None:
    """Names for steps without weights, beside the given ones."""
    used = {child.element for child in children}
    for child in children:
        if not child.element:
            stem = re.sub(r"\W", "_", child.name.rpartition(".")[2]) or "step"
            name, number = stem, 2
            while name in used:
                name, number = f"{stem}_{number}", number + 1
            used.add(name)
            child.element = name


def numbered(frame: Frame, nodes: Sequence[Node]) -> bool:
    """Whether the layers inside have numbers for names: they are a sequence of the block around."""
    names = {node.path[len(frame.path) + 1 :].partition(".")[0] for node in nodes if node.facts.weights}
    return all(name.isdigit() for name in names)
