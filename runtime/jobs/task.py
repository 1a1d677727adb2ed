"""What is learned: the one place that knows how models, data, losses and figures belong together. Loads no torch.

A task follows from what the data know of an example, from the model's first output and from the losses of the recipe.
It decides what the model must give, which parameter of the model the data set, the default losses, what is measured,
by which figure the best weights are kept, and how a result is told. How figures are computed stands in measure.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ...compiler.graph import Checked, Output
from ...compiler.recipes import learning
from ...compiler.recipes.data import Data, Triplets, Twos
from ...compiler.recipes.record import Recipe
from ...compiler.shape import Shape
from ..data import DataError, Dataset
from ..lowering.plan import ending

if TYPE_CHECKING:
    from ..measuring.figures import Figures

AUXILIARY = 0.3
"""Weight of the losses on further outputs (Szegedy et al., 2014)."""


@dataclass(frozen=True)
class Task:
    """What a network learns. `classes` are names of classes, tags or values."""

    word: ClassVar[str] = ""
    wants: ClassVar[str] = ""
    """What the first output must be."""
    parameter: ClassVar[str] = ""
    """The parameter of a model that the data set."""
    score: ClassVar[str] = "accuracy"
    """The figure that is told while training, also of the examples learned from."""
    best: ClassVar[str] = "val_accuracy"
    """What the best weights are best by, where the recipe does not say."""
    measures: ClassVar[frozenset[str]] = frozenset()
    """The words of `metrics` that it has."""
    strange: ClassVar[tuple[type[learning.Loss], ...]] = (learning.Triplet, learning.Contrastive)
    """Losses that say nothing about it."""
    batch: ClassVar[int] = 64
    mirrored: ClassVar[bool] = True
    """Whether examples may be turned, moved and mirrored without being told."""
    normalized: ClassVar[bool] = True
    """Whether examples are normalised by the data where the recipe says nothing."""

    classes: tuple[str, ...]

    @property
    def figures(self) -> tuple[str, ...]:
        """What an epoch can be judged by."""
        scores = sorted(self.measures - {"top", "confusion"})
        return ("val_loss", *(f"val_{name}" for name in scores), "loss", self.score)

    def widths(self) -> tuple[int, ...]:
        """The widths that the first output may have, the usual one first; empty where any will do."""
        return (len(self.classes),)

    def fits(self, output: Shape, taken: Shape) -> bool:
        """Whether the first output is of the right rank, for an input of the shape `taken`."""
        return output.rank == 0

    def loss(self, output: Output) -> type[learning.Loss]:
        return learning.CrossEntropy

    def losses(self, outputs: tuple[Output, ...]) -> Iterator[learning.Loss]:
        """The default: one loss on the first output, and with less weight on others that look like it."""
        kind = self.loss(outputs[0])
        yield kind()
        alike = tuple(output.name for output in outputs[1:] if output.port.shape == outputs[0].port.shape)
        if alike:
            yield kind(on=alike, weight=AUXILIARY)

    def told(self, figures: Figures) -> str:
        """`accuracy 97.50 % (351 of 360)`"""
        accuracy = figures.scores["accuracy"]
        return f"accuracy {100 * accuracy:.2f} % ({round(accuracy * figures.examples):,} of {figures.examples:,})"


def yes_or_no(output: Output) -> bool:
    """Whether each value is one by itself."""
    return output.port.shape.channels == 1 or ending(output.port) == "sigmoid"


class Classification(Task):
    """One class of several, from a vector of their probabilities; of two classes also as one yes or no."""

    word = "classification"
    wants = "a vector of classes"
    parameter = "classes"
    measures = frozenset({"accuracy", "top", "confusion"})

    def widths(self) -> tuple[int, ...]:
        return (2, 1) if len(self.classes) == 2 else (len(self.classes),)

    def loss(self, output: Output) -> type[learning.Loss]:
        return learning.BinaryCrossEntropy if yes_or_no(output) else learning.CrossEntropy


class Tagging(Task):
    """Any of several classes, each yes or no."""

    word = "tagging"
    wants = "a vector of yes or no for each tag"
    parameter = "classes"
    score = "accuracy"
    best = "val_f1"
    measures = frozenset({"accuracy", "f1"})

    def loss(self, output: Output) -> type[learning.Loss]:
        return learning.BinaryCrossEntropy

    def told(self, figures: Figures) -> str:
        scores = figures.scores
        return f"F1 {scores['f1']:.4f}, {100 * scores['accuracy']:.2f} % of the tags right"


class Segmentation(Task):
    """A class at every place: of a picture, of a volume, of a series."""

    word = "segmentation"
    wants = "a map of classes"
    parameter = "classes"
    best = "val_iou"
    measures = frozenset({"accuracy", "iou", "pixel_error", "confusion"})
    batch = 16

    def widths(self) -> tuple[int, ...]:
        return (2, 1) if len(self.classes) == 2 else (len(self.classes),)

    def fits(self, output: Shape, taken: Shape) -> bool:
        return output.rank == (taken.rank or 1) and output.rank > 0

    def loss(self, output: Output) -> type[learning.Loss]:
        return learning.BinaryCrossEntropy if yes_or_no(output) else learning.CrossEntropy

    def told(self, figures: Figures) -> str:
        scores = figures.scores
        return f"IoU {scores['iou']:.4f}, {100 * scores['accuracy']:.2f} % of the places right"


class Regression(Task):
    """Measured numbers."""

    word = "regression"
    wants = "a vector of values"
    parameter = "values"
    score = "mae"
    best = "val_loss"
    measures = frozenset({"mae", "rmse", "r2"})
    strange = (learning.CrossEntropy, learning.Dice, *Task.strange)
    mirrored = False

    def loss(self, output: Output) -> type[learning.Loss]:
        return learning.MeanSquaredError

    def told(self, figures: Figures) -> str:
        scores = figures.scores
        return f"mean error {scores['mae']:.4g}, root mean square {scores['rmse']:.4g}, R2 {scores['r2']:.4f}"


class Reconstruction(Task):
    """The example itself, as autoencoders give it back."""

    word = "reconstruction"
    wants = "a map like the input"
    score = "mae"
    best = "val_loss"
    measures = frozenset({"mae", "rmse", "r2"})
    strange = (learning.CrossEntropy, learning.Dice, *Task.strange)
    mirrored = False
    normalized = False

    def widths(self) -> tuple[int, ...]:
        return ()

    def fits(self, output: Shape, taken: Shape) -> bool:
        return output == taken

    def loss(self, output: Output) -> type[learning.Loss]:
        return learning.MeanSquaredError

    def told(self, figures: Figures) -> str:
        return f"mean error {figures.scores['mae']:.4g}, root mean square {figures.scores['rmse']:.4g}"


class Embedding(Task):
    """Vectors that lie near each other where the examples are of one class."""

    word = "embedding"
    wants = "vectors"
    measures = frozenset({"accuracy"})
    strange = ()

    def widths(self) -> tuple[int, ...]:
        return ()

    def losses(self, outputs: tuple[Output, ...]) -> Iterator[learning.Loss]:
        names = tuple(output.name for output in outputs)
        yield {2: learning.Contrastive, 3: learning.Triplet}[len(names)](on=names) if names[1:] else learning.Triplet()


OF_TARGET: dict[str, type[Task]] = {
    "classes": Classification, "tags": Tagging, "masks": Segmentation, "values": Regression, "input": Reconstruction,
}  # fmt: skip


def task_of(checked: Checked, data: Dataset, recipe: Recipe) -> Task:
    """What is to be learned. DataError where the model gives nothing of the kind."""
    task = chosen(checked, data, recipe)
    output, taken = checked.outputs[0].port.shape, checked.inputs[0].facts.output
    if not task.fits(output, taken):
        raise DataError(f"`{checked.name}` gives {output}; for data of {data.known or 'this kind'} it must give "
                        f"{task.wants}")  # fmt: skip
    return task


def chosen(checked: Checked, data: Dataset, recipe: Recipe) -> Task:
    if data.target != "classes":
        return OF_TARGET[data.target](data.classes)
    said = recipe.everything()
    if any(isinstance(one.entry, (learning.Triplet, learning.Contrastive)) for one in said):
        return Embedding(data.classes)
    if sampler(recipe) is Twos:
        return Classification(("different", "same"))
    if sampler(recipe) is Triplets and len(checked.inputs) == 3:
        return Embedding(data.classes)
    shape = checked.outputs[0].port.shape
    if any(isinstance(one.entry, learning.Loss) and one.entry.target == "input" for one in said) or (
        shape.rank and shape == checked.inputs[0].facts.output
    ):
        return Reconstruction(data.classes)
    return Classification(data.classes)


def sampler(recipe: Recipe) -> type | None:
    """How the recipe puts examples together."""
    said = recipe.one(Data)
    return type(said.sample) if said is not None and said.sample is not None else None
