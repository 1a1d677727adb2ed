"""A run -> one HTML page.

Whatever comes from a file or a name goes through `html.escape`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from ...compiler.backends.report.page import HERE as LOOK
from ...compiler.figures import duration, grouped, short
from ...compiler.recipes.record import told
from ...compiler.webpage import webpage
from ..measuring.judged import Judged
from ..run.history import History
from .curves import NAMES
from .drawing import Chart
from .gallery import ACROSS, Gallery, Prediction

HERE = Path(__file__).parent


class Story(NamedTuple):
    """What the page shows. `seen` of all held-out examples were looked at one by one."""

    history: History
    judged: Judged | None = None
    charts: tuple[Chart, ...] = ()
    galleries: tuple[Gallery, ...] = ()
    held: int = 0

    def chart(self, name: str) -> Chart | None:
        return next((chart for chart in self.charts if chart.name == name), None)


def page(story: Story) -> str:
    """The page as text."""
    style = (LOOK / "page.css").read_text("utf-8") + (HERE / "page.css").read_text("utf-8")
    script = (HERE / "page.js").read_text("utf-8")
    sections = (header, cards, curves, charts, classes, predictions, recipe, environment, files)
    body = "\n".join(line for section in sections for line in section(story))
    return webpage(f"{story.history.model}: {story.history.name}", style, body, script)


def header(story: Story) -> Iterator[str]:
    history = story.history
    state = history.state
    yield f'<header>\n<div class="line"><h1>{escape(history.model)}</h1>'
    yield f'<span class="state {history.status}">{history.status}</span></div>'
    data = history.config["data"]
    counts = f"{data['train']:,} examples to learn from, {data['held']:,} held out"
    began = f", {state.began[:16].replace('T', ' ')} UTC" if state is not None else ""
    yield f'<p class="soft"><code>{escape(history.name)}</code>{began}: <b>{escape(history.data)}</b>, {counts}</p>'
    if state is not None and state.error:
        yield f'<p class="error">{escape(state.error)}</p>'
    yield "</header>"


# --- figures ----------------------------------------------------------------------------------------------------------


def cards(story: Story) -> Iterator[str]:
    yield '<section class="cards" aria-label="Figures">'
    for title, figure, note in headline(story):
        yield f'<div class="card"><h3>{title}</h3><b>{escape(figure)}</b><small>{escape(note)}</small></div>'
    yield "</section>"


def headline(story: Story) -> Iterator[tuple[str, str, str]]:
    """The figures told first: title, figure, note."""
    history, metrics, judged = story.history, story.history.metrics, story.judged
    score = history.score
    if score is not None:
        yield NAMES.get(score.name, score.name), str(score), "of the examples held out"
    for name in metrics:
        if name.startswith("top") and isinstance(metrics[name], float):
            yield f"top-{name[3:]}", f"{100 * metrics[name]:.2f} %", "of the examples held out"
    if "loss" in metrics and (score is None or score.name != "loss"):
        yield "loss", f"{metrics['loss']:.4f}", "of the examples held out"
    if judged is not None:
        yield "calibration error", f"{100 * judged.error:.1f} %", "how far sureness lies from accuracy"
    yield "epochs", f"{history.epochs}", f"the best was {history.best_epoch}" if history.best_epoch else ""
    if history.seconds is not None:
        yield "time", duration(history.seconds), speed(history)
    if "parameters" in history.config:
        yield "parameters", short(history.config["parameters"]), grouped(history.config["parameters"])
        yield "MACs", short(history.config["macs"]), "multiply-accumulates for one example"


def speed(history: History) -> str:
    found = sorted(row["images_per_second"] for row in history.rows if "images_per_second" in row)
    return f"{found[len(found) // 2]:,.0f} examples/s while learning" if found else ""


# --- charts -----------------------------------------------------------------------------------------------------------


def curves(story: Story) -> Iterator[str]:
    found = story.chart("curves")
    if found is not None:
        yield f"<section>\n<h2>{found.title}</h2>\n{found.svg}\n</section>"


def charts(story: Story) -> Iterator[str]:
    found = [chart for chart in story.charts if chart.name != "curves"]
    if not found:
        return
    yield '<div class="pair">'
    for chart in found:
        yield f"<section>\n<h2>{escape(chart.title)}</h2>\n{chart.svg}\n</section>"
    yield "</div>"


# --- classes and examples ---------------------------------------------------------------------------------------------


def classes(story: Story) -> Iterator[str]:
    """A line for each class, the worst first."""
    heads, rows = class_rows(story)
    if not rows:
        return
    yield f'<section>\n<h2>Class by class</h2>{looked_at(story)}\n<div class="scroll tall">'
    yield '<table class="lines classes"><thead><tr>'
    yield "".join(f'<th scope="col"><button>{head}</button></th>' for head in heads) + "</tr></thead><tbody>"
    for name, count, *shares in sorted(rows, key=lambda row: row[-1] or 0.0):
        cells = "".join(map(share_cell, shares))
        yield f'<tr><td>{escape(name)}</td><td data-key="{count}">{count:,}</td>{cells}</tr>'
    yield "</tbody></table></div>\n</section>"


def class_rows(story: Story) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Heads and rows: of single examples where they were looked at, else what the run measured, as of places."""
    if story.judged is not None:
        scores = zip(story.judged.classes, story.judged.scores())
        heads = ("Class", "Examples", "Precision", "Recall", "F1")
        return heads, [(name, s.examples, s.precision, s.recall, s.f1) for name, s in scores]
    found = story.history.metrics.get("classes", {})
    words = ("examples", "precision", "recall", "iou")
    rows = [(name, *(scores.get(word) for word in words)) for name, scores in found.items()]
    return ("Class", "Count", "Precision", "Recall", "IoU"), rows


def looked_at(story: Story) -> str:
    """How many examples, where they are not all."""
    if story.judged is None or story.judged.examples == story.held:
        return ""
    return f'<p class="soft">{story.judged.examples:,} of {story.held:,} held-out examples, drawn by chance</p>'


def share_cell(share: float | None) -> str:
    if share is None:
        return '<td data-key="-1">-</td>'
    meter = f'<span class="meter"><i style="--share:{100 * share:.1f}%"></i></span>'
    return f'<td data-key="{share:.6f}">{100 * share:.1f} %{meter}</td>'


def predictions(story: Story) -> Iterator[str]:
    if not story.galleries:
        return
    yield "<section>\n<h2>Predictions</h2>"
    for gallery in story.galleries:
        wide = " wide" if gallery.across < ACROSS else ""
        yield f'<h3 class="small">{escape(gallery.title)}</h3>\n<div class="gallery{wide}">'
        yield from map(figure, gallery.predictions)
        yield "</div>"
    yield "</section>"


def figure(prediction: Prediction) -> str:
    name, said, note = escape(prediction.name), escape(prediction.said), escape(prediction.note)
    kind = {True: "right", False: "wrong", None: ""}[prediction.correct]
    image = f"data:image/png;base64,{base64.b64encode(prediction.picture).decode()}"
    caption = f"<figcaption><b>{said}</b>{note}</figcaption>"
    return f'<figure class="{kind}" title="{name}"><img src="{image}" alt="{name}">{caption}</figure>'


# --- how it came about ------------------------------------------------------------------------------------------------


def recipe(story: Story) -> Iterator[str]:
    found, text = story.history.recipe, story.history.folder.model
    lines = [told(said.entry) for said in found.said]
    lines += [f"phase {phase.name}: " + "; ".join(told(said.entry) for said in phase.said) for phase in found.phases]
    yield "<section>\n<h2>Recipe and model</h2>"
    yield f"<pre>{escape(chr(10).join(lines))}</pre>"
    given = [*story.history.config["params"], *story.history.config["inputs"]]
    if text.is_file():
        with_ = f" with {escape(', '.join(given))}" if given else ""
        yield f"<details><summary>{escape(story.history.config['file'])}{with_}</summary>"
        yield f"<pre>{escape(text.read_text('utf-8'))}</pre></details>"
    yield "</section>"


def environment(story: Story) -> Iterator[str]:
    """Of the last start."""
    if not story.history.environments:
        return
    yield '<section>\n<h2>Environment</h2>\n<dl class="facts">'
    for name, value in facts(story.history.environments[-1]):
        yield f"<dt>{name}</dt><dd>{escape(value)}</dd>"
    yield "</dl>\n</section>"


def facts(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is known of the machine and its programs, as words."""
    for name in ("command", "folder", "device", "processor", "system", "python"):
        if found.get(name):
            yield name, str(found[name])
    yield "packages", ", ".join(f"{name} {number}" for name, number in found["packages"].items() if number)
    git = found.get("git")
    if git:
        yield "git", git["commit"] + (" and changes since" if git["changed"] else "")


def files(story: Story) -> Iterator[str]:
    folder = story.history.folder.path
    yield "<footer>"
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name != "report.html")
    yield "<p>" + ", ".join(f'<a href="{escape(name)}">{escape(name)}</a>' for name in names) + "</p>"
    version = escape(str(story.history.config["cnnc"]))
    yield f"<p>cnnc {version}</p>\n</footer>"
