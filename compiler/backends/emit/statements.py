"""Slots -> the statements that run them: nested calls where they read well, a variable where a value is read again."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from .code import MARGIN, OPERATORS, Call, Code, Named, flat, laid
from .entries import Incoming, Made, Slot, Source, Unlike, stateful
from .explain import TAKEN
from .holes import filled
from .runs import Loop, loop

Key = tuple[int, int]
"""A value: the id of its slot (0 for what comes in), the index of the output."""


class Pending(NamedTuple):
    """An expression that is not yet in a variable: the variables it reads, the number of main calls in it."""

    code: Code
    reads: frozenset[str]
    mains: int


class Statements:
    """Writes a function body.

    `run` gives the code that runs a slot on the code of its operands; `condition` the condition of an optional slot.
    """

    def __init__(
        self,
        slots: Sequence[Slot],
        gives: Sequence[Source],
        incoming: Sequence[str],
        run: Callable[[Slot, list[Code]], Code],
        condition: Callable[[Slot], str],
        taken: frozenset[str] = frozenset(),
        current: str = "x",
        depth: int = 2,
        result: Callable[[list[Code]], Code] | None = None,
        nested: bool = True,
        loops: Mapping[int, Loop] | None = None,
    ) -> None:
        self.loops = loops or {}
        """By the id of its first slot, each run of slots that is a loop."""
        self.nested = nested
        self.result = result
        self.depth = depth
        self.slots = list(slots)
        self.gives = list(gives)
        self.run = run
        self.condition = condition
        self.current = current
        self.names: dict[Key, str] = {(0, i): name for i, name in enumerate(incoming)}
        self.pending: dict[Key, Pending] = {}
        self.reserved = {*incoming, *taken}
        self.left: Counter[Key] = Counter()
        for slot in self.slots:
            self.left.update(key(arg) for arg in slot.args)
            if slot.alias is not None and self.conditional(slot):
                self.left[key(slot.alias)] += 1
        self.left.update(key(source) for source in gives)
        self.uses = self.left.copy()
        self.done: set[Key] = {(0, i) for i in range(len(incoming))}
        """Values that have been computed."""
        self.inner: set[str] = set()
        """Variables of results inside an `if`, which may hold what leads to them."""
        self.out: list[str] = []
        self.indent = 0

    def text(self) -> list[str]:
        position = 0
        while position < len(self.slots):
            slot = self.slots[position]
            if id(slot) in self.loops:
                found = self.loops[id(slot)]
                self.repeated(found, self.slots[position : position + found.turns])
                position += found.turns
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

    def repeated(self, found: Loop, slots: Sequence[Slot]) -> None:
        """A loop, in which one variable holds what each turn makes of it."""
        before, last = key(slots[0].args[0]), (id(slots[-1]), 0)
        if before in self.pending:
            self.assign(before)
        held = self.names[before]
        self.left[before] -= 1
        self.done.update((id(slot), 0) for slot in slots)
        name = held if not self.left[before] and held == self.current else self.current
        live = {n for k, n in self.names.items() if self.left[k] > 0} | {
            n for other in self.pending.values() for n in other.reads
        }
        if name in live:
            name = self.fresh(slots[-1], live=live)
        if name != held:
            self.out.append(f"{MARGIN * self.indent}{name} = {held}")
        self.reserved.add(name)
        self.out.append(f"{MARGIN * self.indent}{found.head}:")
        self.out += laid(filled(found.code, [name]), self.depth, self.indent + 1, f"{name} = ")
        self.names[last] = name

    def conditional(self, slot: Slot) -> bool:
        return slot.optional and self.condition(slot) != ""

    def group(self, position: int) -> list[Slot]:
        """The slots from here on that are there under the same condition."""
        first = self.slots[position]
        found = [first]
        for slot in self.slots[position + 1 :]:
            if not self.conditional(slot) or slot.present != first.present:
                break
            found.append(slot)
        return found

    # --- conditions ---------------------------------------------------------------------------------------------------

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

    # --- steps --------------------------------------------------------------------------------------------------------

    def step(self, slot: Slot, kept: frozenset[Key] = frozenset()) -> None:
        """Run one slot: into a variable, or into the expression of the one that reads it next."""
        codes, reads, mains = self.operands(slot)
        made = self.run(slot, codes)
        keys = [(id(slot), i) for i in range(len(slot.first.makes))]
        self.done.update(keys)
        if len(keys) > 1:
            self.several(keys, slot, made)
            return
        only = keys[0]
        self.pending[only] = Pending(made, frozenset(reads), mains + slot.first.main)
        if only in kept:
            self.assign(only, self.names[only])
        elif not self.nested and slot is self.slots[-1] and self.result is None and len(self.gives) == 1:
            return
        elif not self.nested or self.uses[only] != 1 or (slot.alias is not None and self.conditional(slot)):
            self.assign(only)

    def operands(self, slot: Slot) -> tuple[list[Code], set[str], int]:
        """The code of the operands; what is long goes into a variable first."""
        together = len({key(a) for a in slot.args}) > 1 and not stateful(slot.first)
        inline = self.inline(slot) if together else set()
        for arg in slot.args:
            held = self.pending.get(key(arg))
            if held is None:
                continue
            again = held.mains > 1 or (held.mains > 0 and slot.first.main and not together)
            wide = together and key(arg) not in inline
            if wide or again or depth(held.code) > 3 or len(flat(held.code)) > 70:
                self.assign(key(arg), apart=together)
        codes: list[Code] = []
        reads: set[str] = set()
        mains = 0
        for arg in slot.args:
            k = key(arg)
            self.left[k] -= 1
            if k in self.pending:
                held = self.pending.pop(k) if not self.left[k] else self.pending[k]
                codes.append(held.code)
                reads |= held.reads
                mains += held.mains
            else:
                codes.append(self.names[k])
                reads.add(self.names[k])
        return codes, reads, mains if not together else 0

    def inline(self, slot: Slot) -> set[Key]:
        """The operands of a merge that stay in its expression: all if they are not too much, else the shortest."""
        held = {key(arg): self.pending[key(arg)] for arg in slot.args if key(arg) in self.pending}
        lengths = {k: len(flat(one.code)) for k, one in held.items()}
        mains = sum(one.mains for one in held.values())
        infix = isinstance(slot.first.call, Call) and slot.first.call.head in OPERATORS
        if sum(lengths.values()) <= (80 if infix else 240) and not (infix and mains > 1):
            return set(held)
        short = [k for k, one in held.items() if one.mains <= 1 and lengths[k] <= 40]
        return {min(short, key=lambda k: lengths[k])} if infix and short else set()

    def several(self, keys: Sequence[Key], slot: Slot, made: Code) -> None:
        names = []
        for k in keys:
            if not self.uses[k]:
                names.append("_")
                continue
            self.names[k] = self.fresh(slot, str(k[1] + 1))
            names.append(self.names[k])
        for name in names:
            self.clear(name)
        self.write(f"{', '.join(names)} = ", made)

    def assign(self, k: Key, name: str | None = None, *, apart: bool = False, without: str = "") -> None:
        """Put a pending expression into a variable, one of its own where others stand beside it (`apart`)."""
        held = self.pending.pop(k)
        name = name or self.variable(k, held, apart=apart, without=without)
        self.clear(name)
        self.names[k] = name
        self.write(f"{name} = ", held.code)

    def write(self, before: str, code: Code) -> None:
        self.out += laid(code, self.depth, self.indent, before)

    def clear(self, name: str) -> None:
        """Before a variable changes, what still reads its old value is computed."""
        for k in [k for k, held in self.pending.items() if name in held.reads]:
            if k in self.pending:
                self.assign(k, apart=True, without=name)

    def variable(self, k: Key, held: Pending, *, apart: bool, without: str) -> str:
        """A variable that this expression reads and nobody else will, else a new one."""
        slot = next(s for s in self.slots if id(s) == k[0])
        waiting = {name for other in self.pending.values() for name in other.reads}
        results = {other for other, name in self.names.items() if name in self.inner and other not in self.done}
        live = {n for other, n in self.names.items() if self.left[other] > 0 and other not in results}
        live |= waiting | {without}
        for name in sorted(self.inner - live):
            return name
        if (apart or self.far(slot)) and self.indent == 0:
            own = self.label(slot) or slot.first.branch
            if own and own not in live:
                return self.claim(own)
        if slot.first.branch and slot.first.branch not in live:
            return self.claim(slot.first.branch)
        dead = [name for name in sorted(held.reads) if name not in live]
        if self.current in dead or (self.current not in live and self.current in self.reserved):
            return self.current
        if "out" not in live:
            return self.claim("out")
        return self.fresh(slot, live=live)

    def far(self, slot: Slot) -> bool:
        """Whether its value is read again much later than made."""
        position = self.slots.index(slot)
        readers = [i for i, other in enumerate(self.slots) if any(key(a)[0] == id(slot) for a in other.args)]
        given = any(key(s)[0] == id(slot) for s in self.gives)
        last = len(self.slots) if given else max(readers, default=position)
        return last > position + 2 and len(readers) + given > 1

    def claim(self, name: str) -> str:
        self.reserved.add(name)
        return name

    def label(self, slot: Slot) -> str:
        """A name that the text gives, not a running number."""
        path = slot.first.label
        return identifier(path) if path and not slot.first.automatic else ""

    def fresh(self, slot: Slot, end: str = "", live: set[str] | None = None) -> str:
        """A name that is free."""
        if live is None:
            live = {name for k, name in self.names.items() if self.left[k] > 0}
        stem = self.label(slot) if end or self.far(slot) else ""
        stem = stem or slot.first.branch or (identifier(slot.first.label.rpartition(".")[2]) if end else "out")
        stem = name = stem + (f"_{end}" if end else "")
        number = 2
        while name in live:
            name, number = f"{stem}_{number}", number + 1
        return self.claim(name)

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


def key(source: Source) -> Key:
    return (0, source.number) if isinstance(source, Incoming) else (id(source.slot), source.index)


def identifier(text: str) -> str:
    name = re.sub(r"\W", "_", re.sub(r"(?<=[A-Za-z])\.(?=\d)", "", text)).lower()
    name = f"_{name}" if name[:1].isdigit() else name
    return f"{name}_" if keyword.iskeyword(name) or name in TAKEN else name


def depth(code: Code) -> int:
    """Calls inside calls."""
    if isinstance(code, Named):
        return depth(code.code)
    return 1 + max([depth(arg) for arg in code.args], default=0) if isinstance(code, Call) else 0


def loops(slots: Sequence[Slot], gives: Sequence[Source], code: Callable[[Slot], Code | None]) -> dict[int, Loop]:
    """The runs of slots, each fed by the one before alone, whose code is alike. `code` gives that of one slot on the
    operand, None where it can be in no loop."""
    uses: Counter[Key] = Counter(key(arg) for slot in slots for arg in slot.args)
    uses.update(key(source) for source in gives)
    found: dict[int, Loop] = {}
    position = 0
    while position < len(slots):
        run: list[Code] = []
        for slot in slots[position:]:
            before = slots[position + len(run) - 1] if run else None
            fed = before is None or (slot.args == (Made(before, 0),) and uses[id(before), 0] == 1)
            made = code(slot) if fed and not slot.optional and len(slot.args) == len(slot.first.makes) == 1 else None
            if made is None:
                break
            run.append(made)
        best = loop(run) if run else None
        if best is not None:
            found[id(slots[position])] = best
        position += best.turns if best is not None else 1
    return found
