"""A text that does not parse -> every independent error in it.

The parser runs again, and remembers its stack at the start of each statement. After an error it goes back there, takes
a stand-in for the statement, and reads on behind it and its body; where only a colon or a body is missing, it reads on
as if that stood there. What was parsed is thrown away, so that the stand-ins need mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from lark.exceptions import UnexpectedToken

from .diagnostics import CompileError, Diagnostic
from .expected import Stop, expected, found
from .layout import Token, limit
from .limits import STACK
from .parse import begin
from .slips import slip
from .source import Source, Span
from .tables import Run

MOST = 20  # errors told of one text
EDGES = frozenset({"_NL", "_INDENT", "_DEDENT"})

_MARGIN = re.compile(r"[ \t]*(elif\b|else\b|[^\s#])?")


def errors(source: Source) -> list[Diagnostic]:
    """In the order of the text, at most MOST."""
    recovery = _Recovery(source)
    while len(recovery.found) < MOST and recovery.advance():
        pass
    return sorted(recovery.found, key=lambda d: d.span.start)[:MOST]


def refusal(run: Run, token: Token, line: list[Token], brackets: list[Token]) -> Diagnostic:
    """Why the parser cannot take `token` behind the tokens of `line`."""
    stop = Stop(token, line, brackets, run.expected())
    said = slip(stop)
    if said is not None:
        return said
    message = f"expected {expected(stop.wanted)}, found {found(token)}"
    return Diagnostic("error", "syntax", message, token.span)


class _Start(NamedTuple):
    """The bodies that were open where a statement began, and the stacks of the parser."""

    indents: list[int]
    stack: list[int]
    values: list[object]


class _Recovery:
    """One run over a text: `line` are the tokens of the statement so far, `above` those of the one before."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.layout, self.run = begin(source)
        self.found: list[Diagnostic] = []
        self.line: list[Token] = []
        self.above: list[Token] = []
        self.start = self._here()
        self.tabs = False
        self.misfit = -1  # the margin last told of

    def advance(self) -> bool:
        """Reads up to the next error for which a statement is dropped; whether anything is left behind it."""
        token = end = self.layout.at_end()
        try:
            for token in chain(self.layout.tokens(), [end]):
                self._offer(token)
                if len(self.found) == MOST:
                    return False
        except UnexpectedToken:
            self.found.append(refusal(self.run, token, self.line, self.layout.brackets))
            return self._drop(token)
        except CompileError as refused:
            self.found += refused.diagnostics
            return refused.diagnostics[0].code != "limit" and self._drop(token)
        return False

    def _offer(self, token: Token) -> None:
        """The parser takes the token, if need be after a repair."""
        if token.type in ("TAB", "MISFIT"):
            self._pass_over(token)
            return
        try:
            self._take(token)
        except UnexpectedToken:
            if not self._repaired(token):
                raise
            self._take(self.layout.in_state(token))

    def _take(self, token: Token) -> None:
        if token.type not in EDGES and (not self.line or self.line[-1].type in EDGES):
            self.start, self.line, self.above = self._here(), [], self.line or self.above
        self.run.feed(token)
        self.line.append(token)
        if len(self.run.stack) > STACK:
            raise limit("this is nested too deeply", token.span)

    def _tell(self, code: str, message: str, span: Span, help: str = "") -> None:
        self.found.append(Diagnostic("error", code, message, span, help=help))

    # --- repairs

    def _pass_over(self, token: Token) -> None:
        """A margin that is wrong. Where there are tabs, the first is told, and nothing else of the margins."""
        if self.tabs:
            return
        if token.type == "TAB":
            self.tabs = True
            help = "indent by four spaces; most editors can turn tabs into spaces"
            self._tell("indentation", "a tab stands in front of the line", token.span, help)
        else:
            *_, outer, inner = self.layout.indents
            width = token.span.column - 1
            if width != self.misfit:
                message = f"this line is indented by {width}, the bodies around it by {outer} and {inner}"
                self._tell("indentation", message, token.span)
            self.misfit = width

    def _repaired(self, token: Token) -> bool:
        """A colon or a body was all that was missing: it is told, and put in."""
        if self.layout.brackets:
            return False
        if token.type == "_NL" and self.layout.width() > self.layout.indents[-1]:
            return self._colon_put()
        if token.type == "_INDENT":
            return self._colon_put_before_line_end()
        return self._body_put()

    def _colon_put(self) -> bool:
        if "COLON" not in self.run.expected():
            return False
        end = self.line[-1].span.end
        head = self.source.text[self.line[0].span.start : end]
        help = f"write `{head}:`" if len(head) < 60 and "\n" not in head else ""
        message = "the line below stands deeper, but no `:` begins a body"
        self._tell("syntax", message, Span(self.source, end, end), help)
        self.run.feed(self._stand_in("COLON"))
        return True

    def _colon_put_before_line_end(self) -> bool:
        """Back to the statement above, which was complete without a body."""
        if not self.line or self.source.text.startswith("->", self.layout.position):
            return False
        *line, end = self.line
        self._restore()
        self._feed(line)
        self.line = line
        put = self._colon_put()
        self.run.feed(end)
        self.line = [*line, end]
        return put

    def _body_put(self) -> bool:
        if "_INDENT" not in self.run.expected():
            return False
        head = next(token for token in reversed(self.line or self.above) if token.type == "COLON")
        help = "it stands in the lines below, four spaces deeper"
        self._tell("syntax", "the body of this `:` is missing", head.span, help)
        self._feed(map(self._stand_in, ("_INDENT", "NAME", "_NL", "_DEDENT")))
        return True

    # --- dropping a statement

    def _drop(self, token: Token) -> bool:
        """Reading goes on behind the statement and its body; whether there is anything."""
        indents = self.start.indents
        if token.type != "_INDENT":
            self._restore()
            kind = self._first(token).type
            if len(indents) > 1 and kind not in ("ELIF", "ELSE"):  # a body must not be left empty
                self._feed(map(self._stand_in, ("NAME", "_NL")))
        self.layout.position = self._behind(token, indents[-1])
        self.layout.indents = indents[:]
        self.layout.brackets.clear()
        self.line = []
        return self.layout.position < len(self.source.text)

    def _behind(self, token: Token, width: int) -> int:
        """The next line that stands no deeper than the dropped statement, and belongs to no part of it."""
        text, starts = self.source.text, self.source.starts
        place = self.layout.brackets[0].span.start if self.layout.brackets else max(0, token.span.end - 1)
        parts = (")", "]", "}", *(("elif", "else") if self._first(token).type == "IF" else ()))
        for start in starts[self.source.place(place)[0] :]:
            margin = _MARGIN.match(text, start)
            if margin and margin[1] and margin.end() - len(margin[1]) - start <= width and margin[1] not in parts:
                return start
        return len(text)

    def _first(self, token: Token) -> Token:
        return self.line[0] if self.line else token

    def _here(self) -> _Start:
        return _Start(self.layout.indents[:], self.run.stack[:], self.run.values[:])

    def _restore(self) -> None:
        self.run.stack[:] = self.start.stack
        self.run.values[:] = self.start.values

    def _feed(self, tokens: Iterable[Token]) -> None:
        for token in tokens:
            self.run.feed(token)

    def _stand_in(self, kind: str) -> Token:
        return Token(kind, "_", Span(self.source, 0, 0))
