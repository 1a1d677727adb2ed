"""Text -> tokens, with lines, indentation and brackets settled: the only place that knows where a statement ends.

- A line ends the statement, unless a bracket is open, or the line ends in `,` or `->` and the next is indented deeper.
- Deeper lines are announced by _INDENT, each level left by _DEDENT, as in Python; comments and blank lines count for nothing.
- A bracket that touches the word before it calls or indexes; after a space, or a keyword, it begins a value.
- Words such as `model`, `x` or `epochs` are words of the grammar only where the parser can take them, names elsewhere.

What no terminal fits comes out as UNKNOWN, TAB or MISFIT, which no rule takes: the parser then says so at that place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from .diagnostics import CompileError, Diagnostic
from .limits import BRACKETS, INDENTATION, TOKENS
from .source import Source, Span
from .syntax import Comment

OPENING = {"LPAR", "LSQB", "LBRACE", "_TOUCHING_LPAR", "_TOUCHING_LSQB"}
CLOSING = {"RPAR": "(", "RSQB": "[", "RBRACE": "{"}
CONTINUING = {"COMMA", "ARROW"}

_LINE = re.compile(r"[ \t]*(?=(\r?\n|#|\Z)?)")
_COMMENT = re.compile(r"#[^\n]*")
_UNKNOWN = r"""\"{3}[\s\S]*|"[^\n]*|'[^'\n]*'?|\w+|[^\n]"""


class Token(NamedTuple):
    """One word, sign or literal; lines and indentation are tokens without text."""

    type: str
    text: str
    span: Span


class Words:
    """The terminals of a grammar as one regular expression."""

    def __init__(self, terminals: Iterable[tuple[str, str, int]]) -> None:
        """`terminals`: name, regular expression and priority of each; below zero are words that may also be names."""
        ranked = sorted(terminals, key=lambda t: -t[2])
        self._soft = re.compile("|".join(f"(?P<{n}>{r})" for n, r, p in ranked if p < 0))
        firm = [(n, rf"{r}\b" if r.isalpha() else r) for n, r, p in ranked if p >= 0]
        firm.sort(key=lambda t: t[0] != "NAME")  # most tokens are names
        self.reserved = frozenset(r for n, r, p in ranked if p >= 0 and r.isalpha())
        self.kinds = frozenset(n for n, r, p in ranked if p < 0 or r.isalpha())
        layout = [("COMMENT", "#[^\\n]*"), ("NEWLINE", r"\r?\n"), ("END", r"\Z"), ("UNKNOWN", _UNKNOWN)]
        self.match = re.compile(r"[ \t]*(?:" + "|".join(f"(?P<{n}>{r})" for n, r in firm + layout) + ")").match

    def soft(self, word: str) -> str | None:
        """The terminal that `word` may be beside being a name."""
        found = self._soft.fullmatch(word)
        return found and found.lastgroup


class Layout:
    """One reading of a text, from `position` to `end`; it can be sent elsewhere after an error.

    `wanted(stack[-1])` are the terminals the parser can take next; `brackets` are the open ones, `indents` the columns
    of the open bodies.
    """

    def __init__(self, words: Words, source: Source, wanted: Mapping[Any, Any], stack: list[Any]) -> None:
        self.words = words
        self.source = source
        self.wanted = wanted
        self.stack = stack
        self.position = 1 if source.text.startswith("\ufeff") else 0
        self.end = len(source.text)
        self.brackets: list[Token] = []
        self.indents = [0]
        self.comments: list[Comment] = []
        self._soft: dict[str, str | None] = {}
        self._count = 0

    def lines(self) -> Iterator[Token]:
        """The tokens of a file."""
        while True:
            yield from self._margin()
            if self.position >= self.end:
                break
            yield from self.line()
        yield from self._leave(0)

    def line(self) -> Iterator[Token]:
        """The tokens of one statement, with the _NL that ends it."""
        match, source, text, end = self.words.match, self.source, self.source.text, self.end
        wanted, stack, soft = self.wanted, self.stack, self._soft
        kind, last = "", self.position
        while True:
            before = kind
            found = match(text, self.position, end)
            assert found is not None
            kind = found.lastgroup or ""
            start, self.position = found.span(kind)
            if kind == "NAME":
                word = found[kind]
                if word not in soft:
                    soft[word] = self.words.soft(word)
                if soft[word] in wanted[stack[-1]]:
                    kind = soft[word] or kind
            elif kind == "COMMENT":
                self._comment(start, self.position, alone=False)
                kind = before
                continue
            elif kind == "NEWLINE" or kind == "END":
                if kind == "NEWLINE" and (self.brackets or (before in CONTINUING and self._goes_on())):
                    kind = before
                    self._skip_blank()
                    continue
                self.position = max(start, last)
                break
            elif kind in OPENING or kind in CLOSING:
                kind = self._bracket(kind, before, start)
            last = self.position
            self._count += 1
            yield Token(kind, text[start:last], Span(source, start, last))
        self._check_count(last)
        yield Token("_NL", "", Span(source, last, last))

    # --- brackets

    def _bracket(self, kind: str, before: str, start: int) -> str:
        sign = self.source.text[start]
        if kind in CLOSING:
            if self.brackets and self.brackets[-1].text == CLOSING[kind]:
                self.brackets.pop()
            return kind
        if before in self.words.kinds:
            kind = kind.replace("_TOUCHING_", "")
        span = Span(self.source, start, start + 1)
        if len(self.brackets) == BRACKETS:
            raise _limit(f"more than {BRACKETS} brackets are open", span)
        self.brackets.append(Token(kind, sign, span))
        return kind

    # --- lines

    def _margin(self) -> Iterator[Token]:
        """Comments and blank lines are skipped; then the step in or out of the next line."""
        self._skip_blank()
        if self.position >= self.end:
            return
        start = self.position
        self.position = self._code(start)
        if "\t" in self.source.text[start : self.position]:
            at = self.source.text.index("\t", start)
            yield Token("TAB", "\t", Span(self.source, at, self.position))
        width = self.position - start
        if width > self.indents[-1]:
            if len(self.indents) > INDENTATION:
                raise _limit(f"more than {INDENTATION} bodies stand in each other", self._here())
            self.indents.append(width)
            yield Token("_INDENT", "", self._here())
        else:
            yield from self._leave(width)

    def _leave(self, width: int) -> Iterator[Token]:
        here = self._here()
        while width < self.indents[-1]:
            self.indents.pop()
            yield Token("_DEDENT", "", here)
        if width > self.indents[-1]:
            yield Token("MISFIT", "", here)

    def _here(self) -> Span:
        return Span(self.source, self.position, self.position)

    def _code(self, position: int) -> int:
        """Where the blanks that begin a line end."""
        found = _LINE.match(self.source.text, position)
        assert found is not None
        return found.end()

    def _skip_blank(self) -> None:
        """To the start of the next line that holds code; the comments on the way are kept."""
        text = self.source.text
        while self.position < self.end:
            found = _LINE.match(text, self.position)
            assert found is not None
            sign = found[1]
            if sign is None:
                return
            if sign == "#":
                comment = _COMMENT.match(text, found.end())
                assert comment is not None
                self._comment(*comment.span(), alone=not text[: found.end()].rpartition("\n")[2].strip())
                self.position = comment.end()
            else:
                self.position = found.end() + len(sign) if sign else self.end

    def _goes_on(self) -> bool:
        """The next line with code is indented deeper than the statement."""
        ...
