"""What was taken for what, as a map; readable with two classes and with a thousand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...compiler.figures import short
from ..measuring.judged import confused
from .drawing import ACCENT, INK, Chart, bare, blank, chart, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COUNTED = 20
"""Classes up to which each cell shows its count."""
NAMED = 50
"""Classes up to which all are named beside the map."""
CELLS = 250
"""Cells drawn along a side; of more classes neighbours share a cell, which shows the worst of them."""
PAIRS = 12
WHITE = "#fefefe"
"""On a full cell, in dark and in light."""


def confusion(table: NDArray[np.int64], classes: tuple[str, ...]) -> Chart | None:
    """The chart of [i, j], how often class i was taken for class j; None where there is nothing to show."""
    count = len(classes)
    if not table.any() or count < 2:
        return None
    wide = count > COUNTED
    side = min(max(3.6, 1.6 + 0.42 * count), 7.2)
    figure = blank(side + (3.6 if wide else 0), side)
    panels = figure.subplots(1, 2, width_ratios=[side, 3.6]) if wide else [figure.subplots()]
    drawn_map(panels[0], table, classes)
    if wide:
        pairs(panels[1], table, classes)
    return chart("confusion", "What was taken for what", figure)


def drawn_map(axes: Axes, table: NDArray[np.int64], classes: tuple[str, ...]) -> None:
    """Each row is a class, and how its examples are spread over what they were taken for."""
    shares = table / np.maximum(table.sum(1, keepdims=True), 1)
    shown = pooled(shares)
    axes.imshow(shown, cmap=clear_to(ACCENT), norm=scale(len(classes)), interpolation="none", aspect="equal")
    bare(axes)
    axes.set_xlabel("taken for")
    axes.set_ylabel("what it is")
    axes.tick_params(length=0)
    name_sides(axes, classes, len(shown))
    if len(classes) <= COUNTED:
        count_cells(axes, table, shares)


def scale(classes: int) -> Any:
    """Colours by the share of the row; of many classes small shares are lifted, else nothing of them is seen."""
    from matplotlib.colors import PowerNorm

    return PowerNorm(0.75 if classes <= COUNTED else 0.5, vmin=0, vmax=1)


def pooled(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """At most CELLS a side, each cell the largest of those that fall into it."""
    count = len(shares)
    if count <= CELLS:
        return shares
    starts = np.linspace(0, count, CELLS, endpoint=False).astype(int)
    found: NDArray[np.float64] = np.maximum.reduceat(np.maximum.reduceat(shares, starts, 0), starts, 1)
    return found


def clear_to(colour: str) -> Any:
    """From nothing to a colour, so that the map lies well on any ground."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    return LinearSegmentedColormap.from_list("cnnc", [(*to_rgb(colour), 0.0), (*to_rgb(colour), 1.0)])


def name_sides(axes: Axes, classes: tuple[str, ...], cells: int) -> None:
    """The names of the classes where there is room, else their numbers here and there."""
    if len(classes) <= NAMED:
        size = 9 if len(classes) <= COUNTED else 6.5
        names = [shortened(name) for name in classes]
        axes.set_yticks(range(len(names)), names, fontsize=size)
        turned = len(names) > COUNTED or max(map(len, names)) > 3
        axes.set_xticks(range(len(names)), names, fontsize=size, rotation=90 if turned else 0)
        return
    step = round_step(len(classes) / 6)
    numbers = range(0, len(classes), step)
    places = [n * cells / len(classes) for n in numbers]
    axes.set_xticks(places, [str(n) for n in numbers])
    axes.set_yticks(places, [str(n) for n in numbers])


def round_step(about: float) -> int:
    """1, 2 or 5 times a power of ten."""
    power = 10 ** int(np.floor(np.log10(max(about, 1))))
    return int(power * min((1, 2, 5, 10), key=lambda n: abs(n * power - about)))


def count_cells(axes: Axes, table: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    size = 9 if len(table) <= 12 else 7
    for (row, column), n in np.ndenumerate(table):
        if n:
            colour = WHITE if shares[row, column] > 0.4 else INK
            axes.text(
                column,
                row,
                f"{n:,}" if n < 100_000 else short(int(n)),
                ha="center",
                va="center",
                fontsize=size,
                color=colour,
            )


def pairs(axes: Axes, table: NDArray[np.int64], classes: tuple[str, ...]) -> None:
    """The pairs that are most often confused, as bars."""
    bare(axes)
    found = confused(table, classes, PAIRS)
    axes.set_title("most often confused")
    axes.set_axis_off()
    most = max((n for n, *_ in found), default=1)
    for place, (n, what, taken) in enumerate(found):
        axes.barh(place, n / most, height=0.22, color=ACCENT, alpha=0.75)
        axes.text(0, place - 0.22, f"{shortened(what, 20)} → {shortened(taken, 20)}", fontsize=8, va="bottom")
        axes.text(1.0, place - 0.22, f"{n:,}", fontsize=8, va="bottom", ha="right", color=INK)
    axes.set_ylim(PAIRS - 0.4, -0.9)
    axes.set_xlim(0, 1)
