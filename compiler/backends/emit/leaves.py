"""Leaves of all instances of a block -> a constant, an expression of the block's parameters, a new parameter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ... import syntax as s
from ...source import Span
from .code import MISSING, Leaf, Raw, literal, shortest
from .entries import Body, Incoming, Made, Slot, Source
from .explain import ATOM, CHOICE, COMPARISON, NOT, PRODUCT, Term, Terms, Vector, plain, same, variable
from .params import ABSENT, Param, incoming
from .parts import Anatomy


class Leaves:
    """Explains single numbers of some instances of one block."""

    def __init__(self, bodies: Sequence[Body], anatomy: Anatomy, public: frozenset[str] = frozenset()) -> None:
        self.bodies = bodies
        self.anatomy = anatomy
        self.count = len(bodies)
        self.public = public
        part = bodies[0].part
        self.terms = Terms(part.frame.written, [dict(b.part.frame.bindings) for b in bodies], self.channels_of)
        self.entering = {p.name: p for p in self.incoming()}
        self.new: dict[str, Param] = {}
        self.literally = False
        """Whether what is one number stays that, where parameters are out of reach."""
        self.used: set[str] = set()
        self.needs: set[str] = set()
        self.made: dict[tuple[int, int], Term] = {}
        """The channels of what slots make, where a leaf said them."""

    # --- channels -----------------------------------------------------------------------------------------------------

    def incoming(self) -> Iterator[Param]:
        taken = {t.text for t in self.terms.params.values()}
        names = incoming(self.bodies[0])
        for number in range(len(names)):
            values = tuple(self.anatomy.shape(b.reads[number]).channels for b in self.bodies)
            flow = names[number] == "x"
            name = variable("in_channels" if flow else f"{names[number].strip('_')}_channels", taken)
            yield Param(name, values, comes_in=number)

    def entering_term(self, number: int) -> Term:
        """The channels of what comes in: a number where it is one for all instances."""
        param = list(self.entering.values())[number]
        if len(set(param.values)) == 1:
            return Term(repr(param.values[0]), param.values)
        return Term(param.name, param.values, names=frozenset({param.name}))

    def channels_of(self, name: str) -> Term | None:
        """`input.channels`, `skip.channels`"""
        if name == "input":
            return self.entering_term(0) if self.bodies[0].reads else None
        return None

    def channels(self, source: Source, values: Vector) -> Term | None:
        """The channels of a value, in terms of what made it."""
        if isinstance(source, Incoming):
            return self.matching(self.entering_term(source.number), values)
        known = self.made.get((id(source.slot), source.index))
        if known is not None:
            return self.matching(known, values)
        if source.slot.children:
            return self.channels(Made(source.slot.children[-1], 0), values)
        found = [t for t in (self.channels(arg, values) for arg in source.slot.args) if t is not None]
        return found[0] if found else self.joined(source.slot, values)

    def joined(self, slot: Slot, values: Vector) -> Term | None:
        """The sum of the channels of all operands, for a concatenation."""
        terms = [self.known(arg) for arg in slot.args]
        if len(terms) < 2 or None in terms:
            return None
        there = [t for t in terms if t is not None]
        total = there[0]
        for term in there[1:]:
            total = self.terms.joined("+", total, term)
        return self.matching(multiplied(total, there), values)

    def known(self, source: Source) -> Term | None:
        if isinstance(source, Incoming):
            return self.entering_term(source.number)
        found = self.made.get((id(source.slot), source.index))
        if (
            found is None
            and len(source.slot.args) == 1
            and source.slot.alias is None
            and not source.slot.first.weighted
        ):
            return self.known(source.slot.args[0])
        return found

    # --- leaves -------------------------------------------------------------------------------------------------------

    def matching(self, term: Term | None, values: Sequence[Any]) -> Term | None:
        if term is None:
            return None
        fits = all(v is ABSENT or same(plain(t), plain(v)) for t, v in zip(term.values, values))
        return term if fits else None

    def leaf(self, leaves: Sequence[Leaf | None], slot: Slot | None) -> Term:
        """One leaf over all instances."""
        values = tuple(ABSENT if leaf is None else plain(leaf.value) for leaf in leaves)
        first = next(leaf for leaf in leaves if leaf is not None)
        written = self.written(first)
        named = self.terms.of(written) if written is not None and self.public_name(written) else None
        if named is not None and self.matching(named, values):
            return named
        there = [v for v in values if v is not ABSENT]
        if all(same(v, there[0]) for v in there):
            everywhere = len(there) == len(values) or self.literally
            said = None if everywhere else self.said(leaves, values, slot, written)
            return said or Term(shortest(there[0]), tuple(there[0] for _ in values))
        said = self.matching(self.terms.of(written), values)
        return (
            self.channel(leaves, values, slot)
            or (said if said is not None and not said.folded else None)
            or self.found(values)
            or self.stretched(values)
            or said
            or (self.choice(values) if not isinstance(there[0], Raw) else None)
            or self.introduced(first, values, written)
        )

    def said(
        self, leaves: Sequence[Leaf | None], values: Vector, slot: Slot | None, written: s.Expr | None
    ) -> Term | None:
        """What channels or the text say of a layer that is not in all instances; None where it is a plain number."""
        for term in (self.channel(leaves, values, slot), self.matching(self.terms.of(written), values)):
            if term is not None and term.names and not term.folded:
                return term
        return None

    def written(self, leaf: Leaf) -> s.Expr | None:
        """The expression of the text that a leaf comes from."""
        if isinstance(leaf.written, Span):
            return self.terms.said.args.get((leaf.written.start, leaf.written.end))
        expr: s.Expr | None = leaf.written
        return expr

    def public_name(self, expr: s.Expr) -> bool:
        return isinstance(expr, s.Name) and expr.id in self.public

    def channel(self, leaves: Sequence[Leaf | None], values: Vector, slot: Slot | None) -> Term | None:
        number = next((leaf.channels for leaf in leaves if leaf is not None), None)
        if number is None or slot is None:
            return None
        return self.channels(slot.args[number], values) if number < len(slot.args) else None

    def found(self, values: Vector) -> Term | None:
        """A parameter that happens to have these values."""
        for term in self.candidates():
            if self.matching(term, values):
                return term
        return None

    def candidates(self) -> Iterator[Term]:
        yield from self.terms.params.values()
        for name in self.terms.said.lets:
            term = self.terms.let(name)
            if term is not None and not term.folded:
                yield term
        for param in self.entering.values():
            yield Term(param.name, param.values, names=frozenset({param.name}))
        for param in self.new.values():
            if ABSENT not in param.values:
                yield Term(param.name, param.values, names=frozenset({param.name}))

    def stretched(self, values: Vector) -> Term | None:
        """A multiple, or a part, of a parameter."""
        there = [(i, v) for i, v in enumerate(values) if v is not ABSENT]
        if not all(type(v) is int and v > 0 for _, v in there):
            return None
        for term in self.candidates():
            pairs = [(term.values[i], v) for i, v in there]
            if not all(type(a) is int and a > 1 for a, _ in pairs) or len({a for a, _ in pairs}) == 1:
                continue
            if all(v == a // 2 for a, v in pairs):
                return Term(f"{term.text} // 2", values, PRODUCT, term.names)
            if all(v % a == 0 for a, v in pairs) and len({v // a for a, v in pairs}) == 1:
                return Term(f"{pairs[0][1] // pairs[0][0]} * {term.text}", values, PRODUCT, term.names)
            if all(a % v == 0 for a, v in pairs) and len({a // v for a, v in pairs}) == 1:
                return Term(f"{term.text} // {pairs[0][0] // pairs[0][1]}", values, PRODUCT, term.names)
        return None

    def choice(self, values: Vector) -> Term | None:
        """One number where a condition of the text holds, another elsewhere."""
        for condition in self.conditions():
            if condition is None or not condition.names:
                continue
            sides = []
            for holds in (True, False):
                part = tuple(v if bool(c) is holds else ABSENT for c, v in zip(condition.values, values))
                sides.append(self.simply(part))
            then, other = sides
            if then is not None and other is not None:
                text = f"{then.text} if {condition.text} else {other.text}"
                return Term(text, values, CHOICE, condition.names | then.names | other.names)
        return None

    def conditions(self) -> Iterator[Term | None]:
        """The conditions of the text, and the parameters that are true or false."""
        for around in self.terms.said.conditions.values():
            yield self.conjunction(around)
        yield from (t for t in self.candidates() if all(isinstance(v, bool) for v in t.values))

    def conjunction(self, around: Sequence[tuple[s.Expr, bool]]) -> Term | None:
        """All of them together, those left out that are so in all instances."""
        found = []
        for expr, holds in around:
            term = self.terms.of(expr)
            if term is not None and len(set(map(bool, term.values))) > 1:
                found.append(term if holds else negated(term))
        if not found:
            return None
        return found[0] if len(found) == 1 else self.terms.logic("and", list(found))

    def simply(self, values: Vector) -> Term | None:
        there = [v for v in values if v is not ABSENT]
        if not there:
            return None
        if all(same(v, there[0]) for v in there):
            return Term(literal(there[0]), values)
        return self.found(values) or self.stretched(values)

    def introduced(self, leaf: Leaf, values: Vector, written: s.Expr | None) -> Term:
        """A parameter of our own."""
        stem = written.id if isinstance(written, s.Name) else leaf.name or "value"
        taken = {*self.entering, *self.new, *(t.text for t in self.terms.params.values()), *self.terms.said.lets}
        name = variable(stem, taken - {stem} if stem not in self.entering and stem not in self.new else taken)
        number = 2
        while (name in taken and name != stem) or name in self.new or name in self.entering:
            name, number = f"{stem}{number}", number + 1
        if name in {t.text for t in self.terms.params.values()}:
            name = f"{name}_"
        for other in self.new.values():
            if other.name.rstrip("_0123456789") == stem and agree(other.values, values):
                both = tuple(b if a is ABSENT else a for a, b in zip(other.values, values))
                self.new[other.name] = Param(other.name, both, None if ABSENT in both else MISSING)
                return Term(other.name, both, names=frozenset({other.name}))
        default = None if ABSENT in values else MISSING
        self.new[name] = Param(name, values, default)
        return Term(name, values, names=frozenset({name}))

    def use(self, term: Term) -> str:
        self.used |= term.names
        self.needs |= term.needs
        return term.text


def agree(a: Vector, b: Vector) -> bool:
    """Whether two parameters are one, as far as they are both known."""
    return all(ABSENT in (m, n) or same(m, n) for m, n in zip(a, b)) and any(ABSENT not in (m, n) for m, n in zip(a, b))


def multiplied(total: Term, terms: Sequence[Term]) -> Term:
    """`a + a + b` as `2 * a + b`."""
    counts: dict[str, int] = {}
    for term in terms:
        counts[term.text] = counts.get(term.text, 0) + 1
    constant = sum(int(text) * n for text, n in counts.items() if text.isdigit())
    parts = [text if n == 1 else f"{n} * {text}" for text, n in counts.items() if not text.isdigit()]
    if constant:
        parts.append(str(constant))
    level = total.level if len(parts) > 1 else (ATOM if parts and parts[0].isidentifier() else PRODUCT)
    return Term(" + ".join(parts), total.values, level, total.names, total.needs)


OPPOSITE = {" == ": " != ", " != ": " == ", " > ": " <= ", " < ": " >= ", " is not ": " is ", " is ": " is not "}


def negated(term: Term) -> Term:
    values = tuple(not v for v in term.values)
    if term.level == COMPARISON:
        for sign, other in OPPOSITE.items():
            if term.text.count(sign) == 1:
                return term._replace(text=term.text.replace(sign, other), values=values)
    if term.text.startswith("not ") and term.level == NOT:
        return term._replace(text=term.text[4:], values=values, level=ATOM)
    return Term(f"not {term.inside(NOT)}", values, NOT, term.names, term.needs)
