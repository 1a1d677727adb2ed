"""Single predictions to look at: the surest mistakes, and some drawn by chance."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..data import DataError, Split
from ..measuring.judged import Judged
from .drawing import INK, SECOND, SOFT, bare, blank, shortened
from .thumbnail import thumbnail

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COUNT = 16
"""Of each kind."""
ACROSS = 8


class Prediction(NamedTuple):
    """One example, what was said of it, and a note where that is not all."""

    name: str
    picture: bytes
    """PNG."""
    said: str
    note: str = ""
    correct: bool | None = None
    """None where it is neither right nor wrong."""


class Gallery(NamedTuple):
    """Predictions under a heading; `across` to a row."""

    title: str
    predictions: tuple[Prediction, ...]
    across: int = ACROSS


class Seen(NamedTuple):
    """What was seen when `held` examples were looked at."""

    galleries: tuple[Gallery, ...]
    held: int
    judged: Judged | None = None


def galleries(judged: Judged, split: Split) -> tuple[Gallery, ...]:
    """The surest mistakes, and some drawn by chance; those without an example are left out."""
    chance = np.random.default_rng(0).permutation(judged.examples)
    found = (
        Gallery("The surest mistakes", predictions(judged, split, judged.worst())),
        Gallery("Drawn by chance", predictions(judged, split, chance)),
    )
    return tuple(gallery for gallery in found if gallery.predictions)


def predictions(judged: Judged, split: Split, numbers: NDArray[np.int64]) -> tuple[Prediction, ...]:
    """The first few that can be loaded."""
    found: list[Prediction] = []
    for i in numbers[:COUNT]:
        number = int(split.numbers[judged.positions[i]])
        try:
            picture = thumbnail(split.examples.load(number))
        except DataError:
            continue
        truth, said = judged.classes[judged.labels[i]], judged.classes[judged.said[i]]
        sure, right = float(judged.confidence[i]), float(judged.right[i])
        note = "" if said == truth else f"is {truth} ({right:.0%})".replace("%", " %")
        told = f"{said} · {sure:.0%}".replace("%", " %")
        found.append(Prediction(split.examples.name(number), picture, told, note, said == truth))
    return tuple(found)


def as_png(found: tuple[Gallery, ...]) -> bytes:
    """All galleries on one sheet."""
    from .drawing import as_png

    rows = [-(-len(gallery.predictions) // gallery.across) for gallery in found]
    figure = blank(1.35 * ACROSS, 1.75 * sum(rows) + 0.45 * len(found))
    parts = figure.subfigures(len(found), 1, height_ratios=[deep + 0.3 for deep in rows], squeeze=False)
    for part, gallery, deep in zip(parts[:, 0], found, rows):
        part.suptitle(gallery.title, x=0.01, ha="left", fontsize=11, fontweight="bold")
        for axes in part.subplots(deep, gallery.across, squeeze=False).flat:
            bare(axes)
            axes.set_axis_off()
        for axes, prediction in zip(part.axes, gallery.predictions):
            put(axes, prediction)
    return as_png(figure)


def put(axes: Axes, prediction: Prediction) -> None:
    """One example with what was said of it above, and the note below."""
    axes.imshow(Image.open(io.BytesIO(prediction.picture)).convert("RGB"))
    colour = SECOND if prediction.correct is False else SOFT
    axes.set_title(captioned(prediction.said), fontsize=7.5, color=colour, loc="center", pad=3, fontweight="normal")
    place = axes.transAxes
    axes.text(0.5, -0.04, captioned(prediction.note), fontsize=7.5, color=INK, ha="center", va="top", transform=place)


WIDE = 20
"""Letters of a caption that are as wide as a picture."""


def captioned(text: str) -> str:
    """A caption no wider than its picture; the share at its end stays."""
    name, tail = re.fullmatch(r"(.*?)( · \d+ %| \(\d+ %\))?", text, re.DOTALL).groups("")  # type: ignore[union-attr]
    return shortened(name, WIDE - len(tail)) + tail
