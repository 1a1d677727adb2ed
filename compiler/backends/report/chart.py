"""Report -> the profile of a network as SVG: three rows of bars over the layers from input to output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from ...figures import grouped
from .measure import Line, Report, walk

WIDTH, ROW, GAP, LEFT = 1000, 74, 26, 4
MOST = 500
"""Bars in a row at most; where a network has more layers, a bar tells the largest of its neighbours."""

ROWS = (("values", "values written"), ("macs", "MACs"), ("params", "parameters"))
FAMILIES = ("convolution", "dense", "pooling", "normalization", "activation", "merge", "resizing")


def profile(report: Report) -> Iterator[str]:
    """The section of the page."""
    layers = [line for _, line in walk(report.root) if line.layer]
    height = len(ROWS) * (ROW + GAP)
    yield "<section>\n<h2>Through the network</h2>"
    label = "figures of the layers in order"
    yield f'<div class="scroll"><svg class="profile" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">'
    for i, (measure, title) in enumerate(ROWS):
        yield from bars(layers, measure, title, i * (ROW + GAP))
    yield "</svg></div>"
    yield legend(layers)
    yield "</section>"


def bars(layers: Sequence[Line], measure: str, title: str, top: int) -> Iterator[str]:
    """One row: a bar for each layer, as high as its figure against the largest."""
    picked = [max(group, key=lambda line: figure(line, measure)) for group in groups(layers)]
    most = max((figure(line, measure) for line in picked), default=0)
    floor = top + GAP + ROW - 6
    yield f'<text x="{LEFT}" y="{top + 12}">{title}, most {grouped(most)}</text>'
    step = (WIDTH - 2 * LEFT) / max(len(picked), 1)
    for i, line in enumerate(picked):
        high = (ROW - 8) * figure(line, measure) / most if most else 0
        if high:
            yield bar(line, measure, LEFT + i * step, floor - max(high, 1), max(step * 0.86, 0.6), max(high, 1))
    yield f'<line class="base" x1="{LEFT}" y1="{floor}" x2="{WIDTH - LEFT}" y2="{floor}"/>'


def bar(line: Line, measure: str, x: float, y: float, width: float, height: float) -> str:
    told = escape(f"{line.path} ({line.type}): {grouped(figure(line, measure))}")
    return (
        f'<rect class="{escape(line.family)}" x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}">'
        f"<title>{told}</title></rect>"
    )


def figure(line: Line, measure: str) -> int:
    return getattr(line.figures, measure) or 0


def groups(layers: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """The layers one by one, or neighbours together where there are too many."""
    count = min(len(layers), MOST)
    for i in range(count):
        yield layers[i * len(layers) // count : (i + 1) * len(layers) // count]


def legend(layers: Sequence[Line]) -> str:
    """The families that occur."""
    found = {line.family for line in layers}
    shown = [family for family in FAMILIES if family in found]
    items = "".join(f'<span><i class="{family}"></i>{family}</span>' for family in [*shown, "other"])
    return f'<div class="legend">{items}</div>'
