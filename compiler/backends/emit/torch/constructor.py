"""The constructor of a class: the modules that its slots run, and the numbers and conditions that `forward` asks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ..code import MARGIN, Call, Code, Leaf, Named, flat, laid
from ..entries import Slot, Unlike, everywhere, stateful
from ..explain import Term
from ..params import Param
from ..runs import compressed, named_sequence
from ..solve import Solver
from ..text import parameter, place_of, stem
from .attributes import MARK, Tree, is_bare
from .names import ATTRIBUTES


class Constructor:
    """The lines of `__init__` under construction."""

    def __init__(self, slots: Sequence[Slot], solver: Solver) -> None:
        self.solver = solver
        self.lines: list[str] = []
        self.attributes: dict[str, str] = {}
        """Attribute -> the code that makes it, to see that later uses agree."""
        self.names = {slot.first.name for slot in everywhere(slots) if stateful(slot.first)}
        kept = [slot for slot in slots if stateful(slot.first)]
        bare = frozenset(slot.first.name for slot in kept if slot.first.make is not None and is_bare(slot.first.make))
        self.tree = Tree([(slot.first.name, slot.optional) for slot in kept], bare)
        self.flags: dict[tuple[bool, ...], tuple[str, Term]] = {}
        """In which instances -> the attribute and the condition that say so."""
        self.always: set[int] = set()
        """Optional slots whose place an identity takes, so that they always run."""

    def text(self, params: Sequence[Param]) -> list[str]:
        """`__init__`, nothing where it has nothing to do."""
        lets = [f"{text} = {term.text}" for text, term in self.solver.lets()]
        if not params and not self.lines:
            return []
        args = ["self", *(parameter(param) for param in params)]
        head = signature("__init__", args, "None")
        init = [inner for line in self.lines for inner in self.tree.expanded(line)]
        return [*head, *[MARGIN + line for line in ["super().__init__()", *lets, *init]]]

    # --- modules ------------------------------------------------------------------------------------------------------

    def assign(self, slot: Slot, name: str, made: Code, *, plainly: bool) -> bool:
        """`self.name = made`, once for all slots that run it; `plainly` if it is called as a module.

        False where an identity takes its place in instances that lack it, so that it runs in all.
        """
        own, text = self.tree.access(name), flat(made)
        if own in self.attributes:
            if self.attributes[own] != text:
                raise Unlike(f"two layers for {name}")
            return True
        self.attributes[own] = text
        if slot.optional:
            return self.assign_where(slot, name, made, plainly=plainly)
        if plainly and "." not in name and name.isidentifier() and name not in ATTRIBUTES:
            self.lines.append(f"{MARK}{name}")
            self.tree.alone[name] = made
        else:
            self.lines += self.tree.assigned(name, made)
        return True

    def assign_where(self, slot: Slot, name: str, made: Code, *, plainly: bool) -> bool:
        """The same under the condition that the slot is there."""
        passes = plainly and slot.alias is not None and (slot.alias,) == slot.args
        head = f"if {self.solver.use(self.condition(slot))}:"
        replaced = passes and not isinstance(made, str)
        if replaced:
            self.lines += self.tree.assigned(name, "nn.Identity()")
            self.always.add(id(slot))
        if passes or not self.open_under(head):
            self.lines.append(head)
        self.lines += [MARGIN + line for line in self.tree.assigned(name, made, 3)]
        return not replaced

    def open_under(self, head: str) -> bool:
        """Whether the lines at the end stand under this condition."""
        for line in reversed(self.lines):
            if line == head:
                return True
            if not line.startswith((MARGIN, ")")):
                return False
        return False

    def free_name(self, slot: Slot) -> str:
        """A name for a module without weights."""
        name, automatic = slot.first.name, slot.first.automatic
        if automatic and any(isinstance(e.make, Call) and isinstance(e.make.head, Leaf) for e in slot.entries if e):
            name, automatic = "activation", False
        outer = name.rpartition(".")[0]
        stem = name = re.sub(r"\W", "_", outer if outer and automatic else name) or "step"
        if not name[0].isalpha():
            stem = name = f"_{name}"
        number = 2
        kept = {*self.names, *self.tree.kinds, *ATTRIBUTES}
        while name in kept or f"self.{name}" in self.attributes:
            name, number = f"{stem}_{number}", number + 1
        return name

    def construction(self, slot: Slot) -> Code:
        """The code that builds a slot with weights."""
        if slot.children:
            return self.sequence(slot)
        made = self.solver.fill([None if e is None else e.make for e in slot.entries], slot)
        outs = [None if e is None or not isinstance(e.out, Leaf) else e.out for e in slot.entries]
        if any(out is not None for out in outs):
            self.solver.made[id(slot), 0] = self.solver.leaf(outs, slot)
        return made

    # --- sequences ----------------------------------------------------------------------------------------------------

    def sequence(self, slot: Slot) -> Code:
        """`nn.Sequential(...)`, numbered or named."""
        children = [(child, self.child(child)) for child in slot.children]
        if any(child.present != slot.present for child, _ in children):
            return self.listed(slot, children)
        if slot.agreed("positional"):
            return Call("nn.Sequential", tuple(compressed([code for _, code in children])))
        pairs = [(child.agreed("element"), code) for child, code in children]
        return Call("nn.Sequential", (named_sequence(pairs),))

    def child(self, slot: Slot) -> Code:
        if slot.children or slot.first.weighted or slot.first.part is not None:
            if any(e is not None and e.call is not None for e in slot.entries):
                raise Unlike("a parameter in a sequence")
            return self.construction(slot)
        return self.solver.fill([None if e is None else e.make for e in slot.entries], slot)

    def listed(self, slot: Slot, children: Sequence[tuple[Slot, Code]]) -> Code:
        """A list that grows by conditions, and the sequence of it."""
        named = not slot.agreed("positional")
        variable = "layers"
        self.lines.append(f"{variable} = OrderedDict()" if named else f"{variable}: list[nn.Module] = []")
        position = 0
        while position < len(children):
            child, _ = children[position]
            run = [children[position]]
            for other in children[position + 1 :]:
                if other[0].present != child.present:
                    break
                run.append(other)
            position += len(run)
            under = 0
            if child.present != slot.present:
                self.lines.append(f"if {self.solver.use(self.condition(child))}:")
                under = 1
            self.lines += grown(variable, run, under, named=named)
        return f"nn.Sequential({variable})" if named else f"nn.Sequential(*{variable})"

    # --- conditions ---------------------------------------------------------------------------------------------------

    def condition(self, slot: Slot) -> Term:
        """When the slot is there."""
        present = slot.present
        if present not in self.flags:
            key = next(iter(slot.first.keys))
            term = self.solver.condition(present, place_of(key), f"with_{stem(slot)}")
            name = term.text if term.text.isidentifier() else f"use_{stem(slot)}"
            while name in self.names or name in ATTRIBUTES or name in {flag for flag, _ in self.flags.values()}:
                name = f"use_{name}" if not name.startswith("use_") else name + "_"
            self.flags[present] = (name, term)
        return self.flags[present][1]

    def flag(self, slot: Slot) -> str:
        """The condition in `forward`, empty for a slot that always runs."""
        if not slot.optional or id(slot) in self.always:
            return ""
        term = self.condition(slot)
        name = self.flags[slot.present][0]
        if f"self.{name}" not in self.attributes:
            self.attributes[f"self.{name}"] = name
            self.lines.append(f"self.{name} = {self.solver.use(term)}")
        return f"self.{name}"

    # --- numbers ------------------------------------------------------------------------------------------------------

    def stored(self, trees: Sequence[Any], slot: Slot) -> Code:
        """An expression of one form, where a number that differs between instances is read from an attribute."""
        first = next(tree for tree in trees if tree is not None)
        if isinstance(first, Leaf):
            return self.number(trees, first, slot)
        if isinstance(first, Named):
            return Named(first.name, self.stored([None if t is None else t.code for t in trees], slot))
        if isinstance(first, Call):
            head = self.stored([None if t is None else t.head for t in trees], slot)
            args = [
                self.stored([None if t is None else t.args[n] for t in trees], slot) for n in range(len(first.args))
            ]
            return Call(head, tuple(args), first.brackets)
        return self.solver.fill(trees, slot)

    def number(self, leaves: Sequence[Any], first: Leaf, slot: Slot) -> Code:
        """A number as it is, or the attribute that keeps it."""
        if self.solver.constant(leaves):
            return self.solver.fill(leaves, slot)
        text = self.solver.use(self.solver.leaf(leaves, slot))
        name = re.sub(r"\W", "_", first.name or "number")
        number = 2
        while name in self.names or self.attributes.get(f"self.{name}", text) != text:
            name, number = f"{first.name}{number}", number + 1
        if f"self.{name}" not in self.attributes:
            self.attributes[f"self.{name}"] = text
            self.lines.append(f"self.{name} = {text}")
        return f"self.{name}"


def signature(name: str, args: Sequence[str], gives: str) -> list[str]:
    """The head of a method, one argument a line where it is long."""
    return laid(Call(f"def {name}", tuple(args)), 1, after=f" -> {gives}:")


def grown(variable: str, run: Sequence[tuple[Slot, Code]], under: int, *, named: bool) -> Iterator[str]:
    """Some children more in a list, or in a dictionary."""
    if named:
        for slot, code in run:
            yield from laid(code, 2, under, f'{variable}["{slot.agreed("element")}"] = ')
    elif len(run) == 1:
        yield from laid(Call(f"{variable}.append", (run[0][1],)), 2, under)
    else:
        items = tuple(compressed([code for _, code in run]))
        yield from laid(Call(f"{variable} += ", items, "[]"), 2, under)
