"""Slots -> the statements that run them: nested calls where they read well, a variable where a value is read again."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from .code import OPERATORS, Call, Code, Named, Spread, flat, laid
from .entries import Slot, Source, stateful
from .explain import TAKEN
from .repeats import Key, key


class Pending(NamedTuple):
    """An expression that is not yet in a variable: the variables it reads, the number of main calls in it."""

    code: Code
    reads: frozenset[str]
    mains: int


class Steps:
    """Writes the steps of a function body one after another.

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
    ) -> None:
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
        self.lists: dict[str, int] = {}
        """Variables that hold the values of all turns of a loop, and how many."""
        self.fixed: frozenset[str] = frozenset()
        """Variables that no step changes."""
        self.out: list[str] = []
        self.indent = 0

    def conditional(self, slot: Slot) -> bool:
        return slot.optional and self.condition(slot) != ""

    # --- steps --------------------------------------------------------------------------------------------------------

    def step(self, slot: Slot, kept: frozenset[Key] = frozenset()) -> None:
        """Run one slot: into a variable, or into the expression of the one that reads it next."""
        codes, reads, mains = self.operands(slot)
        made = gathered(self.run(slot, codes), self.lists)
        keys = [(id(slot), i) for i in range(len(slot.first.makes))]
        self.done.update(keys)
        if len(keys) > 1:
            self.several(keys, slot, made)
            return
        only = keys[0]
        self.pending[only] = Pending(made, frozenset(reads), mains + slot.first.main)
        if only in kept:
            self.assign(only, self.names[only])
        elif not self.waits(slot, only):
            self.assign(only)

    def waits(self, slot: Slot, k: Key) -> bool:
        """Whether its expression stays one until it is read."""
        if not self.nested:
            return slot is self.slots[-1] and self.result is None and len(self.gives) == 1
        return self.uses[k] == 1 and (slot.alias is None or not self.conditional(slot))

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
            self.names[k] = self.one_of_several(slot, k)
            names.append(self.names[k])
        for name in names:
            self.clear(name)
        self.write(f"{', '.join(names)} = ", made)

    def one_of_several(self, slot: Slot, k: Key) -> str:
        """The variable of one of several results: the block's own word for it where it is free."""
        own = slot.first.results[k[1]] if slot.first.results else ""
        free = own and own not in {*self.reserved, *self.names.values(), *TAKEN}
        return self.claim(own) if free else self.fresh(slot, str(k[1] + 1))

    def assign(self, k: Key, name: str | None = None, *, apart: bool = False, without: str = "") -> None:
        """Put a pending expression into a variable, one of its own where others stand beside it (`apart`)."""
        held = self.pending.pop(k)
        name = name or self.variable(k, held, apart=apart, without=without)
        self.clear(name)
        self.names[k] = name
        self.write(f"{name} = ", held.code)

    def write(self, before: str, code: Code, after: str = "") -> None:
        self.out += laid(code, self.depth, self.indent, before, after)

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
        live |= waiting | {without, *self.fixed, *self.lists}
        for name in sorted(self.inner - live):
            return name
        shown = len(self.gives) > 1 and any(k == key(source) for source in self.gives)
        if (apart or shown or self.far(slot)) and self.indent == 0:
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
            live = {name for k, name in self.names.items() if self.left[k] > 0} | self.fixed | set(self.lists)
        stem = self.label(slot) if end or self.far(slot) else ""
        stem = stem or slot.first.branch or (identifier(slot.first.label.rpartition(".")[2]) if end else "out")
        stem = name = stem + (f"_{end}" if end else "")
        number = 2
        while name in live:
            name, number = f"{stem}_{number}", number + 1
        return self.claim(name)


def identifier(text: str) -> str:
    name = re.sub(r"\W", "_", re.sub(r"(?<=[A-Za-z])\.(?=\d)", "", text)).lower()
    name = f"_{name}" if name[:1].isdigit() else name
    return f"{name}_" if keyword.iskeyword(name) or name in TAKEN else name


def gathered(code: Code, lists: Mapping[str, int]) -> Code:
    """The code with whole lists in the places of all their elements: `sum(skips)`, `[*skips, x]`."""
    if isinstance(code, Named):
        return Named(code.name, gathered(code.code, lists))
    if not isinstance(code, Call):
        return code
    head, args = gathered(code.head, lists), [gathered(arg, lists) for arg in code.args]
    for name, count in lists.items():
        all_of_it = [f"{name}[{n}]" for n in range(count)]
        start = next((n for n in range(len(args)) if args[n : n + count] == all_of_it), None)
        if start is None or (head, code.brackets) not in (("+", "()"), ("", "[]")):
            continue
        if len(args) == count:
            return name if head == "" else Call("sum", (name,))
        args[start : start + count] = [Spread(name) if head == "" else Call("sum", (name,))]
    return Call(head, tuple(args), code.brackets)


def depth(code: Code) -> int:
    """Calls inside calls."""
    if isinstance(code, Named):
        return depth(code.code)
    return 1 + max([depth(arg) for arg in code.args], default=0) if isinstance(code, Call) else 0
