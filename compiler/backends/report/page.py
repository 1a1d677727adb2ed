"""Report -> one HTML page.

Whatever comes from the model's file goes through `html.escape`.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from ...figures import grouped, memory, percent, short
from ...webpage import webpage
from .chart import profile
from .measure import Line, Report, walk
from .rules import RULES, headline, memories

HERE = Path(__file__).parent

HUES = 8
MEASURES = ("params", "macs", "values")
TITLES = {"params": "Parameters", "macs": "MACs", "values": "Values"}


def report_page(report: Report) -> str:
    """The page as text."""
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    sections = (header, cards, shares, profile, table, memory_table, footer)
    body = "\n".join(line for section in sections for line in section(report))
    return webpage(f"{report.checked.name}: report", style, body, script)


def header(report: Report) -> Iterator[str]:
    checked = report.checked
    yield f'<header>\n<h1>{escape(checked.name)}</h1>\n<p class="soft"><code>{escape(checked.file)}</code></p>'
    if checked.doc:
        yield f'<p class="doc">{escape(checked.doc.strip())}</p>'
    yield "</header>"


def cards(report: Report) -> Iterator[str]:
    yield '<section class="cards" aria-label="Figures">'
    for title, figure, note in headline(report):
        shown = figure if len(figure) < 12 or "x" in figure else short(int(figure.replace(",", "")))
        exact = "" if shown == figure else f"{figure}<br>"
        note = escape(note).replace("`", "")
        yield f'<div class="card"><h3>{title}</h3><b>{escape(shown)}</b><small>{exact}{note}</small></div>'
    yield "</section>"


def amount(line: Line, measure: str) -> int | None:
    return getattr(line.figures, measure)  # type: ignore[no-any-return]


def anchors(report: Report) -> dict[int, str]:
    """The id of the row of each line, by the identity of the line."""
    return {id(line): f"r{i}" for i, (_, line) in enumerate(walk(report.root))}


def shares(report: Report) -> Iterator[str]:
    """One bar for each measure, cut up by the outermost parts."""
    parts = [line for line in report.root.lines.values() if any(amount(line, measure) for measure in MEASURES)]
    ids = anchors(report)
    yield '<section>\n<h2>Where it is</h2>\n<div class="shares">'
    for measure in MEASURES:
        whole = amount(report.root, measure)
        if whole:
            yield f'<span>{TITLES[measure]}</span><div class="bar">'
            yield from (piece(line, measure, whole, i, ids[id(line)]) for i, line in enumerate(parts))
            yield "</div>"
    yield "</div>\n</section>"


def piece(line: Line, measure: str, whole: int, position: int, anchor: str) -> str:
    """One part's share of a bar; its name is inside where there is room."""
    part = amount(line, measure) or 0
    if not part:
        return ""
    name = escape(line.name)
    told = f"{name}: {grouped(part)}, {percent(part, whole)}"
    room = 100 * part / whole > 0.7 * len(line.name) + 1
    return (
        f'<a class="hue{position % HUES}" style="flex:{part / whole:.5f} 1 0" href="#{anchor}" title="{told}" '
        f'aria-label="{told}">{name if room else ""}</a>'
    )


HEADS = (
    ("order", "Layer", "left", "in the written order"),
    ("", "Output", "left", "height x width x channels"),
    ("params", "Parameters", "", "as Keras counts them"),
    ("macs", "MACs", "", "multiply-accumulates for one example"),
    ("values", "Values", "", "numbers written for one example"),
    ("field", "Field", "left", "what one place sees of the input"),
    ("", "Source", "left source", "where it is written"),
)


def table(report: Report) -> Iterator[str]:
    yield '<section class="table">\n<h2>Part by part</h2>'
    yield (
        '<div class="tools" hidden><input type="search" placeholder="find a layer" aria-label="find a layer">'
        '<button data-depth="0">outermost</button><button data-depth="1">one level</button>'
        '<button data-depth="99">everything</button></div>'
    )
    yield '<div class="scroll"><table class="lines"><thead><tr>'
    yield "".join(map(head, HEADS))
    yield "</tr></thead><tbody>"
    ids = anchors(report)
    for level, line in walk(report.root):
        yield table_row(level, line, report.root, ids[id(line)])
    yield "</tbody></table></div>\n</section>"


def head(spec: tuple[str, str, str, str]) -> str:
    key, title, kind, note = spec
    inner = f"<button>{title}</button>" if key else title
    keyed = f' data-key="{key}"' if key else ""
    return f'<th scope="col" class="{kind}" title="{note}"{keyed}>{inner}</th>'


def table_row(level: int, line: Line, root: Line, anchor: str) -> str:
    field = line.field
    seen = max(field.sizes, default=0) + field.whole * 0.5 if field else 0
    keys = "".join(f' data-{measure}="{amount(line, measure) or 0}"' for measure in MEASURES)
    cells = "".join(share_cell(line, measure, root) for measure in MEASURES)
    return (
        f'<tr id="{anchor}" class="{"part" if line.lines else "layer"}" data-level="{level}" '
        f'data-path="{escape(line.path)}"{keys} data-field="{seen}">'
        f'<td class="name" style="--level:{min(level, 12)}">{name_cell(line)}</td>'
        f'<td class="left shape">{escape(line.shape)}</td>{cells}'
        f'<td class="left field">{escape(str(field or ""))}</td>'
        f"{source_cell(line)}</tr>"
    )


def source_cell(line: Line) -> str:
    """File and line, without the folder; empty for what merely shares a path."""
    if not line.type:
        return '<td class="source"></td>'
    place = escape(line.place)
    return f'<td class="left source" title="{place}">{place.rpartition("/")[2]}</td>'


def name_cell(line: Line) -> str:
    name = escape(line.name or line.path.rpartition(".")[2])
    kind = f'<span class="type">{escape(line.type)}</span>' if line.type else ""
    if line.lines:
        return f'<button aria-expanded="true" aria-label="fold {name}">▾</button>{name}{kind}'
    return f'<i class="{escape(line.family)}"></i>{name}{kind}'


def share_cell(line: Line, measure: str, root: Line) -> str:
    part, whole = amount(line, measure), amount(root, measure)
    share = part / whole if part and whole else 0
    shown = "" if part == 0 else grouped(part) if measure == "params" else short(part)
    told = f' title="{grouped(part)}, {percent(part, whole)}"' if part else ""
    return f'<td class="bars {measure}" style="--share:{share:.4f}"{told}>{shown}</td>'


def memory_table(report: Report) -> Iterator[str]:
    yield f'<section class="memory">\n<h2>Memory for a batch of {report.batch}</h2>'
    yield '<div class="scroll"><table class="lines">'
    heads = ("", "Weights", "Gradients", "Adam", "Values", "Together")
    yield f"<thead><tr>{''.join(f'<th>{title}</th>' for title in heads)}</tr></thead><tbody>"
    for title, taken in memories(report):
        sizes = (taken.weights, taken.gradients, taken.optimizer, taken.activations, taken.total)
        cells = "".join(f"<td>{'?' if size is None else memory(size) if size else ''}</td>" for size in sizes)
        yield f"<tr><td>{title}</td>{cells}</tr>"
    yield "</tbody></table></div>\n</section>"


def footer(report: Report) -> Iterator[str]:
    yield "<footer>"
    yield from (f"<p>{escape(rule)}</p>" for rule in RULES)
    yield "</footer>"
