"""Report -> plain text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from ...colour import bold
from ...figures import grouped, memory, percent, short
from .measure import Line, Report, walk
from .rules import RULES, headline, memories

EIGHTHS = " ▏▎▍▌▋▊▉█"
BAR = 8
"""Width of a bar in characters."""

NAME = 40
"""Widest name, indentation included."""

HEADS = ("", "output", "params", "", "MACs", "", "values", "field")


def report_text(report: Report, depth: int | None = None, color: bool = False) -> str:
    """The figures of the whole, then one line for each part and layer, deeper ones than `depth` folded."""
    lines = list(walk(report.root, depth))
    rows = [HEADS, *(row(level, line, report) for level, line in lines)]
    rows.append((*cells("", report.root, report)[:-1], ""))
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADS))]
    drawn = [draw(row, widths) for row in rows]
    strong = [True, *(bool(line.lines) for _, line in lines), True]
    ruled = "─" * max(map(len, drawn))
    body = [bold(text, color and heavy) for text, heavy in zip(drawn, strong)]
    body[1:1] = [ruled]
    body[-1:-1] = [ruled]
    return "\n".join([*head(report, color), "", *body, "", *memory_table(report), "", *footer()])


def head(report: Report, color: bool) -> Iterator[str]:
    checked = report.checked
    yield bold(checked.name, color) + f"  {checked.file}"
    told = list(headline(report))
    wide = max(len(value) for _, value, _ in told)
    for title, value, note in told:
        yield f"  {title:<16} {value:>{wide}}  {note}".rstrip()


def row(level: int, line: Line, report: Report) -> tuple[str, ...]:
    kind = f" {line.type}" if line.lines and line.type else ""
    name = "  " * level + (line.name + kind if line.lines else f"{line.name} ({line.type})")
    return cells(name if len(name) <= NAME else name[: NAME - 1] + "…", line, report)


def cells(name: str, line: Line, report: Report) -> tuple[str, ...]:
    figures, whole = line.figures, report.figures
    return (
        name,
        line.shape,
        grouped(figures.params),
        bar(figures.params, whole.params),
        short(figures.macs),
        bar(figures.macs, whole.macs),
        short(figures.values),
        str(line.field or ""),
    )


def bar(part: int | None, whole: int | None) -> str:
    """A share as a bar and in percent."""
    if not part or not whole:
        return " " * BAR
    full, rest = divmod(max(round(8 * BAR * part / whole), 1), 8)
    return f"{('█' * full + EIGHTHS[rest]).ljust(BAR)[:BAR]} {percent(part, whole):>7}"


def draw(row: tuple[str, ...], widths: list[int]) -> str:
    """Name, shape and bars to the left, figures to the right."""
    left = (0, 1, 3, 5)
    texts = (text.ljust(n) if i in left else text.rjust(n) for i, (text, n) in enumerate(zip(row, widths)))
    return "  ".join(texts).rstrip()


def memory_table(report: Report) -> Iterator[str]:
    heads = ("weights", "gradients", "Adam", "values", "together")
    yield f"{f'memory at batch {report.batch}':<22}" + "".join(f"{head:>11}" for head in heads)
    for title, taken in memories(report):
        sizes = (taken.weights, taken.gradients, taken.optimizer, taken.activations, taken.total)
        yield f"  {title:<20}" + "".join(f"{'?' if n is None else memory(n) if n else '-':>11}" for n in sizes)


def footer() -> Iterator[str]:
    for rule in RULES:
        yield f"  {rule}"
