"""Where things come from: a text, a stretch of it, and the calls that led there."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, NamedTuple


class Source:
    """One text, with the name it is shown under."""

    __slots__ = ("_starts", "name", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._starts: list[int] | None = None

    @property
    def starts(self) -> list[int]:
        """Offset of the first character of every line."""
        if self._starts is None:
            starts = [0]
            find = self.text.find
            at = find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = find("\n", at + 1)
            self._starts = starts
        return self._starts

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of line `number` (from 1) without its end."""
        start = self.starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : len(self.text) if end < 0 else end].rstrip("\r")

    def __repr__(self) -> str:
        return f"Source({self.name!r}, {len(self.text)} characters)"


class Span(NamedTuple):
    """A stretch of a text: characters `start` up to but not including `end`."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        return self.source.place(self.start)[0]

    @property
    def column(self) -> int:
        return self.source.place(self.start)[1]

    @property
    def place(self) -> str:
        """`models/mynet.cnn:14:5`"""
        line, column = self.source.place(self.start)
        return f"{self.source.name}:{line}:{column}"

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    def to(self, other: Span) -> Span:
        """From the start of this to the end of `other`."""
        return Span(self.source, self.start, other.end)


class Frame:
    """One step of the way to a place: a model, a block call, a body or the turn of a loop.

    Frames form a linked list towards the model; every node of the graph holds the innermost. `kind` is one of `model`,
    `block`, `loop`, `branch`, `residual`, `shortcut`, `group`, `sequential` or the word of a merge (`concat`, `add`,
    ...). `path` is the dotted prefix of weight paths inside it. `written` is the syntax of the block or model behind a
    call, None in other frames; `declared` the texts that declare it, that of a variant before that of its base.
    """

    __slots__ = ("bindings", "declared", "depth", "kind", "name", "parent", "path", "span", "turn", "written")

    def __init__(
        self,
        kind: str,
        name: str,
        span: Span,
        parent: Frame | None,
        path: str = "",
        bindings: tuple[tuple[str, Any], ...] = (),
        turn: int = 0,
        written: Any = None,
        declared: tuple[Source, ...] = (),
    ) -> None:
        self.kind = kind
        self.name = name
        self.span = span
        self.parent = parent
        self.path = path
        self.bindings = bindings
        self.turn = turn
        self.written = written
        self.declared = declared
        self.depth: int = 0 if parent is None else parent.depth + 1

    def outward(self) -> Iterator[Frame]:
        """This frame, the one around it, and so on to the model."""
        frame: Frame | None = self
        while frame is not None:
            yield frame
            frame = frame.parent

    def __repr__(self) -> str:
        return f"Frame({self.kind} {self.name} {self.path!r})"
