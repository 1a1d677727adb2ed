"""Instances of one block -> one class: its constructor and its forward."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..code import MARGIN, MISSING, Call, Code, Hole, Leaf, Named, flat, laid
from ..entries import Body, Slot, Unlike, everywhere, merged, once, stateful
from ..explain import Term
from ..flow import Statements
from ..holes import HOLES, filled, holes
from ..params import Param, incoming
from ..parts import Anatomy
from ..repeats import Repeat, repeats
from ..runs import compressed, named_sequence, progression
from ..solve import Solver
from ..text import docstring, parameter, place_of, stem
from .attributes import MARK, Tree, is_bare
from .names import ATTRIBUTES

OWN = "nn.Module"


class Made(NamedTuple):
    """A class: its text, and what its instances are built with."""

    name: str
    params: tuple[Param, ...]
    text: tuple[str, ...]
    uses: frozenset[str]
    """Names that the text mentions, of classes and functions written elsewhere in the file."""
    reads: int
    bodies: tuple[Body, ...]


class Class:
    """Writes the class of some instances of one block; Unlike where they are too different for one."""

    def __init__(self, bodies: Sequence[Body], anatomy: Anatomy, public: frozenset[str] = frozenset()) -> None:
        self.bodies = bodies
        self.anatomy = anatomy
        self.slots, self.gives = merged(bodies)
        self.solver = Solver(bodies, anatomy, public)
        self.flags: dict[tuple[bool, ...], tuple[str, Term]] = {}
        self.attributes: dict[str, str] = {}
        """Attribute -> the code that makes it, to see that later uses agree."""
        self.names = {slot.first.name for slot in everywhere(self.slots) if self.stateful(slot)}
        self.runs: dict[int, Code] = {}
        """The code that runs each slot, holes for its operands."""
        kept = [slot for slot in self.slots if self.stateful(slot)]
        bare = frozenset(slot.first.name for slot in kept if slot.first.make is not None and is_bare(slot.first.make))
        self.tree = Tree([(slot.first.name, slot.optional) for slot in kept], bare)
        self.init: list[str] = []
        self.places: dict[int, tuple[str, Code]] = {}
        """The attribute that each slot runs, and the code that does, a hole for it."""
        for slot in self.slots:
            self.define(slot)
        self.slots = once(self.slots, self.gives, self.border)
        loops = repeats(self.slots, self.gives, self.turn)
        self.loops = {slot: self.tree.over(found) for slot, found in loops.items()}
        for found in self.loops.values():
            self.tree.repeat(self.families(found))

    @staticmethod
    def stateful(slot: Slot) -> bool:
        return stateful(slot.first)

    # --- attributes ---------------------------------------------------------------------------------------------------

    def define(self, slot: Slot) -> None:
        """Find how a slot is run, and the attribute that this takes."""
        if self.stateful(slot):
            self.attribute(slot, self.construction(slot), slot.first.name)
            return
        uses = [None if e is None else e.call for e in slot.entries]
        if all(u is not None for u, e in zip(uses, slot.entries) if e is not None) and self.inlined(uses, slot):
            self.runs[id(slot)] = self.inline(uses, slot)
            return
        makes = [None if e is None else e.make for e in slot.entries]
        if any(e is not None and e.make is None for e in slot.entries):
            raise Unlike("a step without a module")
        name = self.free_name(slot)
        self.attribute(slot, self.solver.fill(makes, slot), name)

    def inlined(self, uses: Sequence[Code | None], slot: Slot) -> bool:
        """Whether an expression in `forward` does it."""
        if any(hole.number < 0 for use in uses if use is not None for hole in holes(use)):
            return False
        no_module = all(e is None or e.make is None for e in slot.entries)
        return (no_module or self.solver.constant(uses)) and self.alike(uses)

    def alike(self, trees: Sequence[Code | None]) -> bool:
        """Whether all are of one form."""
        there = [shape_of(tree) for tree in trees if tree is not None]
        return all(form == there[0] for form in there)

    def inline(self, uses: Sequence[Code | None], slot: Slot) -> Code:
        """An expression; a number that differs between instances becomes an attribute."""
        self.solver.literally = True
        found = self.solver.fill(uses, slot) if self.solver.constant(uses) else self.stored(uses, slot)
        self.solver.literally = False
        return found

    def stored(self, trees: Sequence[Any], slot: Slot) -> Code:
        first = next(tree for tree in trees if tree is not None)
        if isinstance(first, Leaf):
            found = [None if tree is None else tree for tree in trees]
            if self.solver.constant(found):
                return self.solver.fill(found, slot)
            text = self.solver.use(self.solver.leaf(found, slot))
            name = re.sub(r"\W", "_", first.name or "number")
            number = 2
            while name in self.names or self.attributes.get(f"self.{name}", text) != text:
                name, number = f"{first.name}{number}", number + 1
            if f"self.{name}" not in self.attributes:
                self.attributes[f"self.{name}"] = text
                self.init.append(f"self.{name} = {text}")
            return f"self.{name}"
        if isinstance(first, Named):
            return Named(first.name, self.stored([None if t is None else t.code for t in trees], slot))
        if isinstance(first, Call):
            head = self.stored([None if t is None else t.head for t in trees], slot)
            args = [
                self.stored([None if t is None else t.args[n] for t in trees], slot) for n in range(len(first.args))
            ]
            return Call(head, tuple(args), first.brackets)
        return self.solver.fill(trees, slot)

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

    def attribute(self, slot: Slot, made: Code, name: str) -> None:
        """`self.name = made`, once for all slots that run it."""
        uses = [e.call for e in slot.entries if e is not None]
        own = self.tree.access(name)
        use = uses[0] if uses[0] is not None and any(h.number < 0 for h in holes(uses[0])) else None
        self.runs[id(slot)] = (
            self.solver.fill([None if e is None else e.call for e in slot.entries], slot)
            if use is not None
            else Call(Hole(-1), tuple(HOLES[: len(slot.args)]))
        )
        self.places[id(slot)] = (name, self.runs[id(slot)])
        self.runs[id(slot)] = filled(self.runs[id(slot)], HOLES, own)
        text = flat(made)
        if own in self.attributes:
            if self.attributes[own] != text:
                raise Unlike(f"two layers for {name}")
            return
        self.attributes[own] = text
        passes = slot.optional and slot.alias is not None and (slot.alias,) == slot.args and use is None
        if not slot.optional:
            if "." not in name and name.isidentifier() and name not in ATTRIBUTES and use is None:
                self.init.append(f"{MARK}{name}")
                self.tree.alone[name] = made
            else:
                self.init += self.tree.assigned(name, made)
            return
        condition = self.condition(slot)
        if passes and not isinstance(made, str):
            self.init += self.tree.assigned(name, "nn.Identity()")
            self.runs[id(slot)] = Call(own, tuple(HOLES[: len(slot.args)]))
            self.always.add(id(slot))
        last = f"if {self.solver.use(condition)}:"
        if passes or last not in self.init or not self.open_under(last):
            self.init.append(last)
        self.init += [MARGIN + line for line in self.tree.assigned(name, made, 3)]

    def border(self, slot: Slot) -> Code | None:
        """What puts a border around a map, which is done once for all that read it."""
        code = self.runs[id(slot)]
        return code if isinstance(code, Call) and code.head == "F.pad" else None

    def turn(self, column: Sequence[Slot]) -> Code | None:
        """The code of one turn of a loop."""
        places = [self.places[id(slot)] for slot in column if id(slot) in self.places]
        if len(places) < len(column):
            return None if places else progression([self.runs[id(slot)] for slot in column])
        names = [name for name, _ in places]
        tops = [name.partition(".")[0] for name in names]
        if len(set(tops)) > 1 and not self.tree.even(tops):
            return None
        form, own = progression([code for _, code in places]), self.tree.turning(names)
        return None if form is None or own is None else filled(form, HOLES, own)

    def families(self, found: Repeat) -> list[list[str]]:
        """The attributes of the class that the turns of a loop have in turn."""
        names = [[self.places[id(slot)][0].partition(".")[0] for slot in column if id(slot) in self.places]
                 for column in zip(*found.turns)]  # fmt: skip
        distinct = [column for column in names if len(set(column)) == len(found.turns)]
        return [column for n, column in enumerate(distinct) if column not in distinct[:n]]

    def open_under(self, head: str) -> bool:
        """Whether the lines at the end stand under this condition."""
        for line in reversed(self.init):
            if line == head:
                return True
            if not line.startswith((MARGIN, ")")):
                return False
        return False

    @property
    def always(self) -> set[int]:
        """Optional slots whose place an identity takes, so that they always run."""
        return self.__dict__.setdefault("_always", set())  # type: ignore[no-any-return]

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
        self.init.append(f"{variable} = OrderedDict()" if named else f"{variable}: list[nn.Module] = []")
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
                self.init.append(f"if {self.solver.use(self.condition(child))}:")
                under = 1
            self.init += grown(variable, run, under, named=named)
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
            self.init.append(f"self.{name} = {self.solver.use(term)}")
        return f"self.{name}"

    # --- the text -----------------------------------------------------------------------------------------------------

    def written(self, name: str, doc: str, base: str = OWN) -> Made:
        forward = self.forward()
        params = self.solver.params()
        init = self.constructor(params)
        head = [f"class {name}({base}):", *docstring(doc)]
        text = [*head, *[MARGIN + line if line else "" for line in [*init, *([""] if init else []), *forward]]]
        body = "\n".join(text)
        return Made(name, tuple(params), tuple(text), frozenset(re.findall(r"\w+", body)), len(self.bodies[0].reads),
                    tuple(self.bodies))  # fmt: skip

    def constructor(self, params: Sequence[Param]) -> list[str]:
        lets = [f"{text} = {term.text}" for text, term in self.solver.lets()]
        if not params and not self.init:
            return []
        args = ["self", *(parameter(param) for param in params)]
        head = signature("__init__", args, "None")
        init = [inner for line in self.init for inner in self.tree.expanded(line)]
        return [*head, *[MARGIN + line for line in ["super().__init__()", *lets, *init]]]

    def forward(self) -> list[str]:
        names = incoming(self.bodies[0])
        current = names[0] if len(names) == 1 else "x"
        statements = Statements(
            self.slots, self.gives, names, self.run, self.flag, current=current, loops=self.loops
        ).text()
        args = ["self", *(f"{name}: Tensor" for name in names)]
        gives = "Tensor" if len(self.gives) == 1 else f"tuple[{', '.join(['Tensor'] * len(self.gives))}]"
        if len(gives) > 40:
            gives = "tuple[Tensor, ...]"
        return [*signature("forward", args, gives), *[MARGIN + line for line in statements]]

    def run(self, slot: Slot, operands: list[Code]) -> Code:
        return filled(self.runs[id(slot)], operands)


def shape_of(tree: Any) -> Any:
    """The form of a tree, leaves left out."""
    if isinstance(tree, Leaf):
        return "leaf"
    if isinstance(tree, Named):
        return (tree.name, shape_of(tree.code))
    if isinstance(tree, Call):
        return (shape_of(tree.head), tree.brackets, *map(shape_of, tree.args))
    return tree


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


def build(made: Made, leaves: Sequence[Leaf]) -> Call:
    """The code that builds one instance, from the leaves of its parameters."""
    required = [leaf for leaf in leaves if leaf.default is MISSING]
    args: list[Code] = []
    for position, leaf in enumerate(leaves):
        by_place = leaf.default is MISSING and (position == 0 or (position == 1 and len(required) <= 3))
        args.append(leaf if by_place else Named(made.params[position].name, leaf))
    return Call(made.name, tuple(args))
