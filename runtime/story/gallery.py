"""Single predictions to look at: the surest mistakes, and some drawn by chance."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data import DataError, Split
from ..judged import Judged
from .drawing import INK, SECOND, SOFT, bare, blank
from .thumbnail import thumbnail

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COUNT = 16
"""Of each kind."""
ACROSS = 8


class Prediction(NamedTuple):
    """One example and what was said of it; shares of 0 to 1."""

    name: str
    picture: bytes
    """PNG."""
    truth: str
    said: str
    confidence: float
    right: float

    @property
    def correct(self) -> bool:
        return self.truth == self.said


class Gallery(NamedTuple):
    """Predictions under a heading."""

    title: str
    predictions: tuple[Prediction, ...]


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
        found.append(Prediction(split.examples.name(number), picture, truth, said, sure, right))
    return tuple(found)


def as_png(found: tuple[Gallery, ...]) -> bytes:
    """All galleries on one sheet."""
    from .drawing import as_png

    rows = sum(-(-len(gallery.predictions) // ACROSS) for gallery in found)
    figure = blank(1.35 * ACROSS, 1.75 * rows + 0.45 * len(found))
    parts = figure.subfigures(len(found), 1, height_ratios=[len(g.predictions) + ACROSS for g in found], squeeze=False)
    for part, gallery in zip(parts[:, 0], found):
        part.suptitle(gallery.title, x=0.01, ha="left", fontsize=11, fontweight="bold")
        deep = -(-len(gallery.predictions) // ACROSS)
        panels = part.subplots(deep, ACROSS, squeeze=False).flat
        for axes in panels:
            bare(axes)
            axes.set_axis_off()
        for axes, prediction in zip(part.axes, gallery.predictions):
            put(axes, prediction)
    return as_png(figure)


def put(axes: Axes, prediction: Prediction) -> None:
    """One example with what it was taken for and, where that is wrong, what it is."""
    from PIL import Image

    axes.imshow(Image.open(io.BytesIO(prediction.picture)).convert("RGB"))
    said = f"{prediction.said} · {100 * prediction.confidence:.0f} %"
    if not prediction.correct:
        axes.set_title(said, fontsize=7.5, color=SECOND, loc="center", pad=3, fontweight="normal")
    below, colour = (said, SOFT) if prediction.correct else (f"is {prediction.truth}", INK)
    place = axes.transAxes
    axes.text(0.5, -0.04, below, fontsize=7.5, color=colour, ha="center", va="top", transform=place)
