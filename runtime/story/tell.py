"""A run folder's pictures and its page, made when the run is over: they take seconds, and cost the run nothing."""

from __future__ import annotations

import numpy as np

from ..measuring.judged import Judged
from ..run.history import History, history
from ..run.run_folder import RunFolder
from ..weights import replace
from .confusion import confusion
from .curves import curves
from .drawing import Chart, styled
from .gallery import Seen, as_png
from .page import Story, page
from .reliability import reliability


def tell(folder: RunFolder, seen: Seen | None = None) -> Story:
    """Write the pictures and `report.html`."""
    past, seen = history(folder), seen or Seen((), 0)
    with styled():
        charts = drawn(past, seen.judged)
        for chart in charts:
            replace(folder.path / f"{chart.name}.png", chart.png)
        if seen.galleries:
            replace(folder.path / "predictions.png", as_png(seen.galleries))
    story = Story(past, seen.judged, charts, seen.galleries, seen.held)
    replace(folder.report, page(story).encode())
    return story


def drawn(past: History, judged: Judged | None) -> tuple[Chart, ...]:
    found = [curves(past.rows, past.best_epoch)]
    if judged is not None:
        found += [confusion(judged.confusion, judged.classes), reliability(judged)]
    elif "confusion" in past.metrics:
        found.append(confusion(np.array(past.metrics["confusion"]), tuple(past.metrics["classes"])))
    return tuple(chart for chart in found if chart is not None)
