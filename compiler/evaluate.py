"""Expressions -> values. Pure: no input, no output, bounded integers, bounded lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from . import syntax as s
from .arithmetic import COMPARISONS, arithmetic, bounded, compared, number, whole
from .budget import Budget
from .elsewhere import bound_elsewhere
from .fault import Fault, did_you_mean
from .graph import Port
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
    Instance,
    Poisoned,
    Symbol,
    describe,
    show,
)

CONSTANTS = {"true": True, "false": False, "none": None}
SIZES = {"height": (2, -3), "width": (2, -2), "depth": (3, -4), "length": (1, -2)}
"""Where a size stands in a shape, and the number of spatial dimensions from which it exists."""


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
            s.Member: self.member,
            s.Index: self.index,
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

    def member(self, expr: s.Member, scope: Scope) -> Any:
        value = self(expr.value, scope)
        if value is POISON:
            raise Poisoned
        if isinstance(value, Instance):
            if expr.name in value.names:
                binding = value.names[expr.name]
                binding.read = True
                return binding.value
            if value.value is POISON:
                raise Poisoned
            if not isinstance(value.value, Port) or expr.name not in (*SIZES, "channels", "shape"):
                known = [*value.names, *SIZES, "channels", "shape"]
                raise Fault(
                    "unknown-name",
                    f"it has no inner value `{expr.name}`",
                    expr.span,
                    help=did_you_mean(expr.name, known),
                )
            value = value.value
        if isinstance(value, Port):
            return size_of(value, expr)
        if isinstance(value, dict) and expr.name in value:
            return value[expr.name]
        raise Fault("type", f"{describe(value)} has no `{expr.name}`", expr.span)

    def index(self, expr: s.Index, scope: Scope) -> Any:
        value, index = self(expr.value, scope), self(expr.index, scope)
        if isinstance(value, Instance):
            value = value.value
        if value is POISON or index is POISON:
            raise Poisoned
        index = whole(index)
        if isinstance(value, (dict, Family)):
            return self.keyed(value, index, expr)
        if not isinstance(value, (list, tuple, str)) or isinstance(value, Port):
            raise Fault("type", f"{describe(value)} has no elements", expr.span)
        if isinstance(index, bool) or not isinstance(index, int):
            raise Fault("type", f"an index is a whole number, found {describe(index)}", expr.index.span)
        if not -len(value) <= index < len(value):
            raise Fault("index", f"index {index} is outside: there are {len(value)} elements", expr.index.span)
        return value[index]

    def keyed(self, value: Any, key: Any, expr: s.Index) -> Any:
        items = value if isinstance(value, dict) else value.items
        try:
            return items[key]
        except (KeyError, TypeError):
            if isinstance(value, Family) and value.poisoned:
                raise Poisoned from None
            there = ", ".join(show(k) for k in list(items)[:8])
            family = isinstance(value, Family)
            if family:
                there = ", ".join(f"`{value.name}[{k}]`" for k in list(items)[:8])
            what = f"`{value.name}[{show(key)}]` is not bound" if family else f"there is no key {show(key)}"
            raise Fault("index", what, expr.index.span, help=f"there are {there}" if there else "") from None

    def slice(self, expr: s.Slice, scope: Scope) -> Any:
        value = self(expr.value, scope)
        if isinstance(value, Family):
            value = list(value)
        if not isinstance(value, (list, tuple, str)):
            raise Fault("type", f"{describe(value)} has no elements", expr.span)
        low, high = (None if e is None else whole(self(e, scope)) for e in (expr.low, expr.high))
        if not all(n is None or (isinstance(n, int) and not isinstance(n, bool)) for n in (low, high)):
            raise Fault("type", "the ends of a slice are whole numbers", expr.span)
        return self.budget.made(value[low:high], expr.span)

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


def size_of(value: Port, expr: s.Member) -> Any:
    """`value.channels`, `.height`, `.width`, `.depth`, `.length`, `.shape`"""
    shape = value.shape
    if expr.name == "shape":
        return tuple(shape)
    if expr.name == "channels":
        size = shape.channels
    elif expr.name in SIZES:
        rank, position = SIZES[expr.name]
        if shape.rank < rank or (expr.name == "length" and shape.rank != 1):
            raise Fault("type", f"{describe(value)} has no {expr.name}", expr.span)
        size = shape[position]
    else:
        known = [*SIZES, "channels", "shape"]
        raise Fault(
            "unknown-name", f"a value has no `{expr.name}`", expr.span,
            help=did_you_mean(expr.name, known) or f"it has {', '.join(known)}",
        )  # fmt: skip
    if size is None:
        raise Fault("open-size", f"its {expr.name} is not known while compiling: the shape is {shape}", expr.span)
    return size
