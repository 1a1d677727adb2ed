"""Instances of one block -> one class: its constructor and its forward."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..code import MARGIN, MISSING, Call, Code, Hole, Leaf, Named
from ..entries import Body, Slot, Unlike, merged, once, stateful
from ..flow import Statements
from ..holes import HOLES, filled, holes
from ..params import Param, incoming
from ..parts import Anatomy
from ..repeats import Repeat, repeats
from ..runs import progression
from ..solve import Solver
from ..text import docstring
from .constructor import Constructor, signature

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
        self.constructor = Constructor(self.slots, self.solver)
        self.runs: dict[int, Code] = {}
        """The code that runs each slot, holes for its operands."""
        self.places: dict[int, tuple[str, Code]] = {}
        """The attribute that each slot runs, and the code that does, a hole for it."""
        for slot in self.slots:
            self.define(slot)
        self.slots = once(self.slots, self.gives, self.border)
        loops = repeats(self.slots, self.gives, self.turn)
        self.loops = {slot: self.constructor.tree.over(found) for slot, found in loops.items()}
        for found in self.loops.values():
            self.constructor.tree.repeat(self.families(found))

    # --- how slots are run --------------------------------------------------------------------------------------------

    def define(self, slot: Slot) -> None:
        """Find how a slot is run, and the attribute that this takes."""
        if stateful(slot.first):
            self.attribute(slot, self.constructor.construction(slot), slot.first.name)
            return
        uses = [None if e is None else e.call for e in slot.entries]
        if all(u is not None for u, e in zip(uses, slot.entries) if e is not None) and self.inlined(uses, slot):
            self.runs[id(slot)] = self.inline(uses, slot)
            return
        makes = [None if e is None else e.make for e in slot.entries]
        if any(e is not None and e.make is None for e in slot.entries):
            raise Unlike("a step without a module")
        name = self.constructor.free_name(slot)
        self.attribute(slot, self.solver.fill(makes, slot), name)

    def inlined(self, uses: Sequence[Code | None], slot: Slot) -> bool:
        """Whether an expression in `forward` does it."""
        if any(hole.number < 0 for use in uses if use is not None for hole in holes(use)):
            return False
        no_module = all(e is None or e.make is None for e in slot.entries) or all(map(is_border, uses))
        there = [shape_of(use) for use in uses if use is not None]
        return (no_module or self.solver.constant(uses)) and all(form == there[0] for form in there)

    def inline(self, uses: Sequence[Code | None], slot: Slot) -> Code:
        """An expression; a number that differs between instances becomes an attribute."""
        self.solver.literally = True
        found = self.solver.fill(uses, slot) if self.solver.constant(uses) else self.constructor.stored(uses, slot)
        self.solver.literally = False
        return found

    def attribute(self, slot: Slot, made: Code, name: str) -> None:
        """A module of the constructor runs the slot, called as one unless its use says how."""
        uses = [None if e is None else e.call for e in slot.entries]
        first = next(e.call for e in slot.entries if e is not None)
        plainly = first is None or not any(hole.number < 0 for hole in holes(first))
        call = Call(Hole(-1), tuple(HOLES[: len(slot.args)]))
        run = call if plainly else self.solver.fill(uses, slot)
        self.places[id(slot)] = (name, run)
        kept = self.constructor.assign(slot, name, made, plainly=plainly)
        self.runs[id(slot)] = filled(run if kept else call, HOLES, self.constructor.tree.access(name))

    def border(self, slot: Slot) -> Code | None:
        """What puts a border around a map, which is done once for all that read it."""
        code = self.runs[id(slot)]
        return code if is_border(code) else None

    def turn(self, column: Sequence[Slot]) -> Code | None:
        """The code of one turn of a loop."""
        places = [self.places[id(slot)] for slot in column if id(slot) in self.places]
        if len(places) < len(column):
            return None if places else progression([self.runs[id(slot)] for slot in column])
        names = [name for name, _ in places]
        tops = [name.partition(".")[0] for name in names]
        if len(set(tops)) > 1 and not self.constructor.tree.even(tops):
            return None
        form, own = progression([code for _, code in places]), self.constructor.tree.turning(names)
        return None if form is None or own is None else filled(form, HOLES, own)

    def families(self, found: Repeat) -> list[list[str]]:
        """The attributes of the class that the turns of a loop have in turn."""
        names = [[self.places[id(slot)][0].partition(".")[0] for slot in column if id(slot) in self.places]
                 for column in zip(*found.turns)]  # fmt: skip
        distinct = [column for column in names if len(set(column)) == len(found.turns)]
        return [column for n, column in enumerate(distinct) if column not in distinct[:n]]

    # --- the text -----------------------------------------------------------------------------------------------------

    def written(self, name: str, doc: str, base: str = OWN) -> Made:
        forward = self.forward()
        params = self.solver.params()
        init = self.constructor.text(params)
        head = [f"class {name}({base}):", *docstring(doc)]
        text = [*head, *[MARGIN + line if line else "" for line in [*init, *([""] if init else []), *forward]]]
        body = "\n".join(text)
        return Made(name, tuple(params), tuple(text), frozenset(re.findall(r"\w+", body)), len(self.bodies[0].reads),
                    tuple(self.bodies))  # fmt: skip

    def forward(self) -> list[str]:
        names = incoming(self.bodies[0])
        current = names[0] if len(names) == 1 else "x"
        statements = Statements(
            self.slots, self.gives, names, self.run, self.constructor.flag, current=current, loops=self.loops
        ).text()
        args = ["self", *(f"{name}: Tensor" for name in names)]
        gives = "Tensor" if len(self.gives) == 1 else f"tuple[{', '.join(['Tensor'] * len(self.gives))}]"
        if len(gives) > 40:
            gives = "tuple[Tensor, ...]"
        return [*signature("forward", args, gives), *[MARGIN + line for line in statements]]

    def run(self, slot: Slot, operands: list[Code]) -> Code:
        return filled(self.runs[id(slot)], operands)


def build(made: Made, leaves: Sequence[Leaf]) -> Call:
    """The code that builds one instance, from the leaves of its parameters."""
    required = [leaf for leaf in leaves if leaf.default is MISSING]
    args: list[Code] = []
    for position, leaf in enumerate(leaves):
        by_place = leaf.default is MISSING and (position == 0 or (position == 1 and len(required) <= 3))
        args.append(leaf if by_place else Named(made.params[position].name, leaf))
    return Call(made.name, tuple(args))


def is_border(code: Code | None) -> bool:
    """Whether an expression puts a border around a map."""
    return isinstance(code, Call) and code.head == "F.pad"


def shape_of(tree: Any) -> Any:
    """The form of a tree, leaves left out."""
    if isinstance(tree, Leaf):
        return "leaf"
    if isinstance(tree, Named):
        return (tree.name, shape_of(tree.code))
    if isinstance(tree, Call):
        return (shape_of(tree.head), tree.brackets, *map(shape_of, tree.args))
    return tree
