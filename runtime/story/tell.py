"""A run folder's pictures and its page, made when the run is over: they take seconds, and cost the run nothing."""

from __future__ import annotations

from ..data import Split
from ..history import History, history
from ..judged import Judged
from ..run_folder import RunFolder
from ..weights import replace
from .confusion import confusion
from .curves import curves
from .drawing import Chart, styled
from .gallery import as_png, galleries
from .page import Story, page
from .reliability import reliability

Seen = tuple[Judged, Split]
"""What the model says of held-out examples, and these."""


def tell(folder: RunFolder, seen: Seen | None = None) -> Story:
    """Write the pictures and `report.html`."""
    past = history(folder)
    with styled():
        charts = drawn(past, seen[0] if seen else None)
        found = galleries(*seen) if seen else ()
        for chart in charts:
            replace(folder.path / f"{chart.name}.png", chart.png)
        if found:
            replace(folder.path / "predictions.png", as_png(found))
    story = Story(past, seen[0] if seen else None, charts, found, len(seen[1]) if seen else 0)
    replace(folder.report, page(story).encode())
    return story


def drawn(past: History, judged: Judged | None) -> tuple[Chart, ...]:
    found = [curves(past.rows, past.best_epoch)]
    if judged is not None:
        found += [confusion(judged), reliability(judged)]
    return tuple(chart for chart in found if chart is not None)
