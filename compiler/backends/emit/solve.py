"""The code of all instances of a block -> one code: leaves explained, conditions and parameters found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .code import MISSING, OPERATORS, Call, Code, Each, Leaf, Named, Spread, literal
from .entries import Slot, Unlike
from .explain import COMPARISON, Term, lets_of, plain, same
from .leaves import Leaves, negated
from .params import Param


class Solver(Leaves):
    """Explains the code of some instances of one block by one set of parameters."""

    # --- trees --------------------------------------------------------------------------------------------------------

    def fill(self, trees: Sequence[Code | None], slot: Slot | None = None) -> Code:
        """The trees of all instances as one: leaves explained; Unlike where they differ in form."""
        first = next(tree for tree in trees if tree is not None)
        if len({type(tree) for tree in trees if tree is not None}) > 1:
            raise Unlike("form")
        if isinstance(first, Leaf):
            term = self.leaf([tree if isinstance(tree, Leaf) else None for tree in trees], slot)
            return self.use(term)
        if isinstance(first, Named):
            return self.named(trees, slot)
        if isinstance(first, Call):
            return self.call(trees, slot)
        if isinstance(first, (Each, Spread)) or any(tree != first for tree in trees if tree is not None):
            raise Unlike(f"{first}")
        return first

    def named(self, trees: Sequence[Any], slot: Slot | None) -> Code:
        there = [tree for tree in trees if tree is not None]
        if len({tree.name for tree in there}) > 1:
            raise Unlike("names")
        code = self.fill([None if tree is None else tree.code for tree in trees], slot)
        return Named(there[0].name, code)

    def call(self, trees: Sequence[Any], slot: Slot | None) -> Code:
        there = [tree for tree in trees if tree is not None]
        if len({(len(tree.args), tree.brackets) for tree in there}) > 1:
            raise Unlike("arguments")
        if any(arg_name(a) != arg_name(b) for tree in there for a, b in zip(tree.args, there[0].args)):
            raise Unlike("arguments")
        head = self.fill([None if tree is None else tree.head for tree in trees], slot)
        if isinstance(head, str) and " if " in head:
            head = f"({head})"
        columns = [[None if tree is None else tree.args[n] for tree in trees] for n in range(len(there[0].args))]
        out = [left_out(column) for column in columns]
        last = max((n for n, arg in enumerate(there[0].args) if not isinstance(arg, Named) and not out[n]), default=-1)
        kept = [self.fill(column, slot) for n, column in enumerate(columns) if not out[n] or n < last]
        if isinstance(head, str) and head in OPERATORS:
            kept = [f"({k})" if isinstance(k, str) and " " in k else k for k in kept]
        return Call(head, tuple(kept), there[0].brackets, tuple(unsaid(columns, out)))

    def constant(self, trees: Sequence[Code | None]) -> bool:
        """Whether all leaves are the same in all instances."""
        there = [leaves([tree]) for tree in trees if tree is not None]
        return all(len(a) == len(there[0]) and all(map(leaves_equal, a, there[0])) for a in there)

    # --- conditions ---------------------------------------------------------------------------------------------------

    def condition(self, present: tuple[bool, ...], place: Any, name: str) -> Term:
        """When a layer is there: as the text says it, or by a parameter of our own."""
        term = self.conjunction(self.terms.said.conditions.get(place, [])) if place else None
        for candidate in (term, *self.conditions()):
            if candidate is not None and tuple(map(bool, candidate.values)) == present:
                return candidate
            if candidate is not None and tuple(not v for v in candidate.values) == present:
                return negated(candidate)
        more = (self.positive(t) for t in self.terms.params.values() if all(type(v) in (int, float) for v in t.values))
        found = next((t for t in more if t.values == present), None)
        return found or self.introduced(Leaf(present[0], name), present, None)

    def positive(self, term: Term) -> Term:
        return Term(f"{term.text} > 0", tuple(v > 0 for v in term.values), COMPARISON, term.names, term.needs)

    # --- the result ---------------------------------------------------------------------------------------------------

    def params(self) -> list[Param]:
        """The parameters that are used: those of channels, those of the block, those of our own."""
        needed = set(self.used)
        for text, term in self.lets():
            needed |= {text} | term.names
        found = [p for p in self.entering.values() if p.name in needed]
        found += [self.own(name, t) for name, t in self.terms.params.items() if t.text in needed]
        found += [p for p in self.new.values() if p.name in needed]
        return sorted(found, key=lambda p: p.default is not MISSING)

    def own(self, name: str, term: Term) -> Param:
        """A parameter of the block, with its default where that is plain."""
        written = self.bodies[0].part.frame.written
        default: Any = MISSING
        for param in written.params:
            if param.name == name and param.default is not None:
                found = self.terms.of(param.default)
                if found is not None and not found.names:
                    default = found.values[0]
        if name in self.public:
            default = term.values[0]
        return Param(term.text, term.values, default)

    def lets(self) -> list[tuple[str, Term]]:
        """The local variables that what is used needs, in order."""
        found = list(lets_of(self.terms, frozenset(self.used)))
        for _, term in found:
            self.needs |= term.needs
        return found


def arg_name(arg: Any) -> str:
    return arg.name if isinstance(arg, Named) else ""


def unsaid(columns: Sequence[Sequence[Any]], out: Sequence[bool]) -> Iterator[Named]:
    """The named arguments that are left out, with their defaults."""
    for column, dropped in zip(columns, out):
        arg = next(arg for arg in column if arg is not None)
        if dropped and isinstance(arg, Named) and isinstance(arg.code, Leaf):
            yield Named(arg.name, literal(arg.code.default))


def left_out(column: Sequence[Any]) -> bool:
    """Whether an argument has its default in all instances."""
    found = [arg.code if isinstance(arg, Named) else arg for arg in column if arg is not None]
    return all(
        isinstance(leaf, Leaf) and leaf.default is not MISSING and plain(leaf.value) == leaf.default for leaf in found
    )


def leaves(trees: Sequence[Any]) -> list[Leaf]:
    found: list[Leaf] = []
    for tree in trees:
        if isinstance(tree, Leaf):
            found.append(tree)
        elif isinstance(tree, Named):
            found += leaves([tree.code])
        elif isinstance(tree, Call):
            found += leaves([tree.head, *tree.args])
    return found


def leaves_equal(a: Leaf, b: Leaf) -> bool:
    return same(plain(a.value), plain(b.value))
