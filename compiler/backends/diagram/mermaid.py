"""Picture -> Mermaid, the diagrams that forges and notebooks draw from a Markdown fence."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from . import look
from .picture import Picture
from .tree import Box, Cell, Part


def mermaid(picture: Picture, *, direction: str = "TB") -> str:
    """The picture as a flow chart: open boxes are subgraphs, skips are dotted."""
    return "\n".join(_Mermaid(picture).lines(direction)) + "\n"


class _Mermaid:
    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.names = {part: f"n{k}" for k, part in enumerate(picture.parts)}
        self.boxes = 0

    def lines(self, direction: str) -> Iterator[str]:
        yield f"flowchart {direction}"
        for part in self.picture.root.parts:
            yield from self.part(part, "  ")
        for arc in self.picture.arcs:
            yield f"  {self.names[arc.source]} {'-.->' if arc.skip else '-->'} {self.names[arc.target]}"

    def part(self, part: Part, indent: str) -> Iterator[str]:
        if isinstance(part, Box) and self.picture.is_open(part):
            self.boxes += 1
            yield f'{indent}subgraph b{self.boxes} ["{_heading(part)}"]'
            for inner in part.parts:
                yield from self.part(inner, indent + "  ")
            yield f"{indent}end"
        else:
            yield f'{indent}{self.names[part]}["{"<br/>".join(map(_text, _told(part)))}"]'


def _told(part: Part) -> Iterator[str]:
    if isinstance(part, Cell):
        yield from (line.text for line in look.cell_lines(part))
        if part.times > 1:
            yield f"x {part.times}"
    else:
        yield f"{look.title(part)}{f' x {part.times}' if part.times > 1 else ''}"
        yield look.shape_line(part)
    if look.weight_line(part):
        yield look.weight_line(part)


def _heading(box: Box) -> str:
    times = f" x {box.times}" if box.times > 1 else ""
    return _text(f"{look.title(box)}{times} {look.place(box)}".strip() or "repeated")


def _text(text: str) -> str:
    """Entities as Mermaid reads them, `#` for `&`; nothing that ends the quoted label."""
    return escape(text.replace("#", "No.")).replace("&#x27;", "'").replace("&", "#").replace("`", "'")
