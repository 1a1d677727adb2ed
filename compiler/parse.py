"""Text -> Module: lark's LALR(1) tables, fed with the tokens of layout.py, make the nodes of syntax.py (reduce.py)."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import takewhile
from typing import Any

from lark.exceptions import UnexpectedToken

from . import syntax as s
from .diagnostics import CompileError
from .layout import Layout, Token, limit
from .limits import LINE, STACK, TEXT
from .reduce import Reductions
from .source import Source, Span
from .tables import Parser, Run, load

_LONG_LINE = re.compile(rf"[^\n]{{{LINE + 1}}}")


def parse(source: Source) -> s.Module:
    """A file as it was written; raises CompileError with every independent error of its syntax."""
    _check_size(source)
    with collector_paused():
        layout, run = begin(source)
        try:
            items = _feed(run, layout.tokens(), layout.at_end())
        except CompileError as refused:
            if refused.diagnostics[0].code == "limit":
                raise
            raise _all_errors(source) from None
        except UnexpectedToken:
            raise _all_errors(source) from None
    return s.Module(items, source, tuple(layout.comments))


def parse_expression(source: Source, start: int = 0, end: int | None = None) -> s.Expr:
    """The expression that stands in a stretch of a text, all of it unless told otherwise."""
    layout, run = begin(source, "expr", start, end)
    try:
        words = takewhile(lambda token: token.type != "_NL", layout.line())
        expression: s.Expr = _feed(run, words, layout.at_end())
        return expression
    except UnexpectedToken as found:
        from .recover import refusal

        raise CompileError([refusal(run, found.token, [], layout.brackets)]) from None


def begin(source: Source, rule: str = "module", start: int | None = None, end: int | None = None) -> tuple[Layout, Run]:
    """A text laid out, and a parser waiting for its tokens."""
    if start is None:
        start = int(source.text.startswith("\ufeff"))
    parser = _parser()
    run = parser.begin(rule)
    end = len(source.text) if end is None else end
    return Layout(parser.words, source, run.takes, start, end), run


@lru_cache(maxsize=1)
def _parser() -> Parser:
    return load(Reductions(parse_expression))


def _feed(run: Run, tokens: Iterator[Token], end: Token) -> Any:
    feed, stack = run.feed, run.stack
    for token in tokens:
        feed(token)
        if len(stack) > STACK:
            raise limit("this is nested too deeply", token.span)
    return feed(end)


def _all_errors(source: Source) -> CompileError:
    from .recover import errors  # most texts need it not

    return CompileError(errors(source))


def _check_size(source: Source) -> None:
    if len(source.text) > TEXT:
        raise limit(f"{len(source.text):,} characters, the limit is {TEXT:,}", Span(source, 0, 0))
    if found := _LONG_LINE.search(source.text):
        raise limit(f"a line of more than {LINE:,} characters", Span(source, found.start(), found.start() + 1))


@contextmanager
def collector_paused() -> Iterator[None]:
    """Without the cyclic collector, which walks the growing tree over and over: the cost is then linear."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
