"""Expressions -> values. Pure: no input, no output, bounded integers, bounded lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from . import syntax as s
from .arithmetic import COMPARISONS, arithmetic, bounded, compared, number, whole
from .budget import Budget
from .elements import element, member, sliced
from .elsewhere import bound_elsewhere
from .fault import Fault, did_you_mean
from .habits import NAMES
from .library import FUNCTIONS, Misused
from .ops.base import INITIALIZERS, OPERATORS
from .parameters import bind_parameters
from .scope import Scope
from .source import Span
from .values import (
    POISON,
    Amount,
    Builtin,
    Definition,
    Family,
    Function,
    Given,
    Poisoned,
    Symbol,
    describe,
    show,
)

CONSTANTS = {"true": True, "false": False, "none": None}

Made = TypeVar("Made", list[Any], tuple[Any, ...])


class Evaluator:
    """Evaluates expressions of one compilation; `words` are the choices known to operators and recipes."""

    def __init__(self, budget: Budget, words: frozenset[str]) -> None:
        self.budget = budget
        self.words = words
        self.rules: dict[type, Callable[[Any, Scope], Any]] = {
            s.Number: lambda e, _: e.value,
            s.Text: lambda e, _: e.value,
            s.Quantity: lambda e, _: Amount(e.value, e.unit),
            s.Sizes: lambda e, _: e.sizes,
            s.Open: lambda e, _: None,
            s.Name: self.name,
            s.Tuple: lambda e, scope: self.made(tuple([self(item, scope) for item in e.items]), e.span),
            s.List: lambda e, scope: self.made([self(item, scope) for item in e.items], e.span),
            s.By: self.by,
            s.Map: self.map,
            s.Each: self.each,
            s.Apply: self.apply,
            s.Member: lambda e, scope: member(self(e.value, scope), e),
            s.Index: lambda e, scope: element(self(e.value, scope), self(e.index, scope), e),
            s.Slice: self.slice,
            s.Unary: self.unary,
            s.Binary: self.binary,
            s.IfElse: lambda e, scope: self(e.then if self.truth(e.condition, scope) else e.otherwise, scope),
        }

    def __call__(self, expr: s.Expr, scope: Scope) -> Any:
        """The value of an expression; Fault where it has none, Poisoned where it rests on something refused."""
        return self.rules[type(expr)](expr, scope)

    # --- names --------------------------------------------------------------------------------------------------------

    def name(self, expr: s.Name, scope: Scope) -> Any:
        """Local, file `let`, block or model, layer, function or known word, in this order."""
        name = expr.id
        binding = scope.find(name)
        if binding is not None:
            binding.read = True
            return binding.value
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name in scope.file.definitions:
            return scope.file.definitions[name]
        if name in FUNCTIONS:
            return Builtin(name, FUNCTIONS[name])
        if name != "input" and (name in OPERATORS or name in INITIALIZERS or name in self.words):
            return Symbol(name)
        raise self.unknown(name, scope, expr.span)

    def unknown(self, name: str, scope: Scope, span: Span) -> Fault:
        """A name that nothing is known by; says so where it is bound somewhere else."""
        elsewhere = bound_elsewhere(name, scope.skipped, scope.whole.body, span)
        if elsewhere is not None:
            return elsewhere
        if name == "input":
            return Fault("no-current-value", "there is no `input` here", span, help="declare it: `input 224x224x3`")
        known = [*scope.visible(), *CONSTANTS, *FUNCTIONS, *OPERATORS, *INITIALIZERS]
        return Fault("unknown-name", f"nothing is called `{name}`", span,
                     help=NAMES.get(name) or did_you_mean(name, known))  # fmt: skip

    # --- composite values ---------------------------------------------------------------------------------------------

    def made(self, value: Made, span: Span) -> Made:
        """A list or tuple that was just made; POISON in it spoils it whole."""
        if POISON in value:
            raise Poisoned
        return self.budget.made(value, span)

    def by(self, expr: s.By, scope: Scope) -> tuple[Any, ...]:
        sizes: list[Any] = []
        for item in expr.items:
            value = whole(self(item, scope))
            if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
                raise Fault("type", f"a size is a whole number, found {describe(value)}", item.span)
            sizes.append(value)
        return tuple(sizes)

    def map(self, expr: s.Map, scope: Scope) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for written, value in expr.pairs:
            key = written.id if isinstance(written, s.Name) else self(written, scope)
            if key in found:
                raise Fault("rebound", f"the key {show(key)} stands twice", written.span)
            found[key] = self(value, scope)
        if POISON in found.values():
            raise Poisoned
        return self.budget.made(found, expr.span)

    def each(self, expr: s.Each, scope: Scope) -> list[Any]:
        found = []
        for item in self.sequence(expr.sequence, scope):
            self.budget.turn(expr.span)
            inner = scope.inner()
            self.bind_pattern(expr.pattern, item, inner)
            if expr.condition is None or self.truth(expr.condition, inner):
                found.append(self(expr.value, inner))
        return self.made(found, expr.span)

    def sequence(self, expr: s.Expr, scope: Scope) -> list[Any]:
        """What a loop runs over."""
        value = self(expr, scope)
        if value is POISON:
            raise Poisoned
        if not isinstance(value, (list, tuple, Family)):
            hint = f"`range({show(value)})`" if isinstance(value, int) else ""
            raise Fault("type", f"a loop runs over a list, found {describe(value)}", expr.span, help=hint)
        return list(value)

    def bind_pattern(self, pattern: s.Pattern, value: Any, scope: Scope, kind: str = "loop") -> None:
        """Bind `a`, or take `a, (b, c)` apart."""
        if pattern.name is not None:
            scope.bind(pattern.name, value, pattern.span, kind)
            return
        if value is POISON:
            raise Poisoned
        if not isinstance(value, (list, tuple)):
            raise Fault("type", f"{len(pattern.parts)} names cannot take {describe(value)} apart", pattern.span)
        if len(value) != len(pattern.parts):
            raise Fault("type", f"{len(pattern.parts)} names for {len(value)} values: `{show(value)}`", pattern.span)
        for part, item in zip(pattern.parts, value):
            self.bind_pattern(part, item, scope, kind)

    # --- calls and parts ----------------------------------------------------------------------------------------------

    def apply(self, expr: s.Apply, scope: Scope) -> Any:
        function = self(expr.function, scope)
        given = [Given(a.name, self(a.value, scope), a.span) for a in expr.args]
        if function is POISON or any(g.value is POISON for g in given):
            raise Poisoned
        args = tuple(g.value for g in given if g.name is None)
        named = tuple((g.name, g.value) for g in given if g.name is not None)
        match function:
            case Builtin():
                return self.call_builtin(function, args, named, expr.span)
            case Function():
                return self.call_function(function, given, expr.span)
            case Symbol():
                word = Symbol(function.word, function.args + args, function.named + named)
                return self.budget.made(word, expr.span)
            case Definition():
                passed = Definition(function.written, function.home, function.args + args, function.named + named)
                return self.budget.made(passed, expr.span)
        raise Fault("type", f"{describe(function)} cannot be called", expr.function.span)

    def call_builtin(self, function: Builtin, args: tuple[Any, ...], named: Any, span: Span) -> Any:
        if named:
            raise Fault("type", f"`{function.name}` takes no named arguments", span)
        self.budget.looked_through(span, *args)
        try:
            value = function.function(*args)
        except Misused as wrong:
            raise Fault(wrong.code, str(wrong), span) from None
        except (TypeError, ValueError, OverflowError):
            raise Fault(
                "type", f"`{function.name}` cannot take {', '.join(map(describe, args)) or 'nothing'}", span
            ) from None
        return self.budget.made(bounded(value, span), span)

    def call_function(self, function: Function, given: list[Given], span: Span) -> Any:
        written = function.written
        inner = function.scope.inner()
        self.budget.enter(span)
        try:
            bind_parameters(written.params, given, inner, span, f"`{written.name}`", self)
            return self(written.value, inner)
        finally:
            self.budget.leave()

    def slice(self, expr: s.Slice, scope: Scope) -> Any:
        value = self(expr.value, scope)
        low, high = (None if e is None else self(e, scope) for e in (expr.low, expr.high))
        return self.budget.made(sliced(value, low, high, expr), expr.span)

    # --- arithmetic ---------------------------------------------------------------------------------------------------

    def truth(self, expr: s.Expr, scope: Scope) -> bool:
        """A condition: a boolean, nothing else stands for one."""
        value = self(expr, scope)
        if value is POISON:
            raise Poisoned
        if not isinstance(value, bool):
            raise Fault("type", f"a condition is true or false, found {describe(value)}", expr.span)
        return value

    def unary(self, expr: s.Unary, scope: Scope) -> Any:
        if expr.operator == "not":
            return not self.truth(expr.operand, scope)
        return -number(self(expr.operand, scope), expr.operand)

    def binary(self, expr: s.Binary, scope: Scope) -> Any:
        operator = expr.operators[0]
        if operator == "and":
            return all(self.truth(e, scope) for e in expr.operands)
        if operator == "or":
            return any(self.truth(e, scope) for e in expr.operands)
        if operator in COMPARISONS:
            return self.compare(expr, scope)
        result = self(expr.operands[0], scope)
        for operator, operand in zip(expr.operators, expr.operands[1:]):
            result = arithmetic(operator, result, self(operand, scope), expr.span)
        return result if isinstance(result, (int, float)) else self.budget.made(result, expr.span)

    def compare(self, expr: s.Binary, scope: Scope) -> bool:
        left = self(expr.operands[0], scope)
        for operator, operand in zip(expr.operators, expr.operands[1:]):
            right = self(operand, scope)
            self.budget.looked_through(expr.span, left, right)
            if not compared(operator, left, right, expr.span):
                return False
            left = right
        return True
