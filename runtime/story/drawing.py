"""A figure of matplotlib -> PNG for the folder and SVG for the page, in one look."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {
    "ink": "#1c2430", "soft": "#5d6878", "line": "#dfe3e8", "paper": "#ffffff",
    "accent": "#2f6fa8", "second": "#b4541a",
}  # fmt: skip
"""By the names that they have on the page, where dark and light differ; in PNG the light ones."""

INK, SOFT, LINE, PAPER, ACCENT, SECOND = COLOURS.values()

STYLE: Any = {
    "font.family": "DejaVu Sans", "font.size": 9, "text.color": INK,
    "axes.edgecolor": LINE, "axes.labelcolor": SOFT, "axes.titlecolor": INK, "axes.titlesize": 10.5,
    "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.titlepad": 10, "axes.labelsize": 9,
    "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
    "axes.grid": True, "grid.color": LINE, "grid.linewidth": 0.8,
    "xtick.color": LINE, "ytick.color": LINE, "xtick.labelcolor": SOFT, "ytick.labelcolor": SOFT,
    "xtick.major.size": 3, "ytick.major.size": 0,
    "legend.frameon": False, "legend.fontsize": 9, "lines.linewidth": 1.8, "lines.solid_capstyle": "round",
    "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none",
    "svg.fonttype": "none", "svg.hashsalt": "cnnc",
}  # fmt: skip

DPI = 160


class Chart(NamedTuple):
    """A picture of a run: what it shows, a file for the folder, and the same for the page."""

    name: str
    title: str
    png: bytes
    svg: str


@contextmanager
def styled() -> Iterator[None]:
    """Inside, figures are drawn in the look of the page."""
    import matplotlib

    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # letters that no font here has
        warnings.filterwarnings("ignore", "constrained_layout not applied")
        yield


def blank(width: float, height: float) -> Figure:
    """An empty figure of so many inches, with room made by itself; belongs to no window."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def bare(axes: Axes) -> None:
    """No frame and no lines behind."""
    axes.grid(False)
    for side in axes.spines.values():
        side.set_visible(False)


def shortened(name: str, room: int = 16) -> str:
    """A name that is too long without its middle: names of a kind often begin alike."""
    if len(name) <= room:
        return name
    end = (room - 1) // 2
    return f"{name[: room - 1 - end]}…{name[len(name) - end :]}"


def chart(name: str, title: str, figure: Figure) -> Chart:
    return Chart(name, title, as_png(figure), as_svg(figure, name))


def as_png(figure: Figure) -> bytes:
    """On white."""
    found = io.BytesIO()
    figure.savefig(found, format="png", dpi=DPI, facecolor=PAPER, metadata={"Software": None})
    return found.getvalue()


def as_svg(figure: Figure, name: str) -> str:
    """For the middle of a page: without the head of a file, in the page's colours and letters, its ids its own."""
    found = io.StringIO()
    figure.savefig(found, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = found.getvalue()
    text = text[text.index("<svg") :]
    for word, colour in COLOURS.items():
        text = text.replace(colour, f"var(--{word})")
    text = re.sub(r'(\bid="|url\(#|href="#)', lambda m: f"{m[1]}{name}-", text)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", text)
    width, height = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text).groups()  # type: ignore[union-attr]
    start = f'<svg class="chart" role="img" viewBox="0 0 {width} {height}" xmlns:xlink="http://www.w3.org/1999/xlink">'
    return start + text[text.index(">") + 1 :]
