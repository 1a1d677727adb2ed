"""Expressions of a block's text as Python, with the value that each has in every instance of the block.

What cannot be said in Python as easily gives None: then a number is explained in another way (solve.py).
"""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Callable, Iterator, Sequence
from functools import singledispatchmethod
from typing import Any, NamedTuple

from ... import syntax as s
from ...arithmetic import ARITHMETIC, COMPARISONS, compared
from ...fault import Fault
from ...library import FUNCTIONS, Misused
from ...limits import INTEGER
from .code import literal
from .said import Said

Vector = tuple[Any, ...]
"""One value for each instance."""

ATOM, POWER, SIGN, PRODUCT, SUM, COMPARISON, NOT, AND, OR, CHOICE = range(9, -1, -1)
"""How tightly an expression holds together."""

LEVEL = {"**": POWER, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT, "+": SUM, "-": SUM, "and": AND, "or": OR}

TAKEN = frozenset(
    {
        *keyword.kwlist,
        *dir(builtins),
        "self",
        "nn",
        "torch",
        "Tensor",
        "keras",
        "layer",
        "layers",
        "ops",
        "name",
        "i",
        "x",
        "inputs",
    }
)
"""Names that mean something else where the code will stand."""


class Term(NamedTuple):
    """An expression in Python: its text, its value in each instance, how tightly it binds, the names it reads."""

    text: str
    values: Vector
    level: int = ATOM
    names: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    folded: bool = False
    """Whether a parameter that is the same everywhere stands in it as its number."""

    def inside(self, level: int) -> str:
        """The text as a part of something that binds as tightly as `level`."""
        return self.text if self.level >= level else f"({self.text})"


def plain(value: Any) -> Any:
    """A list of equal sizes as the one size: 3x3 is 3."""
    if type(value) is tuple and value and type(value[0]) is int and len(set(value)) == 1:
        return value[0]
    return value


def usable(value: Any) -> bool:
    """Whether a value can be an argument in Python."""
    if isinstance(value, tuple):
        return all(type(v) is int for v in value)
    return value is None or isinstance(value, (bool, int, float, str))


def same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and bool(a == b)


def constant(values: Vector) -> bool:
    return all(same(v, values[0]) for v in values)


def variable(name: str, used: frozenset[str] | set[str] = frozenset()) -> str:
    """A name that is free."""
    while name in TAKEN or name in used:
        name += "_"
    return name


class Terms:
    """What the names in the text of a block stand for, in each of its instances."""

    def __init__(
        self, written: Any, bindings: Sequence[dict[str, Any]], comes_in: Callable[[str], Term | None]
    ) -> None:
        self.count = len(bindings)
        self.comes_in = comes_in
        self.bindings = bindings
        self.params: dict[str, Term] = {}
        self.lets: dict[str, Term | None] = {}
        self.said = Said(written)
        for name in bindings[0] if bindings else ():
            values = tuple(plain(b.get(name)) for b in bindings)
            if all(usable(v) for v in values):
                text = variable(name)
                self.params[name] = Term(text, values, names=frozenset({text}))
        self.constants = {n: t for n, t in self.params.items() if self.count > 1 and constant(t.values)}
        for name in self.constants:
            del self.params[name]

    # --- expressions --------------------------------------------------------------------------------------------------

    def of(self, expr: s.Expr | None) -> Term | None:
        """The expression as Python; None where it cannot be said."""
        if expr is None:
            return None
        try:
            return self.term(expr)
        except (Fault, Misused, ArithmeticError, ValueError, TypeError):
            return None

    @singledispatchmethod
    def term(self, expr: s.Expr) -> Term | None:
        return None

    def constant(self, value: Any, text: str) -> Term:
        return Term(text, (value,) * self.count)

    @term.register
    def _number(self, expr: s.Number) -> Term | None:
        return self.constant(expr.value, repr(expr.value))

    @term.register
    def _sizes(self, expr: s.Sizes) -> Term | None:
        return self.constant(plain(expr.sizes), repr(plain(expr.sizes))) if None not in expr.sizes else None

    @term.register
    def _name(self, expr: s.Name) -> Term | None:
        known = {"true": True, "false": False, "none": None}
        if expr.id in known:
            return self.constant(known[expr.id], repr(known[expr.id]))
        if expr.id in self.constants:
            value = self.constants[expr.id].values[0]
            return self.constant(value, literal(value))._replace(folded=True)
        return self.params.get(expr.id) or self.let(expr.id)

    def let(self, name: str) -> Term | None:
        if name not in self.said.lets or any(name in b for b in self.bindings):
            return None
        if name not in self.lets:
            self.lets[name] = None  # while it is looked at: a cycle is none
            value = self.of(self.said.lets[name].value)
            if value is not None and all(usable(v) for v in value.values):
                text = variable(name)
                self.lets[name] = Term(text, value.values, names=frozenset({text}), folded=value.folded)
        return self.lets[name]

    @term.register
    def _member(self, expr: s.Member) -> Term | None:
        if isinstance(expr.value, s.Name) and expr.name == "channels":
            return self.comes_in(expr.value.id)
        return None

    @term.register
    def _unary(self, expr: s.Unary) -> Term | None:
        of = self.term(expr.operand)
        if of is None:
            return None
        if expr.operator == "not":
            values = tuple(not v for v in of.values)
            return Term(f"not {of.inside(NOT)}", values, NOT, of.names, of.needs)
        return Term(f"-{of.inside(SIGN)}", tuple(-v for v in of.values), SIGN, of.names, of.needs)

    @term.register
    def _binary(self, expr: s.Binary) -> Term | None:
        found = [self.term(operand) for operand in expr.operands]
        if expr.operators[0] in ("and", "or"):
            return self.logic(expr.operators[0], found)
        terms = [t for t in found if t is not None]
        if len(terms) < len(found) or not terms:
            return None
        if expr.operators[0] in COMPARISONS:
            return self.comparison(expr.operators, terms)
        made = terms[0]
        for operator, right in zip(expr.operators, terms[1:]):
            made = self.joined(operator, made, right)
        return made

    def joined(self, operator: str, left: Term, right: Term) -> Term:
        level = LEVEL[operator]
        values = tuple(ARITHMETIC[operator](a, b) for a, b in zip(left.values, right.values))
        if any(isinstance(v, int) and abs(v) > INTEGER for v in values):
            raise OverflowError
        if operator == "/" and all(type(v) is float and v.is_integer() for v in values):
            numbers = (*left.values, *right.values)
            if all(type(v) is int for v in numbers):
                operator, values = "//", tuple(int(v) for v in values)
        simple = left.level == right.level == ATOM and operator == "**" and "(" not in left.text + right.text
        sign = operator if simple else f" {operator} "
        text = f"{left.inside(level + (operator == '**'))}{sign}{right.inside(level + 1)}"
        if not left.names and not right.names:
            return Term(literal(values[0]), values, folded=left.folded or right.folded)
        folded = left.folded or right.folded
        return Term(text, values, level, left.names | right.names, left.needs | right.needs, folded)

    def comparison(self, operators: tuple[str, ...], terms: list[Term]) -> Term | None:
        if len(operators) != 1 or operators[0] == "in":
            return None
        (operator,), (left, right) = operators, terms
        values = tuple(compared(operator, a, b, None) for a, b in zip(left.values, right.values))  # type: ignore[arg-type]
        if right.text == "None" and operator in ("==", "!="):
            operator = "is" if operator == "==" else "is not"
        text = f"{left.inside(SUM)} {operator} {right.inside(SUM)}"
        return Term(text, values, COMPARISON, left.names | right.names, left.needs | right.needs)

    def logic(self, operator: str, found: list[Term | None]) -> Term | None:
        """`and`, `or`; what nothing hangs on may be something that cannot be said."""
        terms = [t for t in found if t is not None]
        if len(terms) < len(found):
            return None
        level = LEVEL[operator]
        join = all if operator == "and" else any
        values = tuple(join(column) for column in zip(*(t.values for t in terms)))
        idle = operator == "and"  # what is so everywhere changes nothing here
        terms = [t for t in terms if t.names or bool(t.values[0]) is not idle] or terms[:1]
        if len(terms) == 1:
            return terms[0]._replace(values=values)
        names = frozenset().union(*(t.names for t in terms))
        needs = frozenset().union(*(t.needs for t in terms))
        return Term(f" {operator} ".join(t.inside(level + 1) for t in terms), values, level, names, needs)

    @term.register
    def _choice(self, expr: s.IfElse) -> Term | None:
        condition, then, other = (self.term(e) for e in (expr.condition, expr.then, expr.otherwise))
        if condition is None or then is None or other is None:
            return None
        values = tuple(a if c else b for c, a, b in zip(condition.values, then.values, other.values))
        text = f"{then.inside(OR)} if {condition.inside(OR)} else {other.inside(CHOICE)}"
        names = condition.names | then.names | other.names
        return Term(text, values, CHOICE, names, condition.needs | then.needs | other.needs)

    @term.register
    def _tuple(self, expr: s.Tuple) -> Term | None:
        return self.several(expr.items)

    @term.register
    def _by(self, expr: s.By) -> Term | None:
        return self.several(expr.items)

    def several(self, items: Sequence[s.Expr]) -> Term | None:
        terms = [self.term(item) for item in items]
        known = [t for t in terms if t is not None]
        if len(known) < len(terms) or len(known) < 2:
            return None
        values = tuple(tuple(column) for column in zip(*(t.values for t in known)))
        names = frozenset().union(*(t.names for t in known))
        needs = frozenset().union(*(t.needs for t in known))
        return Term(f"({', '.join(t.text for t in known)})", values, ATOM, names, needs)

    @term.register
    def _apply(self, expr: s.Apply) -> Term | None:
        word = expr.function.id if isinstance(expr.function, s.Name) else ""
        if word not in ("max", "min", "abs", "round", "round_to") or any(a.name for a in expr.args):
            return None
        terms = [t for t in (self.term(a.value) for a in expr.args) if t is not None]
        if len(terms) < len(expr.args):
            return None
        columns = list(zip(*(t.values for t in terms)))
        values = tuple(FUNCTIONS[word](*column) for column in columns)
        if word == "round" and values != tuple(round(*column) for column in columns):
            return None  # Python rounds halves to even
        names = frozenset().union(*(t.names for t in terms))
        needs = frozenset().union(*(t.needs for t in terms)) | ({word} if word == "round_to" else set())
        return Term(f"{word}({', '.join(t.text for t in terms)})", values, ATOM, names, needs)


def lets_of(terms: Terms, names: frozenset[str]) -> Iterator[tuple[str, Term]]:
    """The lets among the names, and those that they read in turn, in an order in which they can be computed."""
    by_text = {t.text: name for name, t in terms.lets.items() if t is not None}
    done: set[str] = set()

    def visit(text: str) -> Iterator[tuple[str, Term]]:
        if text not in by_text or text in done:
            return
        done.add(text)
        value = terms.of(terms.said.lets[by_text[text]].value)
        assert value is not None
        for inner in sorted(value.names):
            yield from visit(inner)
        yield text, value

    for text in sorted(names):
        yield from visit(text)
