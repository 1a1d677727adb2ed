"""Diagnostic -> text for people, or a dictionary for programs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any, NamedTuple

from .colour import painted
from .diagnostics import Diagnostic
from .source import Frame, Span

WIDTH = 120  # columns of an excerpt; a longer line is cut to a window around the mark
FRAMES = 8  # of the way in; a longer one is cut in the middle
TAB = "    "

COLORS = {"error": "1;31", "warning": "1;33", "bar": "1;34", "bold": "1", "": ""}


def render(d: Diagnostic, color: bool = False) -> str:
    """The message, the place with its lines, the way that led there, and the help."""
    paint = _painted if color else _plain
    gutter = len(str(_last_line(d.span)))
    bar = " " * gutter + " |"
    lines = [
        paint(f"{d.severity}[{d.code}]", d.severity) + paint(f": {printable(d.message)}", "bold"),
        " " * gutter + paint("--> ", "bar") + printable(d.span.place),
        paint(bar, "bar"),
    ]
    for number, text in _excerpt(d):
        margin = f"{number:>{gutter}} | "
        lines.append(paint(margin, "bar") + text if number else paint(bar, "bar") + " " + paint(text, d.severity))
    remarks = [*way(d.frame), *(f"note: {note}" for note in d.notes), *([f"help: {d.help}"] if d.help else [])]
    if remarks:
        lines.append(paint(bar, "bar"))
    indent = "\n" + " " * (gutter + 3)
    lines += [" " * gutter + paint(" = ", "bar") + printable(r).replace("\n", indent) for r in remarks]
    return "\n".join(line.rstrip() for line in lines)


def as_dict(d: Diagnostic) -> dict[str, Any]:
    """What `--json` prints; lines and columns count from 1, the end column is that behind the last character."""
    source, start, end = d.span
    line, column = source.place(start)
    end_line, end_column = source.place(end)
    notes = [note for note in (d.label, *way(d.frame), *d.notes) if note]
    return {
        "severity": d.severity,
        "code": d.code,
        "message": d.message,
        "file": source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "notes": notes,
        "help": d.help or None,
    }


# --- the lines and the mark


class Window(NamedTuple):
    """Part of a line as it is shown, and the columns of the mark in it."""

    text: str
    start: int
    end: int


def _excerpt(d: Diagnostic) -> Iterator[tuple[int | str, str]]:
    """The marked lines with their numbers, each followed by its mark without one; of many, the first and the last."""
    source, start, end = d.span
    first, last = d.span.line, _last_line(d.span)
    for number in dict.fromkeys((first, last)):
        text, begins = source.line(number), source.starts[number - 1]
        blank = len(text) - len(text.lstrip())
        low = start - begins if number == first else blank
        high = end - begins if number == last else len(text)
        shown = _window(text, low, max(high, low))
        yield number, shown.text
        mark = " " * shown.start + "^" * max(1, shown.end - shown.start)
        yield "", f"{mark} {printable(d.label)}" if number == last else mark
        if number == first and last > first + 1:
            yield "", "..."


def _window(line: str, low: int, high: int) -> Window:
    """Characters `low` to `high` of a line, in columns, with what stands around them in at most WIDTH columns."""
    before, marked, after = (printable(part) for part in (line[:low], line[low:high], line[high:]))
    start, size = columns(before), columns(marked)
    if start + size + columns(after) <= WIDTH:
        return Window(before + marked + after, start, start + size)
    marked, size = _cut(marked, WIDTH // 2)
    if start > WIDTH // 3:
        before, start = _cut(before[::-1], WIDTH // 3)
        before = before[::-1]
    after, _ = _cut(after, WIDTH - start - size)
    return Window(before + marked + after, start, start + size)


def _cut(text: str, width: int) -> tuple[str, int]:
    """The beginning of a text in at most `width` columns, `...` in place of the rest, and the columns it takes."""
    if columns(text) <= width:
        return text, columns(text)
    kept = text[: width - 3]
    while columns(kept) > width - 3:
        kept = kept[:-1]
    return kept + "...", columns(kept) + 3


def _last_line(span: Span) -> int:
    """Of a span that ends behind a line end, the line before."""
    return span.source.place(max(span.start, span.end - 1))[0]


def columns(text: str) -> int:
    """How wide a terminal shows it: East Asian characters take two columns, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in text)


def printable(text: str) -> str:
    """Tabs as blanks; what would steer or break a terminal (controls, direction marks, lone surrogates) as a sign."""
    text = text.replace("\t", TAB)
    if text.isascii() and text.isprintable():
        return text
    return "".join("\ufffd" if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs") else c for c in text)


# --- the way in


def way(frame: Frame | None) -> list[str]:
    """The calls and turns that led to a place, innermost first."""
    steps = [step for f in (frame.outward() if frame else ()) if (step := _step(f))]
    if len(steps) <= FRAMES:
        return steps
    half = FRAMES // 2
    return [*steps[:half], f"... {len(steps) - 2 * half} more ...", *steps[-half:]]


def _step(frame: Frame) -> str:
    """One call or turn; bodies such as `branch:` and the model itself stand in the file and need no word."""
    from .values import show

    bound = [f"{name}={show(value)}" for name, value in frame.bindings]
    if frame.kind == "loop":
        turn = f"the turn `{', '.join(bound)}`" if bound else f"turn {frame.turn + 1}"
        return f"in {turn} of the loop at {_line(frame.span)}"
    if frame.kind == "block" or (frame.kind == "model" and frame.parent is not None):
        inner = f"({', '.join(bound)})" if bound else ""
        return f"in {frame.kind} `{frame.name}{inner}`, called at {frame.span.place}"
    return ""


def _line(span: Span) -> str:
    return f"{span.source.name}:{span.line}"


# --- colours


def _plain(text: str, color: str) -> str:
    return text


def _painted(text: str, color: str) -> str:
    return painted(text, COLORS[color])
