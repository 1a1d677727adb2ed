"""Expressions -> values. Pure: no input, no output, bounded integers, bounded lists."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from . import syntax as s
from .budget import Budget, exceeded
from .fault import Fault, did_you_mean
from .graph import Port
from .habits import NAMES
from .library import FUNCTIONS, Misused
from .limits import CHARACTERS, INTEGER, ITEMS
from .ops.base import INITIALIZERS, OPERATORS
from .scope import Scope
from .source import Span
from .values import (
    POISON,
    Amount,
    Builtin,
    Definition,
    Family,
    Function,
    Instance,
    Poisoned,
    Several,
    Shared,
    Symbol,
    describe,
    show,
)

CONSTANTS = {"true": True, "false": False, "none": None}
SIZES = {"height": (2, -3), "width": (2, -2), "depth": (3, -4), "length": (1, -2)}
"""Where a size stands in a shape, and the number of spatial dimensions from which it exists."""


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
            s.Tuple: lambda e, scope: tuple(self(item, scope) for item in e.items),
            s.List: lambda e, scope: [self(item, scope) for item in e.items],
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
        """A name that nothing is known by; says so where a condition kept it from being bound."""
        for condition, names in skipped_names(scope):
            if name in names:
                line = condition.line
                return Fault(
                    "not-defined", f"`{name}` is not defined: the condition in line {line} is false here", span
                )
        if name == "input":
            return Fault("no-current-value", "there is no `input` here", span, help="declare it: `input 224x224x3`")
        known = [*scope.visible(), *CONSTANTS, *FUNCTIONS, *OPERATORS, *INITIALIZERS, *self.words]
        help = NAMES.get(name) or did_you_mean(name, known)
        return Fault("unknown-name", f"nothing is called `{name}`", span, help=help)

    # --- composite values ---------------------------------------------------------------------------------------------

    def by(self, expr: s.By, scope: Scope) -> tuple[Any, ...]:
        sizes: list[Any] = []
        for item in expr.items:
            value = whole(self(item, scope))
            if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
                raise Fault("type", f"a size is a whole number, found {describe(value)}", item.span)
            sizes.append(value)
        return tuple(sizes)

    def map(self, expr: s.Map, scope: Scope) -> dict[Any, Any]:
        return {
            key.id if isinstance(key, s.Name) else self(key, scope): self(value, scope) for key, value in expr.pairs
        }

    def each(self, expr: s.Each, scope: Scope) -> list[Any]:
        found = []
        for item in self.sequence(expr.sequence, scope):
            self.budget.turn(expr.span)
            inner = scope.inner()
            self.bind_pattern(expr.pattern, item, inner)
            if expr.condition is None or self.truth(expr.condition, inner):
                found.append(self(expr.value, inner))
        return found

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
        args = tuple(self(a.value, scope) for a in expr.args if a.name is None)
        named = tuple((a.name, self(a.value, scope)) for a in expr.args if a.name is not None)
        if POISON in args or any(v is POISON for _, v in named):
            raise Poisoned
        match function:
            case Builtin():
                return self.call_builtin(function, args, named, expr.span)
            case Function():
                return self.call_function(function, args, dict(named), expr.span)
            case Symbol():
                return Symbol(function.word, function.args + args, function.named + named)
            case Definition():
                return Definition(function.written, function.home, function.args + args, function.named + named)
        raise Fault("type", f"{describe(function)} cannot be called", expr.function.span)

    def call_builtin(self, function: Builtin, args: tuple[Any, ...], named: Any, span: Span) -> Any:
        if named:
            raise Fault("type", f"`{function.name}` takes no named arguments", span)
        try:
            value = function.function(*args)
        except Misused as wrong:
            raise Fault("type", str(wrong), span) from None
        except (TypeError, ValueError, OverflowError):
            raise Fault(
                "type", f"`{function.name}` cannot take {', '.join(map(describe, args)) or 'nothing'}", span
            ) from None
        if isinstance(value, list):
            self.budget.turn(span, len(value) // 16)
        return bounded(value, span)

    def call_function(self, function: Function, args: tuple[Any, ...], named: dict[str, Any], span: Span) -> Any:
        written = function.written
        inner = function.scope.inner()
        self.budget.enter(span)
        try:
            bind_parameters(written.params, args, named, inner, span, f"`{written.name}`", self)
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
        if value is POISON or index is POISON:
            raise Poisoned
        if isinstance(value, Instance):
            value = value.value
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
            what = f"`{value.name}[{show(key)}]` is not bound" if isinstance(value, Family) else f"no key {show(key)}"
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
        return value[low:high]

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
        return result

    def compare(self, expr: s.Binary, scope: Scope) -> bool:
        left = self(expr.operands[0], scope)
        for operator, operand in zip(expr.operators, expr.operands[1:]):
            right = self(operand, scope)
            if not compared(operator, left, right, expr.span):
                return False
            left = right
        return True


def bind_parameters(
    params: tuple[s.Param, ...],
    args: tuple[Any, ...],
    named: dict[str, Any],
    scope: Scope,
    span: Span,
    what: str,
    evaluate: Evaluator,
) -> None:
    """Bind what was given and the defaults of the rest, in order, so that a default may use earlier parameters."""
    if len(args) > len(params):
        takes = f"{len(params)} argument{'s' * (len(params) != 1)}"
        raise Fault("too-many-arguments", f"{what} takes {takes}, {len(args)} are given", span)
    names = [p.name for p in params]
    for name in named:
        if name not in names:
            hint = did_you_mean(name, names) or (f"it has {', '.join(f'`{n}`' for n in names)}" if names else "")
            raise Fault("unknown-argument", f"{what} has no parameter `{name}`", span, help=hint)
    for position, param in enumerate(params):
        if position < len(args):
            if param.name in named:
                raise Fault("too-many-arguments", f"`{param.name}` of {what} is given twice", span)
            value = args[position]
        elif param.name in named:
            value = named[param.name]
        elif param.default is not None:
            value = evaluate(param.default, scope)
        else:
            raise Fault("missing-argument", f"{what} needs `{param.name}`", span, help=f"give `{param.name}=...`")
        scope.bind(param.name, value, param.span, "parameter")


def whole(value: Any) -> Any:
    """A float without a fraction as the integer it is."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) <= INTEGER else value


def number(value: Any, expr: s.Expr) -> Any:
    if value is POISON:
        raise Poisoned
    if isinstance(value, Amount):
        raise Fault("type", f"`{value}` has a unit, a plain number is wanted", expr.span)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Fault("type", f"a number is wanted, found {describe(value)}", expr.span)
    return value


def bounded(value: Any, span: Span) -> Any:
    """The value, if it stays within the limits of numbers, strings and lists."""
    if isinstance(value, int) and abs(value) > INTEGER:
        raise Fault("limit", f"a number beyond {INTEGER:,}", span)
    if isinstance(value, float) and not math.isfinite(value):
        raise Fault("limit", "a number too large to compute", span)
    if isinstance(value, str) and len(value) > CHARACTERS:
        raise Fault("limit", f"a string of more than {CHARACTERS:,} characters", span)
    if isinstance(value, (list, tuple)) and len(value) > ITEMS:
        raise exceeded(f"a list of more than {ITEMS:,} elements", span)
    return value


def power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int) and right > 0 and abs(left) > 1:
        if right * math.log2(abs(left)) > 64:
            raise OverflowError
        return left**right
    if left < 0 and not float(right).is_integer():
        raise ValueError
    return left**right


ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": power,
}
COMPARISONS = ("==", "!=", "<", ">", "<=", ">=", "in")


def arithmetic(operator: str, left: Any, right: Any, span: Span) -> Any:
    """One operation on numbers; `+` also joins strings and lists."""
    if left is POISON or right is POISON:
        raise Poisoned
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (left, right))
    joins = operator == "+" and type(left) is type(right) and isinstance(left, (str, list, tuple))
    if not numbers and not joins:
        raise Fault("type", f"`{operator}` between {describe(left)} and {describe(right)}", span)
    try:
        return bounded(ARITHMETIC[operator](left, right), span)
    except ZeroDivisionError:
        raise Fault("type", f"division by zero: `{show(left)} {operator} {show(right)}`", span) from None
    except OverflowError:
        raise Fault("limit", f"`{show(left)} {operator} {show(right)}` is too large to compute", span) from None
    except ValueError:
        raise Fault("type", f"`{show(left)} {operator} {show(right)}` is no real number", span) from None


def compared(operator: str, left: Any, right: Any, span: Span) -> bool:
    if left is POISON or right is POISON:
        raise Poisoned
    if operator in ("==", "!="):
        return bool(left == right) is (operator == "==")
    if operator == "in":
        if not isinstance(right, (list, tuple, dict, str)) or (isinstance(right, str) and not isinstance(left, str)):
            raise Fault("type", f"`in` looks into a list, found {describe(right)}", span)
        return left in right
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (left, right))
    if not numbers and not (isinstance(left, str) and isinstance(right, str)):
        raise Fault("type", f"`{operator}` between {describe(left)} and {describe(right)}", span)
    return bool({"<": left < right, ">": left > right, "<=": left <= right, ">=": left >= right}[operator])


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


def skipped_names(scope: Scope) -> list[tuple[Span, set[str]]]:
    """Names that conditions not taken would have bound."""
    found = []
    for span, body in scope.skipped:
        names: set[str] = set()
        collect_names(body, names)
        found.append((span, names))
    return found


def collect_names(body: Any, names: set[str]) -> None:
    for statement in body:
        if isinstance(statement, s.Side):
            names.update(root(t) for t in statement.targets)
        elif isinstance(statement, (s.Share, s.LetFunction)):
            names.add(statement.name)
        elif isinstance(statement, s.Let) and statement.pattern.name:
            names.add(statement.pattern.name)
        labels = [step.label for step in statement.chain.steps] if hasattr(statement, "chain") else []
        labels += [statement.label] if isinstance(statement, s.Here) else []
        names.update(root(label.target) for label in labels if label is not None and label.target is not None)


def root(target: s.Expr) -> str:
    """The name at the root of `e[i][j]` or `a.b`."""
    while isinstance(target, (s.Index, s.Member)):
        target = target.value
    return target.id if isinstance(target, s.Name) else ""


__all__ = ["Evaluator", "Instance", "Several", "Shared", "bind_parameters", "root", "whole"]
