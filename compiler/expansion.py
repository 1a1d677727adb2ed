"""What one expansion carries along; its rules stand in nodes.py, inputs.py, instances.py,
calls.py, merges.py, remarks.py and statements.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from . import syntax as s
from .bind import Seen
from .budget import Budget
from .convert import words_for
from .diagnostics import Diagnostics
from .evaluate import Evaluator
from .fault import Fault, did_you_mean
from .graph import Allowance, Node
from .ops.base import Op
from .place import NOTHING, Place
from .scope import Binding
from .shape import Shape
from .values import POISON, Definition, Given, Poisoned


class Request(NamedTuple):
    """What to compile: a model with some of its parameters and input shapes given from outside."""

    definition: Definition
    params: Mapping[str, Any]
    inputs: Mapping[str, Shape]


class Expansion:
    """The state of one expansion of one model, and what its parts ask of each other."""

    def __init__(self, request: Request, diagnostics: Diagnostics, words: frozenset[str]) -> None:
        self.request = request
        self.diagnostics = diagnostics
        self.budget = Budget()
        self.evaluate = Evaluator(self.budget, words)
        self.seen = Seen()
        self.nodes: list[Node] = []
        self.inputs: list[Node] = []
        self.found: dict[str, Any] = {}
        """Every result by its path, for `until=`."""
        self.cuts: list[tuple[int, int]] = []
        """Ranges of nodes that an `until=` may leave without use."""
        self.allowances: list[Allowance] = []
        """Warnings that blocks say are meant to be, for the nodes made in them."""
        self.sides: dict[int, tuple[s.Expr, list[Binding]]] = {}
        """Side values by the target that binds them: each must be read."""

    def run(self, statements: tuple[s.Statement, ...], place: Place) -> None:
        """Expand a body (statements.py)."""
        raise NotImplementedError

    def step(self, step: s.Step, place: Place, current: Any, first: bool, name: str | None = None) -> Any:
        """One step of a chain (calls.py). `name` is the path component that `name = ...` gives to the last call."""
        raise NotImplementedError

    def bind_target(self, target: s.Expr, value: Any, place: Place, kind: str = "side") -> None:
        """Bind `name` or `name[i]`."""
        scope = place.scope
        if value is NOTHING:
            raise Fault("no-current-value", "there is no value to name", target.span)
        if isinstance(target, s.Name):
            scope.bind(target.id, value, target.span, kind)
            binding = scope.names[target.id]
        else:
            name, indices = self.indexed(target, place)
            scope.bind_indexed(name, indices, value, target.span, kind)
            binding = scope.whole.names[name]
        if kind == "side":
            self.sides.setdefault(id(target), (target, []))[1].append(binding)

    def indexed(self, target: s.Expr, place: Place) -> tuple[str, tuple[int, ...]]:
        """`e[i][j]` as its name and its indices."""
        indices: list[int] = []
        expr = target
        while isinstance(expr, s.Index):
            index = self.evaluate(expr.index, place.scope)
            if type(index) is not int:
                raise Fault("type", "the index of a name is a whole number", expr.index.span)
            indices.append(index)
            expr = expr.value
        if not isinstance(expr, s.Name):
            raise Fault("type", "a name, or a name with an index, is wanted", target.span)
        return expr.id, tuple(reversed(indices))

    def target_name(self, target: s.Expr, place: Place) -> str:
        """The path component of a name: `e[0]` is `e.0`."""
        if isinstance(target, s.Name):
            return target.id
        name, indices = self.indexed(target, place)
        return ".".join([name, *map(str, indices)])

    def given(self, call: s.Call, place: Place, cls: type[Op] | None = None) -> list[Given]:
        """The evaluated arguments of a call; of an operator, where it is one."""
        scope = place.scope
        try:
            found = [Given(a.name, self.evaluate(a.value, scope), a.span) for a in call.args]
        except Fault as fault:
            raise with_choices(fault, call, cls) from None
        if any(g.value is POISON for g in found):
            raise Poisoned
        return found


def with_choices(fault: Fault, call: s.Call, cls: type[Op] | None) -> Fault:
    """A word that is not known, where an argument takes words: which they are."""
    argument = next((a for a in call.args if a.value.span == fault.span), None)
    field = cls.fields.get(argument.name or "") if cls is not None and argument is not None else None
    if fault.code != "unknown-name" or field is None or fault.help.startswith("write"):
        return fault
    words = words_for(field)
    text = fault.span.text
    fault.help = did_you_mean(text, words) or fault.help
    if not fault.help and 0 < len(words) < 8:
        fault.help = f"`{argument.name}` is one of {', '.join(f'`{w}`' for w in words)}" if argument else ""
    return fault
