"""A layer -> a picture of its windows, as SVG: padding, stride, what is seen how often, and what does not fit.

To the left the map that the windows lie over, each place with the number of windows that touch it; to the right the
map with one place for each window. Three windows are drawn, in the colour of their place: the first, the one beside it
and the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ...graph import Layer
from .arithmetic import sizes
from .layer import call
from .windows import Axis, Windows, windows

CELL, EDGE, GAP, TOP, LINE = 34, 24, 72, 74, 20
"""Lengths in pixels: a place, the margin, between the maps, above them, a line of text."""

LETTER = 7.6
"""Width of a letter in pixels, about."""

COLORS = ("#1565c0", "#e67e00", "#7b1fa2")
"""The first window, the second, the last."""

STYLE = """text { font: 13px sans-serif; fill: #222 } .title { font-weight: bold; font-size: 15px }
.soft { fill: #666 } .number { text-anchor: middle; font-size: 12px }
.place { fill: #eef3f8; stroke: #9aa7b4 } .border { fill: #fff; stroke: #c4c4c4; stroke-dasharray: 3 3 }
.never { fill: #ffcdd2; stroke: #c62828 } .window { fill: none; stroke-width: 3 }
.missing { fill: none; stroke: #c62828; stroke-width: 2.5; stroke-dasharray: 6 4 }"""


def picture(layer: Layer) -> str:
    """The picture as text. PictureError where there is nothing to draw."""
    node = layer.node
    found = windows(node)
    left = found.columns.end - found.columns.first + overhang(found.columns)
    high = found.rows.end - found.rows.first + overhang(found.rows)
    right_x = EDGE + left * CELL + GAP
    below = TOP + max(high, found.rows.total) * CELL + 30
    lines = list(legend(layer, found))
    width = max(right_x + found.columns.total * CELL, *(len(line) * LETTER + EDGE for line in [title(layer), *lines]))
    body = [
        f'<text class="title" x="{EDGE}" y="30">{escape(title(layer))}</text>',
        *headings(layer, found, right_x),
        *touched(found),
        *results(found, right_x),
        *outlines(found, right_x),
        *(f'<text x="{EDGE}" y="{below + i * LINE}">{escape(line)}</text>' for i, line in enumerate(lines)),
    ]
    size = f"{width + EDGE:.0f} {below + len(lines) * LINE:.0f}"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" width="{size.split()[0]}" role="img">',
        f"<style>{STYLE}</style>",
        '<rect width="100%" height="100%" fill="#fff"/>',
        *body,
        "</svg>\n",
    ])  # fmt: skip


def title(layer: Layer) -> str:
    return f"{layer.name}: {call(layer.node)}"


def headings(layer: Layer, found: Windows, right: int) -> Iterator[str]:
    """What the two maps are."""
    given, made = layer.node.shapes[0], layer.node.facts.output
    over, other = (made, given) if found.over_output else (given, made)
    names = ("output", "input") if found.over_output else ("input", "output")
    for x, name, shape in ((EDGE, names[0], over), (right, names[1], other)):
        yield f'<text class="soft" x="{x}" y="{TOP - 14}">{name} {shape}</text>'


def corner(found: Windows, row: int, column: int) -> tuple[int, int]:
    """Where a place of the left map is drawn."""
    return EDGE + (column - found.columns.first) * CELL, TOP + (row - found.rows.first) * CELL


def touched(found: Windows) -> Iterator[str]:
    """The map under the windows, and how many windows touch each place."""
    rows, columns = found.rows, found.columns
    for row in range(rows.first, rows.end):
        for column in range(columns.first, columns.end):
            inside = 0 <= row < rows.size and 0 <= column < columns.size
            count = rows.touching(row) * columns.touching(column)
            kind = "border" if not inside else "place" if count else "never"
            x, y = corner(found, row, column)
            yield square(kind, x, y)
            if inside:
                yield number(str(count), x, y)
            elif found.zeros:
                yield number("0", x, y, soft=True)


def square(kind: str, x: int, y: int) -> str:
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{CELL}" height="{CELL}"/>'


def number(text: str, x: int, y: int, soft: bool = False) -> str:
    kind = "number soft" if soft else "number"
    return f'<text class="{kind}" x="{x + CELL // 2}" y="{y + CELL // 2 + 4}">{text}</text>'


def results(found: Windows, right: int) -> Iterator[str]:
    """The map with one place for each window."""
    for row in range(found.rows.total):
        for column in range(found.columns.total):
            yield square("place", right + column * CELL, TOP + row * CELL)


def shown(found: Windows) -> list[tuple[int, int, str]]:
    """The windows that are drawn: row, column and colour, each once."""
    rows, columns = found.rows.total, found.columns.total
    second = (0, 1) if columns > 1 else (min(1, rows - 1), 0)
    places = ((0, 0), second, (rows - 1, columns - 1))
    once = dict(zip(reversed(places), reversed(COLORS), strict=True))
    return [(row, column, color) for (row, column), color in once.items()]


def outlines(found: Windows, right: int) -> Iterator[str]:
    """The windows on the left, their places on the right, and the window that does not fit."""
    rows, columns = found.rows, found.columns
    for i, (row, column, color) in enumerate(shown(found)):
        x, y = corner(found, rows.start(row), columns.start(column))
        yield frame("window", x, y, columns.span, rows.span, 3 * i + 2, f' stroke="{color}"')
        yield from dots(rows, columns, x, y, color)
        x, y = right + column * CELL, TOP + row * CELL
        yield f'<rect x="{x + 3}" y="{y + 3}" width="{CELL - 6}" height="{CELL - 6}" fill="{color}"/>'
    if missing(found):
        row, column = (0, columns.total) if overhang(columns) else (rows.total, 0)
        x, y = corner(found, rows.start(row), columns.start(column))
        yield frame("missing", x, y, columns.span, rows.span, 1, "")


def frame(kind: str, x: int, y: int, wide: int, high: int, inset: int, more: str) -> str:
    """An outline of so many places, a little inside, so that those of neighbours can be told apart."""
    width, height = wide * CELL - 2 * inset, high * CELL - 2 * inset
    return f'<rect class="{kind}" x="{x + inset}" y="{y + inset}" width="{width}" height="{height}"{more}/>'


def dots(rows: Axis, columns: Axis, x: int, y: int, color: str) -> Iterator[str]:
    """The taps of a window that is dilated."""
    if rows.span == len(rows.taps) and columns.span == len(columns.taps):
        return
    for row in rows.taps:
        for column in columns.taps:
            yield f'<circle cx="{x + column * CELL + 8}" cy="{y + row * CELL + 8}" r="3.5" fill="{color}"/>'


def overhang(axis: Axis) -> int:
    """Places by which one more window would hang over the end; 0 where nothing is left over."""
    return axis.start(axis.total) + axis.span - axis.end if axis.left_over else 0


def missing(found: Windows) -> bool:
    """Whether some places are left over, too few for another window."""
    return not found.over_output and bool(overhang(found.rows) or overhang(found.columns))


def legend(layer: Layer, found: Windows) -> Iterator[str]:
    """The arithmetic, and what the numbers mean."""
    node = layer.node
    for step in sizes(node.op, node.shapes, node.facts.output):
        yield f"{step.title}: {step.formula}" + (f" ({step.note})" if step.note else "")
    done = "write to" if found.over_output else "see"
    yield f"Numbers: how many windows {done} the place. Blue, orange, violet: the first, the second, the last window."
    if missing(found):
        named = ((found.rows, "row"), (found.columns, "column"))
        left = " and ".join(plural(axis.left_over, name) for axis, name in named if overhang(axis))
        yield f"Red: one more window does not fit, {left} at the end left over."


def plural(count: int, name: str) -> str:
    return f"{count} {name}{'s' * (count != 1)}"
