"""A value given from outside, as `-p classes=10` is: an expression without names of a file."""

from __future__ import annotations

from typing import Any

from .budget import Budget
from .diagnostics import CompileError, Diagnostic
from .evaluate import Evaluator
from .fault import Fault
from .parse import parse_expression
from .scope import FileScope, Scope
from .source import Source, Span
from .words import WORDS


def constant(text: str, shown: str) -> Any:
    """The value of an expression of the language; a CompileError shows the place in the text as it was given."""
    source = Source("the command line", shown)
    start = len(shown) - len(text)
    try:
        expr = parse_expression(source, start, len(shown))
        return Evaluator(Budget(), WORDS)(expr, Scope(FileScope("the command line")))
    except Fault as fault:
        span = fault.span if isinstance(fault.span, Span) else Span(source, start, len(shown))
        raise CompileError([Diagnostic("error", fault.code, fault.message, span, help=fault.help)]) from None
