"""DOT -> SVG, PNG, PDF by the program `dot` of Graphviz."""

from __future__ import annotations

import re
from html import escape
from typing import NamedTuple

from .dot import dot
from .picture import Picture

DOTS_PER_INCH = 144
"""Of a PNG: twice what a screen had in Graphviz's youth."""


class NoProgram(Exception):
    """`dot` is not installed."""

    def __init__(self) -> None:
        super().__init__("the program `dot` of Graphviz draws svg, png and pdf, and it is not installed")


class ProgramFailed(Exception):
    """`dot` gave up; what it said."""


class Rendered(NamedTuple):
    """A picture as a file, with its size in pixels (of 1/96 inch, where the format has none)."""

    data: bytes
    width: int
    height: int


def rendered(picture: Picture, form: str, *, direction: str = "TB", shapes: bool = True) -> Rendered:
    """The picture as `svg`, `png` or `pdf`. Raises NoProgram and ProgramFailed."""
    try:
        data = _run(dot(picture, direction=direction, shapes=shapes, page=form == "pdf", dpi=_dpi(form)), form)
    except ProgramFailed:
        # some releases of Graphviz crash where columns are packed
        text = dot(picture, direction=direction, shapes=shapes, page=form == "pdf", dpi=_dpi(form), pack=False)
        data = _run(text, form)
    if form == "svg":
        data = _titled(data, picture.checked.name)
    return Rendered(data, *_size(data, form))


def _dpi(form: str) -> int | None:
    return DOTS_PER_INCH if form == "png" else None


def _run(text: str, form: str) -> bytes:
    import graphviz

    source = graphviz.Source(text)
    try:
        found: bytes = source.pipe(format=form, quiet=True)
    except graphviz.ExecutableNotFound:
        raise NoProgram from None
    except graphviz.CalledProcessError as failed:
        raise ProgramFailed(str(failed)) from None
    return found


def _titled(data: bytes, name: str) -> bytes:
    """Without the titles that are only numbers of nodes, which browsers show as tooltips; with the model's name."""
    text = re.sub(r"<title>[^<]*</title>\n?|<!-- [^>]* -->\n?", "", data.decode("utf-8"))
    return re.sub(r"(<svg[^>]*>)", lambda m: f"{m[1]}<title>{escape(name)}</title>", text, count=1).encode("utf-8")


def _size(data: bytes, form: str) -> tuple[int, int]:
    """Width and height, read from the head of the file."""
    if form == "png":
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    pattern = (
        rb'<svg width="([\d.]+)pt" height="([\d.]+)pt"' if form == "svg" else rb"MediaBox \[ ?0 0 ([\d.]+) ([\d.]+)"
    )
    found = re.search(pattern, data)
    if not found:
        return 0, 0
    width, height = (round(float(points) * 4 / 3) for points in found.groups())
    return width, height
