"""A file -> Source: its bytes are counted before they are read, and must be UTF-8."""

from __future__ import annotations

import sys
from pathlib import Path

from .diagnostics import CompileError, Diagnostic
from .layout import limit
from .limits import TEXT
from .source import Source, Span

MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


def read_source(path: str | Path, name: str | None = None) -> Source:
    """The text of a file, shown under `name` or its path; OSError where it cannot be read.

    A byte order mark in front is left out. Line ends stay as they are.
    """
    path = Path(path)
    name = str(path) if name is None else name
    with path.open("rb") as file:
        return decode_source(file.read(TEXT + 1), name)


def decode_source(data: bytes, name: str) -> Source:
    """The text that bytes stand for."""
    if len(data) > TEXT:
        raise limit(f"more than {TEXT:,} bytes", Span(Source(name, ""), 0, 0))
    try:
        return Source(name, data.decode("utf-8-sig"))
    except UnicodeDecodeError as wrong:
        raise CompileError([_not_utf8(wrong, data, name)]) from None


def standard_input() -> Source:
    """What comes in by the pipe; no more of it is read than a file may hold."""
    return decode_source(sys.stdin.buffer.read(TEXT + 1), "<stdin>")


def _not_utf8(wrong: UnicodeDecodeError, data: bytes, name: str) -> Diagnostic:
    """At the byte that is no UTF-8, shown in the text as far as it can be read."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    before = data[: wrong.start].decode("utf-8", "replace")
    source = Source(name, before + data[wrong.start :].decode("latin-1"))
    message = f"the byte 0x{data[wrong.start]:02x} is no UTF-8"
    help = "save the file as UTF-8"
    if data[:2] in MARKS:
        help = f"the file seems to be {MARKS[data[:2]]}; {help}"
    return Diagnostic("error", "encoding", message, Span(source, len(before), len(before) + 1), help=help)
