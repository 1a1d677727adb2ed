"""How a run went, epoch by epoch: the loss, each figure that is measured, the learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ..training.position import Row
from .drawing import ACCENT, INK, SECOND, SOFT, Chart, blank, chart

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HELD = "val_"
"""What figures of held-out examples are called by in `metrics.csv`, before their name."""

MOST = 4
"""Panels of figures, the loss among them."""

STEEP = 30
"""A loss that falls by more than this is drawn by its logarithm."""

SHARES = ("accuracy", "iou", "f1", "top")
"""Beginnings of names of figures that run from 0 to 1 and are told in percent."""

NAMES = {
    "iou": "IoU",
    "pixel_error": "pixel error",
    "f1": "F1",
    "mae": "mean error",
    "rmse": "root mean square error",
    "r2": "R2",
}


class Curve(NamedTuple):
    """One line: what it is called, and its epochs and values."""

    name: str
    epochs: list[int]
    values: list[float]


def curves(rows: Sequence[Row], best: int | None = None) -> Chart | None:
    """The chart of a run; None where not a whole epoch ran. `best` is the epoch whose weights were kept."""
    if not rows:
        return None
    names = measured(rows)[:MOST]
    figure = blank(2.2 + 3.4 * len(names), 3.1)
    panels = figure.subplots(1, len(names) + 1, width_ratios=[3] * len(names) + [1.8], squeeze=False)[0]
    for axes, name in zip(panels, names):
        panel(axes, rows, name, best)
    rates(panels[-1], rows)
    return chart("curves", "How it went", figure)


def measured(rows: Sequence[Row]) -> list[str]:
    """The figures that rows have, the loss first; those of the held-out examples stand for both."""
    keys = dict.fromkeys(key for row in rows for key in row)
    held = [key.removeprefix(HELD) for key in keys if key.startswith(HELD)]
    return list(dict.fromkeys(["loss", *held]))


def column(rows: Sequence[Row], name: str) -> Curve:
    """The epochs that have a figure, and the figure."""
    there = [row for row in rows if row.get(name) not in (None, "")]
    return Curve(name, [int(row["epoch"]) for row in there], [float(row[name]) for row in there])


def panel(axes: Axes, rows: Sequence[Row], name: str, best: int | None) -> None:
    """One figure: of the examples learned from, and of those held out."""
    learned, held = column(rows, name), column(rows, HELD + name)
    for curve, label, colour in ((learned, "learned from", ACCENT), (held, "held out", SECOND)):
        if curve.values:
            marker = "o" if len(curve.values) < 3 else ""
            axes.plot(curve.epochs, curve.values, color=colour, label=label, marker=marker, markersize=4)
    if best in held.epochs:
        value = held.values[held.epochs.index(best)]
        axes.plot([best], [value], "o", color=SECOND, markersize=6, markeredgecolor=INK, markeredgewidth=1, zorder=5)
        axes.annotate(
            shown(name, value), (best, value), (0, 8), textcoords="offset points",
            ha="right" if best > (min(held.epochs) + max(held.epochs)) / 2 else "left", color=INK, fontsize=8.5,
        )  # fmt: skip
    axes.set_title(NAMES.get(name, name))
    as_scale(axes, name, learned.values + held.values)
    along(axes, rows)
    if learned.values and held.values:
        axes.legend(loc="best", handlelength=1.4)


def as_scale(axes: Axes, name: str, values: list[float]) -> None:
    """Shares in percent; a steep loss by its logarithm."""
    from matplotlib.ticker import PercentFormatter

    if is_share(name):
        axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %", decimals=None))
    elif name == "loss" and min(values, default=0) > 0 and max(values) > STEEP * min(values):
        axes.set_yscale("log")
    axes.margins(y=0.12)


def along(axes: Axes, rows: Sequence[Row]) -> None:
    """Whole epochs below, a line where a phase began."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))
    axes.grid(axis="x", visible=False)
    axes.set_xlabel("epoch")
    for before, after in pairwise(rows):
        if before.get("phase") != after.get("phase"):
            axes.axvline(int(after["epoch"]) - 0.5, color=SOFT, linewidth=0.8, linestyle=(0, (3, 3)))


def rates(axes: Axes, rows: Sequence[Row]) -> None:
    """The learning rate at the end of each epoch."""
    curve = column(rows, "lr")
    axes.plot(curve.epochs, curve.values, color=SOFT, marker="o" if len(curve.values) < 3 else "", markersize=4)
    axes.set_title("learning rate")
    axes.set_ylim(bottom=0)
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
    along(axes, rows)


def is_share(name: str) -> bool:
    return name.startswith(SHARES)


def shown(name: str, value: float) -> str:
    return f"{100 * value:.1f} %" if is_share(name) else f"{value:.3g}"
