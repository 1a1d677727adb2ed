"""Whether a model that is 90 % sure is right nine times of ten: accuracy over confidence (Guo et al., 2017)."""

from __future__ import annotations

from ..measuring.judged import BINS, Judged
from .drawing import ACCENT, INK, SECOND, SOFT, Chart, blank, chart


def reliability(judged: Judged) -> Chart | None:
    """The chart; None where there is nothing to show."""
    bins = judged.reliability()
    if not bins:
        return None
    figure = blank(4.4, 4.6)
    upper, lower = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
    middle = [(b.low + b.high) / 2 for b in bins]
    width = 0.86 / BINS
    upper.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
    upper.bar(middle, [b.accuracy for b in bins], width, color=ACCENT, alpha=0.8, label="right")
    sure = [b.confidence for b in bins]
    upper.hlines(sure, [m - width / 2 for m in middle], [m + width / 2 for m in middle], color=SECOND, label="sure")
    upper.set_ylim(0, 1.02)
    upper.set_title(f"calibration error {100 * judged.error:.1f} %")
    upper.legend(loc="upper left")
    lower.bar(middle, [b.examples / judged.examples for b in bins], width, color=SOFT, alpha=0.6)
    lower.set_xlabel("how sure it is")
    lower.set_title("examples", color=INK, fontsize=9, pad=4)
    for axes in (upper, lower):
        in_percent(axes)
    return chart("reliability", "How sure, and how often right", figure)


def in_percent(axes: object) -> None:
    from matplotlib.ticker import PercentFormatter

    for axis in (axes.xaxis, axes.yaxis):  # type: ignore[attr-defined]
        axis.set_major_formatter(PercentFormatter(1, symbol=" %", decimals=0))
    axes.set_xlim(0, 1)  # type: ignore[attr-defined]
