"""A table in box characters, laid out as rich lays out the summaries of Keras, without importing rich.

The rule was read off rich 13: a cell wraps at spaces, a word wider than its column ends in an ellipsis, and what does
not fit into the line is taken from all columns alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

WORD = re.compile(r"\s*\S+\s*")


class Column(NamedTuple):
    """Heading, width of the text in characters, alignment (`<`, `>`, `^`) and how a line of a cell is coloured."""

    title: str
    width: int
    align: str = "<"
    paint: Callable[[str], str] | None = None


def fitted(widths: Sequence[int], line_length: int) -> list[int]:
    """Widths of the text for columns planned at `widths`, once padding and borders are to fit into the line."""
    room = line_length - len(widths) - 1
    padded = [min(width + 2, room) for width in widths]
    excess = sum(padded) - room
    if excess <= 0:
        return list(widths)
    left = len(padded)
    for i, width in enumerate(padded):
        taken = min(width, round(excess / left))
        padded[i] -= taken
        excess -= taken
        left -= 1
    return [max(width - 2, 1) for width in padded]


def wrapped(text: str, width: int) -> list[str]:
    """The lines of a cell, each at most `width` wide; a word that is wider is cut with an ellipsis."""
    if len(text) <= width:
        return [text]
    lines: list[str] = []
    line = ""
    for word in WORD.findall(text):
        solid = len(word.rstrip())
        if line and len(line) + solid > width:
            lines.append(line)
            line = ""
        line += word
    lines.append(line)
    return [cut(line.rstrip(), width) for line in lines]


def cut(line: str, width: int) -> str:
    """The line, its end replaced by an ellipsis where it is too wide."""
    return line if len(line) <= width else line[: width - 1] + "…"


def aligned(line: str, column: Column) -> str:
    """One line of a cell, filled up to the width of its column."""
    if column.align == "<":
        return line.ljust(column.width)
    if column.align == ">":
        return line.rjust(column.width)
    left = (column.width - len(line)) // 2
    return " " * left + line + " " * (column.width - len(line) - left)


def cells(columns: Sequence[Column], row: Sequence[str], edge: str, *, low: bool = False) -> Iterator[str]:
    """The lines of one row between `edge`s; short cells stand at the top, or at the foot where `low`."""
    wraps = [wrapped(text, column.width) for text, column in zip(row, columns, strict=True)]
    height = max(map(len, wraps))
    for i in range(height):
        parts = []
        for lines, column in zip(wraps, columns, strict=True):
            at = i - height + len(lines) if low else i
            filled = aligned(lines[at] if 0 <= at < len(lines) else "", column)
            parts.append(column.paint(filled) if column.paint else filled)
        yield f"{edge} " + f" {edge} ".join(parts) + f" {edge}"


def rule(columns: Sequence[Column], left: str, line: str, cross: str, right: str) -> str:
    """A horizontal line through the table."""
    return left + cross.join(line * (column.width + 2) for column in columns) + right


def boxed(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table with a heavy heading and a rule between any two rows."""
    plain = [column._replace(paint=None) for column in columns]
    yield rule(columns, "┏", "━", "┳", "┓")
    yield from cells(plain, [column.title for column in columns], "┃", low=True)
    yield rule(columns, "┡", "━", "╇", "┩")
    between = rule(columns, "├", "─", "┼", "┤")
    first = True
    for row in rows:
        if not first:
            yield between
        first = False
        yield from cells(columns, row, "│")
    yield rule(columns, "└", "─", "┴", "┘")
