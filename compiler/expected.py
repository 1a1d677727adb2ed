"""What the parser could have taken, and what it found, in the words of people who write models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .diagnostics import Diagnostic
from .layout import Token
from .source import Span

AT_MOST = 5  # alternatives in a message

VALUES = frozenset({"NAME", "NUMBER", "STRING", "SIZES", "OPEN", "LPAR", "LSQB", "LBRACE", "MINUS", "NOT"})
OPERATORS = frozenset({"PLUS", "MINUS", "TIMES", "POWER", "COMPARE", "IN", "AND", "OR", "BY"})
RESERVED = frozenset({"AS", "FOR", "IN", "IF", "ELIF", "ELSE", "AND", "OR", "NOT", "LET", "SHARE"})
PARTS = frozenset({"DOT", "_TOUCHING_LPAR", "_TOUCHING_LSQB"})  # `.c`, `(...)` or `[...]` behind a value

WORDS = {
    "IMPORT": "`import`",
    "MODEL": "`model`",
    "BLOCK": "`block`",
    "DEFAULTS": "`defaults:`",
    "TRAIN": "`train:`",
    "LONG_STRING": 'a text in `"""`',
    "NAME": "a name",
    "STRING": "a string",
    "NUMBER": "a number",
    "RPAR": "`)`",
    "RSQB": "`]`",
    "RBRACE": "`}`",
    "LPAR": "`(`",
    "_TOUCHING_LPAR": "`(`",
    "ARROW": "`->`",
    "COLON": "`:`",
    "EQUAL": "`=`",
    "_NL": "the end of the line",
    "COMMA": "`,`",
    "LET": "`let`",
    "AS": "`as`",
    "FROM": "`from`",
    "FOR": "`for`",
    "IN": "`in`",
    "IF": "`if`",
    "ELIF": "`elif`",
    "ELSE": "`else`",
    "SHARE": "`share`",
    "_INDENT": "an indented body",
    "$END": "the end",
}
"""In the order of a message: what most likely was meant stands first."""

NEXT = ("an argument", "a value", "an operator", *WORDS.values())


class Stop(NamedTuple):
    """Where the parser stopped: at `token`, behind the tokens of `line`, with `brackets` open; it wanted others."""

    token: Token
    line: list[Token]
    brackets: list[Token]
    wanted: set[str]

    @property
    def before(self) -> Token:
        """The token before, or the token itself at the start of a statement."""
        return self.line[-1] if self.line else self.token

    @property
    def first(self) -> Token:
        return self.line[0] if self.line else self.token

    @property
    def rest(self) -> str:
        """What follows the token in its line."""
        source, _, end = self.token.span
        stop = source.text.find("\n", end)
        return source.text[end : stop if stop >= 0 else len(source.text)]

    def say(self, message: str, span: Span | None = None, help: str = "", label: str = "") -> Diagnostic:
        return Diagnostic("error", "syntax", message, span or self.token.span, label, help=help)


def expected(terminals: Iterable[str]) -> str:
    """`an argument, `->` or the end of the line`"""
    wanted = set(terminals)
    if wanted >= VALUES:
        wanted -= VALUES
        words = {"an argument" if "ARROW" in wanted else "a value"}
    else:
        words = set()
        if wanted & OPERATORS >= {"PLUS", "TIMES"}:
            wanted -= OPERATORS
            words = {"an operator"}
    words |= {WORDS[kind] for kind in wanted - PARTS if kind in WORDS}
    return alternatives(sorted(words, key=NEXT.index)[:AT_MOST])


def alternatives(words: list[str]) -> str:
    """`a, b or c`"""
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def found(token: Token) -> str:
    """What stands at the place instead."""
    match token.type:
        case "_NL":
            return "the end of the line"
        case "_INDENT":
            return "a line that stands deeper"
        case "_DEDENT" | "MISFIT":
            return "a line that stands less deep"
        case "$END":
            return "the end"
    return quoted(token.text)


def quoted(text: str) -> str:
    """The first line of a text in backticks, cut where it is long."""
    first = text.split("\n", 1)[0]
    return f"`{first[:40]}...`" if len(first) > 40 or first != text else f"`{first}`"
