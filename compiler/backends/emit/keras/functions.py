"""Instances of one block -> one function of a Keras model."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ....graph import Node
from ....source import Span
from ..code import MARGIN, Call, Code, Leaf, Named, flat, laid, literal
from ..entries import Body, Slot, Unlike, merged
from ..explain import SUM, Term
from ..flow import Statements
from ..holes import HOLES, filled
from ..params import ABSENT, Param, incoming
from ..parts import Anatomy
from ..repeats import repeats
from ..runs import progression
from ..solve import Solver
from ..statements import identifier
from ..text import docstring, parameter, place_of, stem
from .row import Path


class Naming(Solver):
    """Explains the names of layers too, which begin with the name of their instance."""

    def __init__(self, bodies: Sequence[Body], anatomy: Anatomy, public: frozenset[str]) -> None:
        super().__init__(bodies, anatomy, public)
        self.given_names: dict[int, str] = {}
        """Names that slots were given here."""

    def leaf(self, leaves: Sequence[Leaf | None], slot: Slot | None) -> Term:
        first = next(leaf for leaf in leaves if leaf is not None)
        if not isinstance(first.value, Path):
            return super().leaf(leaves, slot)
        values = tuple(ABSENT if leaf is None else str(leaf.value) for leaf in leaves)
        if not self.bodies[0].part.path:
            return Term(literal(first.value), values)
        there = [v for v in values if v is not ABSENT]
        if len(set(there)) == 1:
            return Term(f'f"{{name}}.{there[0]}"', values)
        return self.labelled(first, values) or self.renamed(slot, values) or self.chosen(values)

    def labelled(self, leaf: Leaf, values: tuple[object, ...]) -> Term | None:
        """A name as its label says it: `as "block.{k + 1}"`."""
        span = leaf.written
        step = self.terms.said.calls.get((span.start, span.end)) if isinstance(span, Span) else None
        if step is None or step.label is None or not step.label.parts:
            return None
        text, made = "", [""] * self.count
        names: frozenset[str] = frozenset()
        for part in step.label.parts:
            if isinstance(part, str):
                text += part
                made = [m + part for m in made]
                continue
            term = self.terms.of(part)
            if term is None:
                return None
            text += f"{{{term.text}}}"
            made = [f"{m}{v}" for m, v in zip(made, term.values)]
            names |= term.names
        pairs = [(v, m) for v, m in zip(values, made) if v is not ABSENT]
        prefixes = {str(v)[: len(str(v)) - len(m)] for v, m in pairs if str(v).endswith(m)}
        if len(prefixes) != 1 or not all(str(v).endswith(m) for v, m in pairs):
            return None
        return Term(f'f"{{name}}.{prefixes.pop()}{text}"', values, names=names)

    def renamed(self, slot: Slot | None, values: tuple[object, ...]) -> Term | None:
        """For a layer without weights that the file does not name, whose running numbers differ: a name of its own."""
        if slot is None or not slot.first.automatic or slot.first.holds:
            return None
        stem = re.sub(r"\d+$", "", slot.first.name)
        number = 1
        while f"{stem}_{number}" in self.given_names.values() and self.given_names.get(id(slot)) != f"{stem}_{number}":
            number += 1
        self.given_names[id(slot)] = f"{stem}_{number}"
        return Term(f'f"{{name}}.{stem}_{number}"', values)

    def chosen(self, values: tuple[object, ...]) -> Term:
        found = self.choice(values)
        if found is None:
            raise Unlike("names of layers")
        return Term(f'name + "." + ({found.text})', values, SUM, found.names)


class Made(NamedTuple):
    """A function: its text, and what its instances are called with."""

    name: str
    params: tuple[Param, ...]
    text: tuple[str, ...]
    uses: frozenset[str]


class Function:
    """Writes the function of some instances of one block; Unlike where they are too different for one."""

    def __init__(self, bodies: Sequence[Body], anatomy: Anatomy, public: frozenset[str]) -> None:
        self.bodies = bodies
        self.anatomy = anatomy
        self.slots, self.gives = merged(bodies)
        self.solver = Naming(bodies, anatomy, public)
        self.runs: dict[int, Code] = {}
        self.shared: dict[str, str] = {}
        self.before: list[str] = []
        self.conditions: dict[tuple[bool, ...], str] = {}
        for slot in self.slots:
            self.runs[id(slot)] = self.solver.fill([None if e is None else e.call for e in slot.entries], slot)
            if slot.first.make is not None:
                self.share(slot)

    def share(self, slot: Slot) -> None:
        """A layer that several steps use is made once, before them."""
        made = self.solver.fill([None if e is None else e.make for e in slot.entries], slot)
        name = identifier(slot.first.name)
        while self.shared.get(name, flat(made)) != flat(made):
            name += "_"
        if name not in self.shared:
            self.shared[name] = flat(made)
            self.before += laid(made, 1, before=f"{name} = ")
        self.runs[id(slot)] = filled(self.runs[id(slot)], HOLES, name)

    def condition(self, slot: Slot) -> str:
        if not slot.optional:
            return ""
        if slot.present not in self.conditions:
            term = self.solver.condition(slot.present, place_of(next(iter(slot.first.keys))), f"with_{stem(slot)}")
            self.conditions[slot.present] = self.solver.use(term)
        return self.conditions[slot.present]

    def statements(self, names: Sequence[str], result: Callable[[list[Code]], Code] | None = None) -> list[str]:
        taken = frozenset({*self.shared, "x"})
        current = names[0] if len(names) == 1 and result is None else "x"
        loops = repeats(self.slots, self.gives, self.turn)
        writer = Statements(
            self.slots, self.gives, names, self.run, self.condition, taken, current,
            depth=1, result=result, nested=False, loops=loops,
        )  # fmt: skip
        return writer.text()

    def turn(self, column: Sequence[Slot]) -> Code | None:
        """One turn of a loop; a layer that is shared takes part in none."""
        shared = any(slot.first.make is not None for slot in column)
        return None if shared else progression([self.runs[id(slot)] for slot in column])

    def run(self, slot: Slot, operands: list[Code]) -> Code:
        return filled(self.runs[id(slot)], operands)

    def written(self, name: str, doc: str) -> Made:
        """The function of a block."""
        names = incoming(self.bodies[0])
        body = self.statements(names)
        params = self.solver.params()
        lets = [f"{text} = {term.text}" for text, term in self.solver.lets()]
        own = [param for param in params if param.comes_in < 0]
        channels = [f"{p.name} = {names[p.comes_in]}.shape[-1]" for p in params if p.comes_in >= 0]
        args = [*names, *(parameter(p, annotated=False) for p in own), f'name="{name}"']
        head = laid(Call(f"def {name}", tuple(args)), 0, after=":")
        lines = [*channels, *lets, *self.before, *body]
        text = [*head, *docstring(doc)[:-1], *(MARGIN + line for line in lines)]
        return Made(name, tuple(own), tuple(text), words(text))

    def model(self, name: str, title: str, doc: str) -> Made:
        """The function of the whole model."""
        inputs = self.anatomy.checked.inputs
        names = ["inputs"] if len(inputs) == 1 else [identifier(node.path) for node in inputs]
        declared = [
            line for variable, node in zip(names, inputs) for line in laid(self.input(node), 1, 0, f"{variable} = ")
        ]
        given: Code = "inputs" if len(names) == 1 else Call("", tuple(names), "[]")

        def result(codes: list[Code]) -> Code:
            gives = codes[0] if len(codes) == 1 else Call("", tuple(codes), "[]")
            return Call("keras.Model", (given, gives, Named("name", literal(title))))

        body = self.statements(names, result)
        args = tuple(parameter(p, annotated=False) for p in self.solver.params())
        head = laid(Call(f"def {name}", args), 0, after=":")
        text = [*head, *docstring(doc)[:-1], *(MARGIN + line for line in [*declared, *self.before, *body])]
        return Made(name, (), tuple(text), words(text))

    def input(self, node: Node) -> Code:
        whole = [Named("dtype", '"int32"')] if node in self.anatomy.checked.looked_up else []
        shape = literal(tuple(node.facts.output))
        return Call("keras.Input", (shape, *whole, Named("name", literal(node.path))))


def words(text: Sequence[str]) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", "\n".join(text)))
