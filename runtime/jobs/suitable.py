"""Whether a recipe suits the task, the data and the outputs of the model: told before torch is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from math import prod

from ...compiler.chosen import frozen
from ...compiler.diagnostics import UserError
from ...compiler.graph import Checked
from ...compiler.limits import WHITENED
from ...compiler.recipes import course, learning, steps
from ...compiler.recipes.base import chosen
from ...compiler.recipes.data import Data
from ...compiler.recipes.record import Recipe
from ..data import Dataset
from ..lowering.plan import ending
from .adapt import normalizes, wants_255
from .job import batch_of, evaluation, sizes
from .stages import stages
from .task import Classification, Regression, Tagging, Task

ANY_RANK = (steps.Normalize, steps.Standardize, steps.Noise, steps.HistogramMatch, steps.ChannelShift)
"""Steps for examples of any rank."""
OF_VOLUMES = (
    *ANY_RANK, *steps.SIZING, steps.HFlip, steps.VFlip, steps.Affine, steps.Elastic, steps.Brightness, steps.Contrast,
)  # fmt: skip
"""Steps that volumes take as well; what moves places moves all slices alike, elastic in all directions."""


def require_suitable(recipe: Recipe, task: Task, checked: Checked, data: Dataset) -> None:
    """UserError with the first thing that does not suit."""
    of_recipe = of_metrics(recipe, task), of_mixing(recipe, task), of_batches(recipe), of_range(recipe, checked)
    of_data = of_steps(recipe, data), of_whitening(recipe, prod(sizes(checked.inputs[0].facts.output)))
    of_learning = of_losses(recipe, checked), of_task(recipe, task, data), of_figures(recipe, task), of_rates(recipe)
    of_outputs = of_tags(task, checked), of_ends(recipe, checked)
    for fault in chain(*of_recipe, *of_data, *of_learning, *of_outputs, of_single(recipe, checked, len(data.train))):
        raise UserError(fault)


def unlearned(recipe: Recipe, checked: Checked) -> Iterator[str]:
    """What is measured, where no loss is on it."""
    first = checked.outputs[0].name
    losses = [said.entry for said in recipe.everything() if isinstance(said.entry, learning.Loss)]
    if not any(loss.on is None or first in loss.on for loss in losses):
        yield f"`{first}` is what is measured and kept by, as the first output, but no loss is on it"


def remarks(recipe: Recipe, task: Task, examples: int) -> Iterator[str]:
    """What is not as it was said, or says nothing, in words."""
    times = recipe.one(course.RepeatSamples)
    examples *= times.times if times is not None else 1
    for size in {e.entry.size: None for e in recipe.everything() if isinstance(e.entry, course.Batch)}:
        if size > examples:
            yield f"`batch {size:,}`: there are {examples:,} examples to learn from, which is what each step sees"
    said = recipe.one(course.Measures)
    for metric in said.measures if said is not None else ():
        if isinstance(metric, course.Top) and metric.k >= len(task.classes):
            yield f"`top({metric.k})` is always right: there are {len(task.classes)} classes"


def of_metrics(recipe: Recipe, task: Task) -> Iterator[str]:
    said = recipe.one(course.Measures)
    for metric in said.measures if said is not None else ():
        if metric.word not in task.measures:
            there = ", ".join(f"`{word}`" for word in sorted(task.measures))
            yield f"`metrics {metric.word}` does not suit {task.word}, which has {there}"


def of_figures(recipe: Recipe, task: Task) -> Iterator[str]:
    """By what the best is chosen and the end is found."""
    for said in recipe.everything():
        by = said.entry.by if isinstance(said.entry, (course.Keep, course.Stop)) else None
        if by is not None and by not in task.figures:
            there = ", ".join(f"`{name}`" for name in task.figures)
            yield f"`{said.entry.word} by={by}` does not suit {task.word}, which has {there}"


def of_task(recipe: Recipe, task: Task, data: Dataset) -> Iterator[str]:
    """Losses that do not say how well it is done."""
    for said in recipe.everything():
        loss = said.entry
        if not isinstance(loss, learning.Loss) or loss.target == "input":
            continue
        if isinstance(loss, task.strange):
            fits = ", ".join(f"`{chosen(kind)}`" for kind in LOSSES if not issubclass(kind, task.strange))
            yield f"`{loss.word}` does not suit {task.word}, which has {fits}"
        if isinstance(loss, learning.KLNormal) and len(loss.on or ()) != 2:
            yield f"`{loss.word}` is on two outputs, means and logarithms of variances: `on=(mean, variance)`"
        if isinstance(loss, learning.BinaryCrossEntropy) and isinstance(task, Regression):
            low, high = float(data.train.labels.min()), float(data.train.labels.max())
            if low < 0 or high > 1:
                yield f"`{loss.word}` takes values from 0 to 1; those of the data run from {low:.4g} to {high:.4g}"


LOSSES = (
    learning.CrossEntropy, learning.BinaryCrossEntropy, learning.MeanSquaredError, learning.MeanAbsoluteError,
    learning.SmoothL1, learning.Dice, learning.Triplet, learning.Contrastive,
)  # fmt: skip
"""Those on one output and what is known of it, or on several vectors."""


def of_rates(recipe: Recipe) -> Iterator[str]:
    """A schedule goes down from the rate."""
    for part in [recipe.within(phase) for phase in recipe.phases] or [recipe]:
        schedule, rule = part.one(learning.Schedule), part.one(learning.Optimizer)
        least = getattr(schedule, "min", 0.0)
        if schedule is not None and rule is not None and least > rule.lr:
            yield f"`{schedule.word}, min={least:g}` is above the learning rate, {rule.lr:g}"


def of_single(recipe: Recipe, checked: Checked, examples: int) -> Iterator[str]:
    """Batch normalisation wants two values of each channel at least."""
    norms = [n.path for n in checked.nodes if n.op.word == "batchnorm" and n.inputs[0].shape.area == 1]
    for stage in stages(recipe, examples):
        held = frozen(stage.recipe, checked)
        live = [path for path in norms if not any(weight.startswith(f"{path}.") for weight in held)]
        if live and stage.least(examples) == 1:
            yield (f"`batchnorm` at `{live[0]}` has one value of each channel where a step, or a part of it, has one "
                   f"example: `batch {stage.batch}, split={stage.split}` leaves such a one")  # fmt: skip


def of_mixing(recipe: Recipe, task: Task) -> Iterator[str]:
    for said in recipe.everything():
        if isinstance(said.entry, course.Mix) and not isinstance(task, Classification):
            yield f"`mix` mixes classes of examples: it does not suit {task.word}"


def of_steps(recipe: Recipe, data: Dataset) -> Iterator[str]:
    rank = 2 if data.shape is None else len(data.shape) - 1
    if rank == 2:
        return
    allowed = OF_VOLUMES if rank == 3 else ANY_RANK
    for said in recipe.everything():
        for step in said.entry.steps if isinstance(said.entry, steps.Steps) else ():
            if not isinstance(step, allowed):
                kind = {0: "vectors", 1: "series", 3: "volumes"}[rank]
                yield f"`{step.word}` is for pictures, the data are {kind}: {data.name}"


def of_whitening(recipe: Recipe, values: int) -> Iterator[str]:
    """One measurement stands for all of them: through `evaluate:`, in the size of the model."""
    chains = [one.entry.steps for one in recipe.everything() if isinstance(one.entry, steps.Steps)]
    found = [[step for step in steps_ if isinstance(step, steps.Standardize) and step.zca] for steps_ in chains]
    wanted = next(filter(None, found), None)
    if wanted is None:
        return
    what = "`standardize zca=true`"
    if values > WHITENED:
        yield (f"{what} takes examples of {WHITENED:,} values, those of the model have {values:,}: "
               f"its matrix would have {values * values:,}")  # fmt: skip
    if len(wanted) > 1 or any(others not in ([], wanted) for others in found):
        yield f"{what} stands once in a chain, and is the same in all of them"
    if wanted[0] not in evaluation(recipe):
        yield f"{what} is measured through `evaluate:`, which lacks it"
    for steps_ in chains:
        for step in steps_[steps_.index(wanted[0]) + 1 :] if wanted[0] in steps_ else ():
            if isinstance(step, steps.SIZING):
                yield f"{what} takes examples of one size: `{step.word}` comes before it"


def of_range(recipe: Recipe, checked: Checked) -> Iterator[str]:
    """Nothing else says what values are."""
    said = recipe.one(Data)
    if said is None or said.range is None:
        return
    if wants_255(checked) or normalizes(checked):
        yield f"`range=` and `{checked.name}`, which brings values into its own range"
    for one in recipe.everything():
        chain = one.entry.steps if isinstance(one.entry, steps.Steps) else ()
        if sum(isinstance(step, (steps.Normalize, steps.Standardize)) for step in chain) > 1:
            yield f"`range=` and another step of `{one.entry.entry}` that says what values are: leave one of them out"


def of_batches(recipe: Recipe) -> Iterator[str]:
    wanted = batch_of(recipe)
    for said in recipe.everything():
        if wanted is not None and isinstance(said.entry, course.Batch) and said.entry.size != wanted:
            yield f"`batch {said.entry.size}` and `sample=triplets`, which makes batches of {wanted}"


def of_losses(recipe: Recipe, checked: Checked) -> Iterator[str]:
    names = [output.name for output in checked.outputs]
    yield from of_places(recipe, {output.name: output.port.shape.rank for output in checked.outputs})
    for said in recipe.everything():
        for name in (said.entry.on or ()) if isinstance(said.entry, learning.Loss) else ():
            if name not in names:
                yield f"`{said.entry.word}` is on `{name}`, which is no output of `{checked.name}`: " + ", ".join(names)


def of_tags(task: Task, checked: Checked) -> Iterator[str]:
    """Several of them may be right."""
    first = checked.outputs[0]
    if isinstance(task, Tagging) and ending(first.port) in SHARED:
        yield (f"each tag of the data is a yes or no, but output `{first.name}` ends in "
               f"{ending(first.port)}, of which one is right: end it in `sigmoid`")  # fmt: skip


SHARED = ("softmax", "log_softmax")
"""Activations by which all values of an output are one distribution."""


def of_ends(recipe: Recipe, checked: Checked) -> Iterator[str]:
    """Losses that contain another activation than the one the output ends in."""
    for said in recipe.everything():
        loss = said.entry
        if not isinstance(loss, learning.Loss):
            continue
        for output in checked.outputs:
            if output.name not in (loss.on or [checked.outputs[0].name]):
                continue
            end, several = ending(output.port), output.port.shape.channels != 1
            if isinstance(loss, learning.BinaryCrossEntropy) and end in SHARED:
                yield (f"`{loss.word}` is of values that are yes or no, but output `{output.name}` ends in {end}, of "
                       f"which one is right: `loss cross_entropy`, or end it in `sigmoid`")  # fmt: skip
            if isinstance(loss, learning.CrossEntropy) and end == "sigmoid" and several:
                yield (f"`{loss.word}` is of one class among several, but output `{output.name}` ends in sigmoid, yes "
                       f"or no for each: `loss binary_cross_entropy`, or end it in `softmax`")  # fmt: skip


def of_places(recipe: Recipe, ranks: dict[str, int]) -> Iterator[str]:
    """What only maps have, by the rank of each output."""
    for said in recipe.everything():
        loss = said.entry
        if not isinstance(loss, learning.Loss):
            continue
        what = "`loss dice`" if isinstance(loss, learning.Dice) else "`weight_map=`" if loss.weight_map else ""
        for name in (loss.on or list(ranks)[:1]) if what else ():
            if ranks.get(name) == 0:
                yield f"{what} is over the places of a map, but output `{name}` has none"
