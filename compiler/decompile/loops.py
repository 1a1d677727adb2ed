"""Items one behind the other that look alike -> `repeat` and `for`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from .alike import positions
from .columns import Columns, agree, plain, roles
from .items import ENTRY, Code, Frame, Item, Loop, Use, mapped, named, parts, rebuilt, sources, value_of, walk
from .network import Ref
from .price import cost
from .program import Program

PERIODS = range(1, 9)
"""How many items one turn may have."""

WORTH = 1.5
"""How much shorter, in calls, a loop over a table must be."""

COUNTERS = ("i", "j", "k", "l", "m")


def with_loops(program: Program) -> Program:
    """The program with equal items repeated and similar ones in loops over a table."""
    search = _Search(program)
    flows = tuple(search.looped(flow, ()) for flow in program.flows)
    blocks = tuple(replace(b, items=search.looped(b.items, [p.name for p in b.params])) for b in program.blocks)
    return replace(program, flows=flows, blocks=blocks)


class _Run(NamedTuple):
    """Turns of `period` items from `start` on, and the loop they become."""

    start: int
    period: int
    turns: int
    loop: Loop
    gain: float

    def rank(self) -> tuple[float, int, int]:
        return self.gain, -self.period, -self.start

    def within_a_turn_of(self, other: _Run) -> bool:
        end = self.start + self.period * self.turns
        return other.start <= self.start and end <= other.start + other.period


class _Search:
    def __init__(self, program: Program) -> None:
        self.network = program.network
        sequences = [*program.flows, *(block.items for block in program.blocks)]
        self.named = {ref.layer for items in sequences for ref in named(items)}
        self.blocks = program.callees()

    def looped(self, items: tuple[Item, ...], taken: Sequence[str]) -> tuple[Item, ...]:
        """Every sequence with its loops, those that only repeat first."""

        def change(sequence: tuple[Item, ...]) -> tuple[Item, ...]:
            for plainly in (True, False):
                while (run := self.best(sequence, taken, plainly)) is not None:
                    end = run.start + run.period * run.turns
                    sequence = (*sequence[: run.start], run.loop, *sequence[end:])
            return sequence

        return mapped(items, change)

    def best(self, items: tuple[Item, ...], taken: Sequence[str], plainly: bool) -> _Run | None:
        """What saves most; what one turn of that repeats comes first."""
        runs = [run for run in self.runs(items, taken, plainly) if run.gain > (0 if plainly else WORTH)]
        found = max(runs, key=_Run.rank, default=None)
        if found is None or not plainly:
            return found
        return max((run for run in runs if run.within_a_turn_of(found)), key=_Run.rank, default=found)

    def runs(self, items: tuple[Item, ...], taken: Sequence[str], plainly: bool) -> Iterator[_Run]:
        for period in PERIODS:
            start = 0
            while start + 2 * period <= len(items):
                turns = self.turns(items, start, period, plainly)
                if len(turns) > 1:
                    loop, gain = self.made(turns, taken, plainly)
                    yield _Run(start, period, len(turns), loop, gain)
                start += 1

    def turns(self, items: tuple[Item, ...], start: int, period: int, plainly: bool) -> list[_Turn]:
        """As many turns as look like the first."""
        found: list[_Turn] = []
        for begin in range(start, len(items) - period + 1, period):
            turn = self.turn(items, begin, period)
            if turn is None or (found and not fits(found[0], turn, len(found), plainly)):
                break
            if found and found[-1].layers[-1] in self.named:
                break
            found.append(turn)
        return found

    def turn(self, items: tuple[Item, ...], begin: int, period: int) -> _Turn | None:
        stretch = items[begin : begin + period]
        layers = [n for item in stretch for n in item.layers]
        if any(isinstance(i, Use) and i.head == "input" for i in stretch):
            return None
        if any(isinstance(i, Use) and i.outputs > 1 for i in (stretch[-1], *items[:begin][-1:])):
            return None
        if self.network.read_outside(layers[:-1], set(layers)):
            return None
        entry = value_of(items[begin - 1]) if begin else ENTRY
        frame = Frame(positions(stretch), entry if isinstance(entry, Ref) else None)
        if frame.entry is not None and any(frame.entry in sources(i) for i in walk(stretch)):
            return None
        key, values = parts(stretch, frame, "numbers")
        return _Turn(stretch, frame, key, values, layers)

    def made(self, turns: list[_Turn], taken: Sequence[str], plainly: bool) -> tuple[Loop, float]:
        """The loop over the turns, and how much shorter it is."""
        first = turns[0]
        inner = [loop for loop in walk(first.items) if isinstance(loop, Loop)]
        used = {*taken, *self.blocks, *(n for loop in inner for n in loop.names), *(loop.counter for loop in inner)}
        counter = next(c for c in COUNTERS if c not in used)
        columns = Columns(len(turns), {*used, counter}, scoped=True)
        count = _Counter(counter)
        kinds = roles(first.items, first.frame, "numbers")
        values = [
            count.express(column) if role.kind == "label" and _counts(column) else columns.express(column, role)
            for column, role in zip(zip(*(t.values for t in turns)), kinds, strict=True)
        ]
        items = rebuilt(first.items, first.frame, "numbers", iter(values))
        layers = tuple(n for turn in turns for n in turn.layers)
        saved = cost(first.items) * (len(turns) - 1) - 1
        if not columns.found:
            start = count.start or 0
            name = "" if count.start is None else counter
            if not name:
                return Loop(items, layers, len(turns)), saved
            return Loop(items, layers, counter=name, start=start, stop=start + len(turns)), saved
        names = [f.name for f in columns.found]
        table = [f.column for f in columns.found]
        if count.start is not None:
            names.insert(0, counter)
            table.insert(0, tuple(range(count.start, count.start + len(turns))))
        if any(isinstance(v, Code) for column in table for v in column):
            saved = 0.0
        derived = sum(isinstance(v, Code) and " " in v for v in values)
        loop = Loop(items, layers, names=tuple(names), rows=tuple(zip(*table)))
        return loop, saved - 0.25 * len(turns) * len(names) - 0.5 - 0.2 * derived


class _Counter:
    """The number of the turn, which the numbers in labels are said by; the first of them says where it starts."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.start: int | None = None

    def express(self, column: Sequence[int]) -> Code:
        if self.start is None:
            self.start = column[0]
        ahead = column[0] - self.start
        return Code(self.name if not ahead else f"{self.name} {'+' if ahead > 0 else '-'} {abs(ahead)}")


class _Turn(NamedTuple):
    """One turn of what may be a loop."""

    items: tuple[Item, ...]
    frame: Frame
    key: Any
    values: list[Any]
    layers: list[int]


def fits(first: _Turn, turn: _Turn, number: int, plainly: bool) -> bool:
    """Whether a turn looks like the first; `plainly` it has the same values, but for numbers that count up."""
    if turn.key != first.key:
        return False
    if any(isinstance(v, Ref) and v != w for v, w in zip(turn.values, first.values, strict=True)):
        return False
    if not plainly:
        return True
    kinds = roles(first.items, first.frame, "numbers")
    return all(
        agree(plain((v, w))[:1], plain((v, w))[1:]) or (role.kind == "label" and w == v + number)
        for v, w, role in zip(first.values, turn.values, kinds, strict=True)
    )


def _counts(column: Sequence[Any]) -> bool:
    numbers = all(isinstance(n, int) for n in column)
    return numbers and len(column) > 1 and all(n == column[0] + i for i, n in enumerate(column))
