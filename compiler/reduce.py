"""What each rule of grammar/cnn.lark becomes: a method per rule or alias, in its order, making the nodes of syntax.py.

A method takes the children lark kept: tokens of named words, nodes, and None for what was left out. A node's place runs
from its first child to its last, so brackets are kept where they begin or end one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import isinf
from typing import Any, NamedTuple

from . import syntax as s
from .diagnostics import CompileError, Diagnostic
from .layout import Token, limit, unindented
from .limits import DIGITS
from .nesting import bounded
from .source import Source, Span

Children = list[Any]


class Params(NamedTuple):
    """`(a, b=1)` behind the name of a model, block or function."""

    items: tuple[s.Param, ...]
    span: Span


class Reductions:
    """The methods; `expression(source, start, end)` reads the part of a text between the braces of a label."""

    def __init__(self, expression: Callable[[Source, int, int], s.Expr]) -> None:
        self._expression = expression

    # --- a file

    def module(self, c: Children) -> tuple[s.Item, ...]:
        return tuple(c)

    def doc(self, c: Children) -> s.Doc:
        (text,) = c
        return s.Doc(unindented(text.text[3:-3]), text.span)

    def import_(self, c: Children) -> s.Import:
        word, *names, path = c
        return s.Import(tuple(names), path, _between(word, path))

    def imported(self, c: Children) -> s.Imported:
        name, alias = c
        return s.Imported(name.text, alias and alias.text, _between(name, alias or name))

    def model(self, c: Children) -> s.Model:
        word, name, params, body = c
        return s.Model(name.text, params.items if params else (), body, _between(word, params or name))

    def variant(self, c: Children) -> s.Variant:
        word, name, params, call, *body = c
        return s.Variant(name.text, params.items if params else (), call, body[0] if body else (), _between(word, call))

    def block(self, c: Children) -> s.Block:
        word, name, params, body = c
        return s.Block(name.text, params.items if params else (), body, _between(word, params or name))

    def defaults(self, c: Children) -> s.Defaults:
        word, body = c
        return s.Defaults(body, word.span)

    def train(self, c: Children) -> s.Train:
        word, name, model, body = c
        span = _between(word, model or name or word)
        return s.Train(name and name.text, model and model.text, body, span)

    def params(self, c: Children) -> Params:
        *items, bracket = c
        return Params(tuple(p for p in items if p), bracket.span)

    def param(self, c: Children) -> s.Param:
        name, default = c
        return s.Param(name.text, default and bounded(default), _between(name, default or name))

    # --- statements

    def body(self, c: Children) -> tuple[s.Statement, ...]:
        return tuple(c)

    def let(self, c: Children) -> s.Let:
        word, pattern, value = c
        return s.Let(pattern, bounded(value), _between(word, value))

    def let_function(self, c: Children) -> s.LetFunction:
        word, name, params, value = c
        return s.LetFunction(name.text, params.items, bounded(value), _between(word, value))

    def flow(self, c: Children) -> s.Flow:
        chain, *body = c
        return s.Flow(chain, body[0] if body else None, chain.span)

    def side(self, c: Children) -> s.Side:
        targets, chain, *body = c
        return s.Side(targets, chain, body[0] if body else None, _between(targets[0], chain))

    def targets(self, c: Children) -> tuple[s.Expr, ...]:
        return tuple(map(bounded, c))

    def share(self, c: Children) -> s.Share:
        word, name, chain = c
        return s.Share(name.text, chain, _between(word, chain))

    def here(self, c: Children) -> s.Here:
        word, label = c
        return s.Here(label, _between(word, label))

    def loop(self, c: Children) -> s.Loop:
        word, pattern, sequence, body = c
        return s.Loop(pattern, bounded(sequence), body, _between(word, sequence))

    def cond(self, c: Children) -> s.Cond:
        word, *cases, otherwise = c
        conditions = map(bounded, cases[::2])
        return s.Cond(tuple(zip(conditions, cases[1::2], strict=True)), otherwise, _between(word, cases[0]))

    def pattern(self, c: Children) -> s.Pattern:
        return c[0] if len(c) == 1 else s.Pattern(None, tuple(c), _between(c[0], c[-1]))

    def name_pattern(self, c: Children) -> s.Pattern:
        (name,) = c
        return s.Pattern(name.text, (), name.span)

    def nested_pattern(self, c: Children) -> s.Pattern:
        opened, inner, closed = c
        return s.Pattern(inner.name, inner.parts, _between(opened, closed))

    # --- chains

    def chain(self, c: Children) -> s.Chain:
        return s.Chain(tuple(c), _between(c[0], c[-1]))

    def call(self, c: Children) -> s.Call:
        head, args, label = c
        return s.Call(bounded(head), args or (), label, _between(head, label or (args[-1] if args else head)))

    def group(self, c: Children) -> s.Group:
        opened, *items, closed, label = c
        return s.Group(tuple(map(bounded, items)), label, _between(opened, label or closed))

    def args(self, c: Children) -> tuple[s.Arg, ...]:
        return tuple(c)

    def arg(self, c: Children) -> s.Arg:
        name, value = c
        return s.Arg(name and name.text, bounded(value), _between(name or value, value))

    def label(self, c: Children) -> s.Label:
        (what,) = c
        if isinstance(what, Token):
            return s.Label(None, tuple(self._parts(what.span)), what.span)
        return s.Label(bounded(what), (), what.span)

    def _parts(self, span: Span) -> list[str | s.Expr]:
        """`"layer{stage}.{i}"` -> `layer`, the expression `stage`, `.`, the expression `i`."""
        source, at, end = span.source, span.start + 1, span.end - 1
        parts: list[str | s.Expr] = []
        while at < end:
            opened = source.text.find("{", at, end)
            plain = source.text[at : opened if opened >= 0 else end]
            if "}" in plain:
                brace = at + plain.index("}")
                raise _error("`}` closes nothing in this label", Span(source, brace, brace + 1))
            if plain:
                parts.append(plain)
            if opened < 0:
                break
            closed = source.text.find("}", opened, end)
            if closed < 0:
                raise _error("`{` is never closed in this label", Span(source, opened, opened + 1))
            parts.append(bounded(self._expression(source, opened + 1, closed)))
            at = closed + 1
        return parts

    # --- expressions

    def if_else(self, c: Children) -> s.IfElse:
        then, condition, otherwise = c
        return s.IfElse(condition, then, otherwise, _between(then, otherwise))

    def binary(self, c: Children) -> s.Binary:
        return s.Binary(tuple(sign.text for sign in c[1::2]), tuple(c[::2]), _between(c[0], c[-1]))

    either = both = comparison = sum = product = power = binary

    def unary(self, c: Children) -> s.Unary:
        sign, operand = c
        return s.Unary(sign.text, operand, _between(sign, operand))

    def by(self, c: Children) -> s.By | s.Sizes:
        """`3 x 3` is `3x3`."""
        span = _between(c[0], c[-1])
        if all(isinstance(item, s.Open) or _is_size(item) for item in c):
            return s.Sizes(tuple(getattr(item, "value", None) for item in c), span)
        return s.By(tuple(c), span)

    def parenthesis(self, c: Children) -> s.Expr:
        """No node of its own, but the brackets belong to the place."""
        opened, inner, closed = c
        widened: s.Expr = replace(inner, span=_between(opened, closed))
        return widened

    def number(self, c: Children) -> s.Number:
        (token,) = c
        return s.Number(_value(token), token.span)

    def quantity(self, c: Children) -> s.Quantity:
        number, unit = c
        return s.Quantity(_value(number), unit.text, _between(number, unit))

    def text(self, c: Children) -> s.Text:
        (token,) = c
        return s.Text(token.text[1:-1], token.span)

    def sizes(self, c: Children) -> s.Sizes:
        (token,) = c
        sizes = token.text.split("x")
        if max(map(len, sizes)) > DIGITS:
            raise limit(f"a size of more than {DIGITS} digits", token.span)
        return s.Sizes(tuple(None if size == "?" else int(size) for size in sizes), token.span)

    def open(self, c: Children) -> s.Open:
        return s.Open(c[0].span)

    def name(self, c: Children) -> s.Name:
        (token,) = c
        return s.Name(token.text, token.span)

    def tuple_(self, c: Children) -> s.Tuple:
        return s.Tuple(_within(c), _between(c[0], c[-1]))

    def list_(self, c: Children) -> s.List:
        return s.List(_within(c), _between(c[0], c[-1]))

    def map_(self, c: Children) -> s.Map:
        return s.Map(_within(c), _between(c[0], c[-1]))

    def pair(self, c: Children) -> tuple[s.Expr, s.Expr]:
        key, value = c
        return key, value

    def each(self, c: Children) -> s.Each:
        opened, value, pattern, sequence, condition, closed = c
        return s.Each(value, pattern, sequence, condition, _between(opened, closed))

    def apply(self, c: Children) -> s.Apply:
        function, *args, closed = c
        return s.Apply(function, tuple(arg for arg in args if arg), _between(function, closed))

    def member(self, c: Children) -> s.Member:
        value, name = c
        return s.Member(value, name.text, _between(value, name))

    def index(self, c: Children) -> s.Index:
        value, index, closed = c
        return s.Index(value, index, _between(value, closed))

    def slice(self, c: Children) -> s.Slice:
        value, low, high, closed = c
        return s.Slice(value, low, high, _between(value, closed))


def _between(first: Any, last: Any) -> Span:
    """From the start of one token or node to the end of another."""
    source, start, _ = first.span
    return Span(source, start, last.span[2])


def _within(c: Children) -> tuple[Any, ...]:
    """What stands between two brackets."""
    return tuple(item for item in c[1:-1] if item is not None)


def _value(token: Token) -> int | float:
    """`25_636_712`, `0.1`, `1e-4`: whole unless written with a point or an exponent."""
    text = token.text
    if len(text) > DIGITS and sum(map(str.isdigit, text)) > DIGITS:
        raise limit(f"a number of more than {DIGITS} digits", token.span)
    if text.replace("_", "").isdigit():
        return int(text)
    if isinf(value := float(text)):
        raise limit(f"`{text}` is more than a number can hold", token.span)
    return value


def _is_size(item: s.Expr) -> bool:
    return isinstance(item, s.Number) and isinstance(item.value, int)


def _error(message: str, span: Span) -> CompileError:
    return CompileError([Diagnostic("error", "syntax", message, span)])
