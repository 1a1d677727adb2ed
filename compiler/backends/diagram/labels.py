"""The labels of a picture in Graphviz's HTML-like markup, every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape

from ...shape import Shape
from . import look
from .picture import Picture
from .tree import Box, Cell, Part


def title_label(picture: Picture) -> str:
    """The model, its figures, and what the colours mean."""
    checked = picture.checked
    macs = "" if checked.macs is None else f" · {checked.macs:,} multiply-accumulates"
    head = f"<b>{_text(look.cut(checked.name))}</b> · {checked.params:,} parameters{macs}"
    shown = [part for p in (picture, *picture.insets) for part in p.parts]
    swatches = "   ".join(f'<font color="{f.line}">■</font> {f.name}' for f in look.used_families(shown))
    return f'{head}<br align="left"/><font point-size="10">{swatches or " "}</font><br align="left"/>'


def heading(box: Box, *, inset: bool = False) -> str:
    """The title of a box: what it is, how often, which instance."""
    times = f" <b>x {box.times}</b>" if box.times > 1 and not inset else ""
    where = _example(box) if inset else look.place(box)
    small = f'  <font color="#6b7280" point-size="9">{_text(where)}</font>' if where else ""
    name = look.title(box)
    return (f"<b>{_text(name)}</b>" if name else "") + times + small or " "


def _example(box: Box) -> str:
    return f"such as {look.cut(box.path)}" if box.path not in ("", box.title) else ""


def cell_label(cell: Cell, outputs: list[str], shared: Mapping[str, int]) -> str:
    lines = look.cell_lines(cell)
    rows = [_row(line.text, line.family) for line in lines]
    if cell.times > 1:
        rows.append(_row(f"x {cell.times}", look.BLOCK))
    return _table([*rows, *_notes(cell, outputs, shared)], lines[0].family, thick=bool(outputs))


def hung(label: str, shape: str) -> str:
    """A node with the shape of its result below, to the right of the arc."""
    small = f'<font color="#4b5563" point-size="9">{_text(shape)}</font>'
    return (
        '<table border="0" cellborder="0" cellspacing="0" cellpadding="0">'
        f'<tr><td colspan="2" port="box">{label}</td></tr>'
        f'<tr><td width="46"></td><td width="46" height="13" align="left">  {small}</td></tr></table>'
    )


def closed_label(box: Box, outputs: list[str], shared: Mapping[str, int], shapes: bool) -> str:
    rows = [f"<tr><td>{heading(box)}</td></tr>"]
    if shapes:
        rows.append(_note(look.shape_line(box)))
    return _table([*rows, *_notes(box, outputs, shared)], look.BLOCK, thick=True)


def door_label(name: str, shapes: Iterable[Shape]) -> str:
    """Where a value comes into an inset or leaves it."""
    told = ", ".join(dict.fromkeys(str(s) for s in shapes))
    return f'<font color="#6b7280">{name} {_text(look.cut(told))}</font>'


def _notes(part: Part, outputs: list[str], shared: Mapping[str, int]) -> Iterator[str]:
    weights = look.weight_line(part)
    if weights:
        uses = max((shared.get(node.path, 1) for node in part.nodes), default=1)
        yield _note(weights + (f", shared by {uses} uses" if uses > 1 else ""))
    if outputs:
        yield _note(look.cut(f"output {', '.join(outputs)}"))


def _row(text: str, family: look.Family) -> str:
    color = "#ffffff" if family is look.INPUT else "#111827"
    return f'<tr><td bgcolor="{family.fill}"><font color="{color}">{_text(text)}</font></td></tr>'


def _note(text: str) -> str:
    return f'<tr><td><font color="#374151" point-size="9">{_text(text)}</font></td></tr>'


def _table(rows: list[str], family: look.Family, *, thick: bool) -> str:
    return (
        f'<table border="{2 if thick else 1}" cellborder="0" cellspacing="0" cellpadding="3" color="{family.line}" '
        f'bgcolor="white">{"".join(rows)}</table>'
    )


def _text(text: str) -> str:
    return escape(text) or " "
