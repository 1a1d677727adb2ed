"""What a recipe does not say, filled in: a strong recipe of today, told when the run starts.

AdamW at 2e-3 with weight decay 0.05 on all but biases and normalisation, one epoch of warm-up, a cosine down to 0.
Whoever writes an optimizer gets what is written: a constant rate where no schedule stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..compiler.recipes import course, learning, steps
from ..compiler.recipes.base import Entry
from ..compiler.recipes.data import Data, Digits
from ..compiler.recipes.record import Recipe
from ..compiler.recipes.types import Length, Shift

BATCH = 64
EPOCHS = (8, 40)
"""The fewest and the most epochs without being asked."""
WORK = 6.5e12
"""Multiply-accumulates and their gradients that decide between these: about a minute of two CPU cores."""
AUXILIARY = 0.3
"""Weight of the losses on further outputs (Szegedy et al., 2014)."""


class Task(NamedTuple):
    """What defaults hang on. `macs` is that of one example; `mean` and `std` are those of the data, per channel."""

    macs: int
    examples: int
    outputs: tuple[str, ...]
    widths: tuple[int, ...]
    small: bool
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()


def completed(recipe: Recipe, task: Task) -> Recipe:
    """The recipe with an entry for everything that a run asks for; what it says stays."""
    said = {one.entry.entry for one in recipe.everything()}
    return normalized(recipe.having(missing(said, task)), task, said)


def missing(said: set[str], task: Task) -> Iterator[Entry]:
    """The entries a recipe lacks."""
    if "data" not in said:
        yield Data(source=Digits())
    if "augment" not in said:
        yield steps.Augment(steps=changes(task))
    if "loss" not in said:
        yield from losses(task)
    if "optimizer" not in said:
        yield learning.AdamW(lr=2e-3, weight_decay=0.05)
        if "params" not in said:
            yield learning.Params(patterns=("vectors",), weight_decay=0.0)
    if "schedule" not in said:
        yield learning.Constant() if "optimizer" in said else learning.Cosine(warmup=Length(1, "epochs"))
    if "batch" not in said:
        yield course.Batch(size=BATCH)
    if "epochs" not in said and "steps" not in said:
        yield course.Epochs(count=epochs(task))
    yield from (made for made in COURSE if made.entry not in said)


COURSE = (course.Keep(), course.Precision(what="mixed"), course.Seed(number=0))


def epochs(task: Task) -> int:
    """More where the network is small."""
    fewest, most = EPOCHS
    return min(max(round(WORK / max(6 * task.macs * task.examples, 1)), fewest), most)


def changes(task: Task) -> tuple[steps.Step, ...]:
    """A little turned, moved and zoomed; larger pictures are also mirrored, digits may not be."""
    affine = steps.Affine(rotation=(10.0,), shift=(Shift(0.1),), zoom=(0.1,))
    return (affine,) if task.small else (steps.HFlip(), affine)


def losses(task: Task) -> Iterator[learning.Loss]:
    """Cross entropy on the first output, and with less weight on others that look like it."""
    kind = learning.BinaryCrossEntropy if task.widths[0] == 1 else learning.CrossEntropy
    yield kind()
    alike = tuple(name for name, width in zip(task.outputs[1:], task.widths[1:]) if width == task.widths[0])
    if alike:
        yield kind(on=alike, weight=AUXILIARY)


def normalized(recipe: Recipe, task: Task, said: set[str]) -> Recipe:
    """`evaluate: normalize` by the data, and the same at the end of `augment`, where nothing else is said."""
    augment = recipe.one(steps.Augment)
    done = augment is not None and any(isinstance(s, (steps.Normalize, steps.Standardize)) for s in augment.steps)
    if "evaluate" in said or augment is None:
        return recipe
    sized = tuple(evaluated(step) for step in augment.steps if not random(step))
    if done or not task.mean:
        return recipe.having([steps.Evaluate(steps=sized)])
    step = steps.Normalize(mean=task.mean, std=task.std)
    others = tuple(
        one._replace(entry=steps.Augment(steps=(*augment.steps, step))) if one.entry is augment else one
        for one in recipe.said
    )
    return recipe._replace(said=others).having([steps.Evaluate(steps=(*sized, step))])


def random(step: steps.Step) -> bool:
    """Whether a step is drawn, and so has no place where examples are measured."""
    fixed = (steps.Resize, steps.CenterCrop, steps.Crop, steps.ResizedCrop, steps.Normalize, steps.Standardize)
    return not isinstance(step, fixed)


def evaluated(step: steps.Step) -> steps.Step:
    """The step without chance: the middle in place of a random crop."""
    if isinstance(step, steps.Crop):
        return steps.CenterCrop(size=step.size)
    if isinstance(step, steps.ResizedCrop):
        return steps.Resize(size=step.size * (3 - len(step.size)))
    return step
