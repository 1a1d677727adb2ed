"""Slots that come again turn by turn -> loops: what a turn takes from the one before, what it leaves behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, NamedTuple, Optional

from .code import Call, Code
from .entries import Incoming, Made, Slot, Source
from .runs import LOOP, headed, over_list

Key = tuple[int, int]
"""A value: the id of its slot (0 for what comes in), the index of the output."""

Place = tuple[int, int]
"""A value of every turn: the position of its slot, the index of the output."""

Column = Callable[[Sequence[Slot]], Optional[Code]]
"""The code of turn `i` for the slots of one position; None where they are not alike."""


def key(source: Source) -> Key:
    return (0, source.number) if isinstance(source, Incoming) else (id(source.slot), source.index)


class Within(NamedTuple):
    """What the same turn has made."""

    place: Place


class Carried(NamedTuple):
    """What a turn takes from the one before, and the first from outside."""

    place: Place
    first: Source


class Repeat(NamedTuple):
    """A loop. `body` are slots that stand for those of one turn, with numbers of `takes` where something comes in;
    `codes` run them in turn `i`."""

    turns: tuple[tuple[Slot, ...], ...]
    body: tuple[Slot, ...]
    codes: tuple[Code, ...]
    head: str
    takes: tuple[Carried | Source, ...]
    kept: tuple[Place, ...]
    """Values of all turns that are read behind the loop."""
    last: tuple[Place, ...]
    """Values that are read there of the last turn alone."""

    @property
    def slots(self) -> Iterator[Slot]:
        for turn in self.turns:
            yield from turn


def repeats(slots: Sequence[Slot], gives: Sequence[Source], column: Column) -> dict[int, Repeat]:
    """The loops among the slots, by the id of their first."""
    return Repeats(slots, gives, column).found()


class Repeats:
    def __init__(self, slots: Sequence[Slot], gives: Sequence[Source], column: Column) -> None:
        self.slots = list(slots)
        self.column = column
        self.uses: Counter[Key] = Counter(key(arg) for slot in slots for arg in slot.args)
        self.uses.update(key(source) for source in gives)

    def found(self) -> dict[int, Repeat]:
        found: dict[int, Repeat] = {}
        position = 0
        while position < len(self.slots):
            best = self.at(position)
            if best is not None:
                found[id(self.slots[position])] = best
            position += sum(map(len, best.turns)) if best is not None else 1
        return found

    def at(self, position: int) -> Repeat | None:
        """The loop that begins here: layers in a row, each alone fed by the one before, or a loop of the file."""
        best = self.row(position)
        for turns in self.written(position) if best is None else ():
            best = best or self.longest(turns)
        return best

    def row(self, position: int) -> Repeat | None:
        slots = self.slots[position : position + 1]
        for slot in self.slots[position + 1 :]:
            fed = slot.args == (Made(slots[-1], 0),) and self.uses[id(slots[-1]), 0] == 1
            if not fed or self.codes([[one] for one in (*slots, slot)][-LOOP:]) is None:
                break
            slots.append(slot)
        return self.longest([(slot,) for slot in slots]) if len(slots[0].args) == 1 else None

    def longest(self, turns: Sequence[Sequence[Slot]]) -> Repeat | None:
        """The longest loop of the first turns."""
        even = 0
        while even < len(turns) and alike(turns[0], turns[even]):
            even += 1
        if even < LOOP or self.loop(turns[:LOOP]) is None:
            return None
        return next((made for n in range(even, LOOP - 1, -1) if (made := self.loop(turns[:n])) is not None), None)

    def written(self, position: int) -> Iterator[list[list[Slot]]]:
        """The turns of the file's loops that begin here, of the innermost first."""
        way = loops_of(self.slots[position])
        before = loops_of(self.slots[position - 1]) if position else []
        for n, step in enumerate(way):
            if step in before:
                continue
            turns: dict[int, list[Slot]] = {}
            for slot in self.slots[position:]:
                inside = [other for other in loops_of(slot) if other[0] == step[0]]
                if not inside or loops_of(slot)[-len(way[n:]) :][1:] != way[n + 1 :]:
                    break
                turns.setdefault(inside[0][1], []).append(slot)
            yield list(turns.values())

    # --- one loop -----------------------------------------------------------------------------------------------------

    def loop(self, turns: Sequence[Sequence[Slot]]) -> Repeat | None:
        takes: list[Carried | Source] = []
        body: list[Slot] = []
        wiring = Wires(turns)
        for position, slot in enumerate(turns[0]):
            args: list[Source] = []
            for number in range(len(slot.args)):
                taken = wiring.taken(position, number)
                if taken is None:
                    return None
                if isinstance(taken, Within):
                    args.append(Made(body[taken.place[0]], taken.place[1]))
                    continue
                if taken not in takes:
                    takes.append(taken)
                args.append(Incoming(takes.index(taken)))
            body.append(stand_in(slot, args))
        codes = self.codes(turns)
        if codes is None:
            return None
        whole, head = over_list(Call("", codes), len(turns)) or headed(Call("", codes), len(turns))
        assert isinstance(whole, Call)
        kept, last = self.left(turns)
        return Repeat(tuple(map(tuple, turns)), tuple(body), whole.args, head, tuple(takes), kept, last)

    def codes(self, turns: Sequence[Sequence[Slot]]) -> tuple[Code, ...] | None:
        found: list[Code] = []
        for slots in zip(*turns):
            code = self.column(slots)
            if code is None:
                return None
            found.append(code)
        return tuple(found)

    def left(self, turns: Sequence[Sequence[Slot]]) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
        """What is read outside, of all turns and of the last."""
        inside = Counter(key(arg) for turn in turns for slot in turn for arg in slot.args)
        kept: list[Place] = []
        last: list[Place] = []
        for position, slot in enumerate(turns[0]):
            for index in range(len(slot.first.makes)):
                values = [(id(turn[position]), index) for turn in turns]
                read = [self.uses[value] > inside[value] for value in values]
                if any(read[:-1]):
                    kept.append((position, index))
                elif read[-1]:
                    last.append((position, index))
        return tuple(kept), tuple(last)


class Wires:
    """Where the operands of turns come from."""

    def __init__(self, turns: Sequence[Sequence[Slot]]) -> None:
        self.turns = turns
        self.places = {id(slot): (number, p) for number, turn in enumerate(turns) for p, slot in enumerate(turn)}

    def taken(self, position: int, number: int) -> Within | Carried | Source | None:
        """One operand in all turns: of the same turn, of the one before, or from outside; None for anything else."""
        first, *rest = [self.seen(turn[position].args[number], n) for n, turn in enumerate(self.turns)]
        if not all(other == rest[0] for other in rest):
            return None
        if isinstance(first, Before):
            return Within(first.place) if first == rest[0] and not first.turns else None
        if isinstance(rest[0], Before):
            return Carried(rest[0].place, first) if rest[0].turns == 1 else None
        return first if first == rest[0] else None

    def seen(self, source: Source, turn: int) -> Before | Source:
        """An operand as a turn sees it."""
        if isinstance(source, Incoming) or id(source.slot) not in self.places:
            return source
        made, position = self.places[id(source.slot)]
        return Before(turn - made, (position, source.index))


class Before(NamedTuple):
    """What was made some turns ago."""

    turns: int
    place: Place


def stand_in(slot: Slot, args: Sequence[Source]) -> Slot:
    made = Slot(len(slot.entries))
    made.entries = slot.entries
    made.args = tuple(args)
    return made


def alike(one: Sequence[Slot], other: Sequence[Slot]) -> bool:
    """Whether two turns have as many steps, of as many operands, and none that is missing in some instance."""
    return len(one) == len(other) and all(
        not b.optional and b.alias is None and (len(a.args), len(a.first.makes)) == (len(b.args), len(b.first.makes))
        for a, b in zip(one, other)
    )


def loops_of(slot: Slot) -> list[tuple[Hashable, int]]:
    """The loops of the file around a slot with their turns, innermost first."""
    ways = [way_of(k) for k in slot.first.keys]
    return [step for step in ways[0] if all(step in way for way in ways)] if ways else []


def way_of(place: Any) -> list[tuple[Hashable, int]]:
    while isinstance(place, tuple) and place and isinstance(place[0], tuple):
        place = place[0]
    found = place[3] if isinstance(place, tuple) and len(place) == 4 else ()
    return [step for step in found if type(step) is tuple and len(step) == 2]
