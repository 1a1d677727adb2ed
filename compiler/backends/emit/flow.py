"""The body of a function: steps one after another, conditions, loops, and what it gives."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .code import MARGIN, Call, Code, flat
from .entries import Made, Slot, Unlike
from .holes import filled
from .repeats import Carried, Key, Place, Repeat, key
from .runs import renamed, texts
from .statements import Steps, identifier


class Statements(Steps):
    """Writes a function body; `loops` are those of its slots, by the id of their first."""

    def __init__(self, *args: Any, loops: Mapping[int, Repeat] | None = None, **named: Any) -> None:
        super().__init__(*args, **named)
        self.loops = loops or {}

    def text(self) -> list[str]:
        position = 0
        while position < len(self.slots):
            slot = self.slots[position]
            if id(slot) in self.loops:
                found = self.loops[id(slot)]
                self.repeated(found)
                position += len(list(found.slots))
                continue
            if not self.conditional(slot):
                self.step(slot)
                position += 1
                continue
            group = self.group(position)
            before = self.slots[position - 1] if position else None
            opposite = tuple(not there for there in slot.present)
            self.under_condition(group, otherwise=before is not None and before.present == opposite)
            position += len(group)
        self.leave()
        return self.out

    # --- loops --------------------------------------------------------------------------------------------------------

    def repeated(self, found: Repeat) -> None:
        """A loop: a variable for what each turn hands to the next, a list for what is read of all of them."""
        for k in list(self.pending):
            self.assign(k)
        for slot in found.slots:
            self.left.subtract(key(arg) for arg in slot.args)
            self.done.update((id(slot), i) for i in range(len(slot.first.makes)))
        names = self.taken(found)
        lists = {place: self.listed(found, place) for place in found.kept}
        live = {name for k, name in self.names.items() if self.left[k] > 0 or name in names}
        self.out += [f"{MARGIN * self.indent}{name} = []" for name in lists.values()]
        self.out.append(f"{MARGIN * self.indent}{found.head}:")
        inner = Turn(found, names, lists, self)
        inner.fixed = frozenset({*live, *self.fixed, *self.lists, *lists.values(), *inner.held} - inner.carried.keys())
        for place, name in inner.written().items():
            self.names[id(found.turns[-1][place[0]]), place[1]] = name
        for place, name in lists.items():
            self.lists[name] = len(found.turns)
            for number, turn in enumerate(found.turns):
                self.names[id(turn[place[0]]), place[1]] = f"{name}[{number}]"
        self.reserved |= inner.reserved

    def taken(self, found: Repeat) -> list[str]:
        """The variables of what comes into a turn; those that the turns change get their first values."""
        outside = [self.names[key(take)] for take in found.takes if not isinstance(take, Carried)]
        live = {*outside, *self.fixed, *self.lists, *(n for k, n in self.names.items() if self.left[k] > 0)}
        names = []
        for take in found.takes:
            if not isinstance(take, Carried):
                names.append(self.names[key(take)])
                continue
            held = self.names[key(take.first)]
            mine = [name for name in (held, self.current) if name in (self.current, "out") and name not in live]
            name = mine[0] if mine else self.fresh(found.turns[0][take.place[0]], live=live)
            if name != held:
                self.out.append(f"{MARGIN * self.indent}{self.claim(name)} = {held}")
            live.add(name)
            names.append(name)
        return names

    def listed(self, found: Repeat, place: Place) -> str:
        """A name for the values of all turns."""
        slot = found.turns[0][place[0]]
        stem = self.label(slot).rstrip("_0123456789") or slot.first.branch.rstrip("0123456789") or "out"
        name = stem = stem + ("es" if stem.endswith(("s", "x", "ch")) else "s")
        number = 2
        while name in self.reserved or name in self.names.values():
            name, number = f"{stem}_{number}", number + 1
        return self.claim(name)

    # --- conditions ---------------------------------------------------------------------------------------------------

    def group(self, position: int) -> list[Slot]:
        """The slots from here on that are there under the same condition."""
        first = self.slots[position]
        found = [first]
        for slot in self.slots[position + 1 :]:
            if not self.conditional(slot) or slot.present != first.present:
                break
            found.append(slot)
        return found

    def under_condition(self, group: Sequence[Slot], *, otherwise: bool) -> None:
        """`if condition:` around some slots; before it the variables of their results hold what passes otherwise.

        Behind a group with the opposite condition it is its `else:`, and gives its results in the same variables.
        """
        for k in list(self.pending):
            self.assign(k)
        results = [Made(slot, i) for slot in group for i in range(len(slot.first.makes))]
        outside = {key(r): r for r in results if self.read_outside(key(r), group)}
        for k, result in outside.items():
            self.prepare(k, result, group, otherwise=otherwise)
        self.out.append(f"{MARGIN * self.indent}" + ("else:" if otherwise else f"if {self.condition(group[0])}:"))
        self.indent += 1
        self.inner = {self.names[k] for k in outside}
        for slot in group:
            self.step(slot, kept=frozenset(outside))
        self.indent -= 1
        self.inner = set()

    def read_outside(self, k: Key, group: Sequence[Slot]) -> bool:
        inside = sum(key(arg) == k for slot in group for arg in slot.args)
        return self.uses[k] > inside

    def prepare(self, k: Key, result: Made, group: Sequence[Slot], *, otherwise: bool) -> None:
        """Give the result's variable the value that it has where the slot is missing."""
        alias = result.slot.alias
        if alias is None:
            self.names[k] = self.fresh(result.slot)
            return
        before = key(alias)
        self.left[before] -= 1
        held = self.names[before]
        replaced = isinstance(alias, Made) and alias.slot.optional and alias.slot.alias is None
        if replaced and not otherwise:
            raise Unlike("a value that is not always there")
        if replaced:
            self.names[k] = held
            return
        inside = sum(key(arg) == before for slot in group for arg in slot.args)
        others = [n for other, n in self.names.items() if other != before and self.left[other] > 0]
        if self.left[before] <= inside and held not in others:
            self.names[k] = held
            return
        name = self.fresh(result.slot)
        self.out.append(f"{MARGIN * self.indent}{name} = {held}")
        self.names[k] = name

    def leave(self) -> None:
        """`return`"""
        codes: list[Code] = []
        for source in self.gives:
            k = key(source)
            held = self.pending.get(k)
            codes.append(held.code if held is not None else self.names[k])
        if self.result is not None:
            self.write("return ", self.result(codes))
        elif len(codes) == 1:
            self.write("return ", codes[0])
        elif any(len(flat(code)) > 30 for code in codes):
            for k in list(self.pending):
                self.assign(k)
            self.out.append(f"return {', '.join(self.names[key(s)] for s in self.gives)}")
        else:
            self.out.append(f"return {', '.join(map(flat, codes))}")


class Turn(Statements):
    """Writes the body of a loop into the text around it."""

    def __init__(self, found: Repeat, names: Sequence[str], lists: Mapping[Place, str], around: Statements) -> None:
        takes = list(zip(found.takes, names))
        self.found = found
        self.kept = lists
        self.carried = {name: take.place for take, name in takes if isinstance(take, Carried)}
        """What the next turn finds in each variable."""
        gives = [Made(found.body[p], i) for p, i in (*lists, *self.carried.values(), *found.last)]
        self.first, codes = reached_once(found, {*around.reserved, *names})
        super().__init__(
            found.body, gives, names, lambda slot, operands: filled(codes[id(slot)], operands), lambda slot: "",
            frozenset(around.reserved), around.current, around.depth, nested=around.nested,
        )  # fmt: skip
        self.held = {line.partition(" = ")[0] for line in self.first}
        self.out = around.out
        self.indent = around.indent + 1

    def written(self) -> dict[Place, str]:
        """The variables that hold, behind the loop, what the last turn made."""
        self.out += [MARGIN * self.indent + line for line in self.first]
        for position, slot in enumerate(self.found.body):
            self.step(slot, self.apart(position, slot))
            for place, name in self.kept.items():
                if place[0] == position:
                    self.append(place, name)
        self.hand_over()
        places = {place: name for name, place in self.carried.items()}
        return {place: places.get(place) or self.names[self.value(place)] for place in (*self.found.last, *places)}

    def waits(self, slot: Slot, k: Key) -> bool:
        kept = any(k == self.value(place) for place in self.kept)
        return self.uses[k] == 1 and (self.nested or kept)

    def label(self, slot: Slot) -> str:
        """Without the number of the turn."""
        return super().label(slot).rstrip("_0123456789")

    def one_of_several(self, slot: Slot, k: Key) -> str:
        live = {name for other, name in self.names.items() if self.left[other] > 0}
        mine = [name for name, place in self.carried.items() if self.value(place) == k and name not in live]
        return mine[0] if mine else super().one_of_several(slot, k)

    def value(self, place: Place) -> Key:
        return (id(self.found.body[place[0]]), place[1])

    def apart(self, position: int, slot: Slot) -> frozenset[Key]:
        """Values that are read behind the loop, and by no next turn, have variables of their own."""
        found = [self.value(p) for p in self.found.last if p[0] == position and p not in self.carried.values()]
        for k in found if len(slot.first.makes) == 1 else ():
            self.names[k] = self.fresh(slot, live={*self.names.values(), *self.fixed, *self.lists})
        return frozenset(found)

    def append(self, place: Place, name: str) -> None:
        k = self.value(place)
        self.left[k] -= 1
        made: Code = self.pending[k].code if k in self.pending else self.names[k]
        if not self.left[k]:
            self.pending.pop(k, None)
        self.write(f"{name}.append(", made, ")")

    def hand_over(self) -> None:
        """Give the variables what the next turn finds in them."""
        wanted = {name: self.value(place) for name, place in self.carried.items()}
        if len(wanted) == 1:
            for name, k in wanted.items():
                if k in self.pending:
                    self.assign(k, name)
        for k in list(self.pending):
            self.assign(k)
        moved = {name: self.names[k] for name, k in wanted.items() if self.names[k] != name}
        if moved:
            self.out.append(f"{MARGIN * self.indent}{', '.join(moved)} = {', '.join(moved.values())}")


def reached_once(found: Repeat, used: set[str]) -> tuple[list[str], dict[int, Code]]:
    """The code of each step of a turn, and before it variables for attributes that several steps reach by a name that
    is computed."""
    lines: list[str] = []
    code: Code = Call("", found.codes)
    counts = Counter(match for text in texts(code) for match in re.findall(r"getattr\(self, [^()]*\)", text))
    for text in [text for text, count in counts.items() if count > 1]:
        stem = re.sub(r"\W|\d", "", text.partition('"')[2].partition("{")[0]) or "part"
        name = identifier(stem)
        while name in used:
            name += "_"
        used.add(name)
        lines.append(f"{name} = {text}")
        code = renamed(code, text, name)
    assert isinstance(code, Call)
    return lines, dict(zip(map(id, found.body), code.args))
