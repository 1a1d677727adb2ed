"""Text -> tokens, with lines, indentation and brackets settled: the only place that knows where a statement ends.

- A line ends the statement, unless a bracket is open, or the line ends in `,` or `->` and the next is indented deeper.
- A deeper line begins with _INDENT, each level left is a _DEDENT, as in Python; comments and blank lines do not count.
- A bracket that touches the word before it calls or indexes; after a space, or a keyword, it begins a value.
- Words such as `model`, `x` or `epochs` are words of the grammar only where the parser can take them, names elsewhere.

What fits no terminal comes out as UNKNOWN, TAB or MISFIT, which no rule takes: the parser then says so at that place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from .diagnostics import CompileError, Diagnostic
from .limits import BRACKETS, INDENTATION, STATEMENT
from .source import Source, Span
from .syntax import Comment

OPENING = frozenset({"LPAR", "LSQB", "LBRACE", "_TOUCHING_LPAR", "_TOUCHING_LSQB"})
CLOSING = {"RPAR": "(", "RSQB": "[", "RBRACE": "{"}
TAB = 4
CONTINUING = frozenset({"COMMA", "ARROW"})

_BLANK = re.compile(r"[ \t]*(?:(#[^\n]*)|\r?\n|\Z)")
_MARGIN = re.compile(r"[ \t]*")
_UNKNOWN = r"""\"{3}[\s\S]*|"[^\n]*|'[^'\n]*'?|\w+|[^\n]"""


class Token(NamedTuple):
    """One word, sign or literal; lines and indentation are tokens without text."""

    type: str
    text: str
    span: Span


class Words:
    """The terminals of a grammar, as one regular expression."""

    def __init__(self, terminals: Iterable[tuple[str, str, int]]) -> None:
        """`terminals`: name, regular expression and priority of each; those below zero may also be names."""
        ranked = sorted(terminals, key=lambda t: (t[0] != "NAME", -t[2], -len(t[1])))  # most tokens are names
        firm = [(name, rf"{rule}\b" if rule.isalpha() else rule) for name, rule, rank in ranked if rank >= 0]
        blank = [("COMMENT", r"#[^\n]*"), ("NEWLINE", r"\r?\n"), ("END", r"\Z"), ("UNKNOWN", _UNKNOWN)]
        words = "|".join(f"(?P<{name}>{rule})" for name, rule in firm + blank)
        self.match = re.compile(rf"[ \t]*(?:{words})").match
        self.kinds = frozenset(name for name, rule, rank in ranked if rank < 0 or rule.isalpha())
        self._soft = re.compile("|".join(f"(?P<{name}>{rule})" for name, rule, rank in ranked if rank < 0))

    def soft(self, word: str) -> str:
        """The terminal that `word` may be beside a NAME."""
        found = self._soft.fullmatch(word)
        return found.lastgroup or "NAME" if found else "NAME"


class Layout:
    """One reading of a text from `position` on; after an error it can be sent elsewhere.

    `takes` says whether the parser can take a terminal next. `brackets` are the open ones, `indents` the widths of the
    open bodies.
    """

    def __init__(self, words: Words, source: Source, takes: Callable[[str], bool], start: int, end: int) -> None:
        self.source = source
        self.position = start
        self.brackets: list[Token] = []
        self.indents = [0]
        self.comments: list[Comment] = []
        self._words = words
        self._takes = takes
        self._end = end
        self._soft: dict[str, str] = {}
        self._count = 0

    def tokens(self) -> Iterator[Token]:
        """All tokens of a file."""
        self._skip_blank()
        while self.position < self._end:
            yield from self._margin()
            yield from self.line()
        yield from self._leave(0)

    def at_end(self) -> Token:
        """What the parser is fed last."""
        return Token("$END", "", Span(self.source, self._end, self._end))

    def line(self) -> Iterator[Token]:
        """The tokens of one statement, with the _NL that ends it; the position moves to the next line of code."""
        match, source, text, end = self._words.match, self.source, self.source.text, self._end
        soft = self._soft
        kind, position, last = "", self.position, self.position
        self._count = 0
        while True:
            found = match(text, position, end)
            assert found is not None  # END and UNKNOWN take what is left
            before, kind = kind, found.lastgroup or ""
            start, position = found.span(kind)
            if kind == "NAME":
                word = found[kind]
                if word not in soft:
                    soft[word] = self._words.soft(word)
                if soft[word] != kind and self._takes(soft[word]):
                    kind = soft[word]
            elif kind in OPENING or kind in CLOSING:
                kind = self._bracket(kind, before, start)
            elif kind == "COMMENT":
                self._comment(start, position, alone=False)
                kind = before
                continue
            elif kind == "NEWLINE" or kind == "END":
                self.position = position
                if not self._goes_on(before):
                    break
                kind, position = before, self.position
                continue
            last = position
            self._count += 1
            yield Token(kind, text[start:last], Span(source, start, last))
        yield Token("_NL", "", Span(source, last, last))

    def in_state(self, token: Token) -> Token:
        """A word as it reads in the state the parser has come to since."""
        soft = self._words.soft(token.text)
        return token._replace(type=soft) if token.type == "NAME" and self._takes(soft) else token

    # --- brackets

    def _bracket(self, kind: str, before: str, start: int) -> str:
        """Opens or closes; returns the kind of the bracket at `start`."""
        if kind in CLOSING:
            if self.brackets and self.brackets[-1].text == CLOSING[kind]:
                self.brackets.pop()
            return kind
        if before in self._words.kinds:
            kind = kind.removeprefix("_TOUCHING_")
        opened = Token(kind, self.source.text[start], Span(self.source, start, start + 1))
        if len(self.brackets) == BRACKETS:
            raise limit(f"more than {BRACKETS} brackets are open here", opened.span)
        self.brackets.append(opened)
        return kind

    # --- lines

    def _goes_on(self, before: str) -> bool:
        """The statement goes on behind the line end at the position, where `before` is its last token so far."""
        self._skip_blank()
        if self._count > STATEMENT:
            raise limit(f"more than {STATEMENT:,} words and signs in one statement", self._here())
        if self.position >= self._end:
            return False
        return bool(self.brackets) or (before in CONTINUING and self.width() > self.indents[-1])

    def _margin(self) -> Iterator[Token]:
        """The step in or out that the next line makes."""
        width, start = self.width(), self.position
        self.position = self._code(start)
        if "\t" in (blank := self.source.text[start : self.position]):
            yield Token("TAB", blank, Span(self.source, start, self.position))
        if width > self.indents[-1]:
            if len(self.indents) > INDENTATION:
                raise limit(f"more than {INDENTATION} bodies stand in each other", self._here())
            self.indents.append(width)
            yield Token("_INDENT", "", self._here())
        else:
            yield from self._leave(width)

    def _leave(self, width: int) -> Iterator[Token]:
        here = self._here()
        while width < self.indents[-1]:
            if width > self.indents[-2]:
                yield Token("MISFIT", "", here)
                break
            self.indents.pop()
            yield Token("_DEDENT", "", here)

    def width(self) -> int:
        """How deep the line at the position stands; a tab, refused later, reaches to the next multiple of TAB."""
        blank = self.source.text[self.position : self._code(self.position)]
        return len(blank.expandtabs(TAB))

    def _code(self, start: int) -> int:
        """Where the blanks in front of a line end."""
        found = _MARGIN.match(self.source.text, start, self._end)
        return found.end() if found else start

    def _here(self) -> Span:
        return Span(self.source, self.position, self.position)

    def _skip_blank(self) -> None:
        """To the next line of code, from the start of a line; the comments on the way are kept."""
        while self.position < self._end:
            found = _BLANK.match(self.source.text, self.position, self._end)
            if found is None:
                return
            self.position = found.end()
            if found[1]:
                self._comment(*found.span(1), alone=True)

    def _comment(self, start: int, end: int, alone: bool) -> None:
        text = self.source.text[start:end].rstrip()
        span = Span(self.source, start, start + len(text))
        self.comments.append(Comment(span.line, text, alone, span))


def limit(message: str, span: Span, help: str = "") -> CompileError:
    """The refusal of a text that asks for too much."""
    return CompileError([Diagnostic("error", "limit", message, span, help=help)])


def unindented(text: str) -> str:
    """A documentation text without the margin its lines share, and without blanks around it.

    The margin is that of all lines but the first, which stands behind the quotes.
    """
    first, *rest = [line.rstrip() for line in text.expandtabs().split("\n")]
    margin = min((len(line) - len(line.lstrip()) for line in rest if line), default=0)
    return "\n".join([first.strip(), *(line[margin:] for line in rest)]).strip("\n")
