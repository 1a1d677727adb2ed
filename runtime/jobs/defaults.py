"""What a recipe does not say, filled in: a strong recipe of today, told when the run starts.

AdamW at 2e-3 with weight decay 0.05 on all but biases and normalisation, one epoch of warm-up, a
cosine down to 0; a run of fewer than 8 epochs rises in an eighth of its steps.
Whoever writes an optimizer gets what is written: a constant rate where no schedule stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ...compiler.diagnostics import UserError
from ...compiler.graph import Output
from ...compiler.recipes import course, learning, steps
from ...compiler.recipes.base import Entry
from ...compiler.recipes.data import Data, Digits
from ...compiler.recipes.record import Recipe, Said
from ...compiler.recipes.types import Length, Shift
from .stages import stages
from .task import Task

EPOCHS = (8, 40)
"""The fewest and the most epochs without being asked."""
WORK = 6.5e12
"""Multiply-accumulates and their gradients that decide between these: about a minute of two CPU cores."""


class Basis(NamedTuple):
    """What defaults hang on. `macs` is that of one example; `mean` and `std` are those of the data, per channel."""

    task: Task
    macs: int
    examples: int
    outputs: tuple[Output, ...]
    pictures: bool
    small: bool
    batch: int = 64
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()


def completed(recipe: Recipe, basis: Basis) -> Recipe:
    """The recipe with an entry for everything that a run asks for; what it says stays."""
    full = risen(filled(recipe, basis), basis)
    return measured(normalized(ranged(sized(full)), basis, words(recipe)), basis)


def words(recipe: Recipe) -> set[str]:
    """The entries that it says itself, whatever its phases say."""
    return {said.entry.entry for said in recipe.said if not leaves_decay_open(said.entry)}


def filled(recipe: Recipe, basis: Basis) -> Recipe:
    """The recipe with what it lacks; what only some phases lack stands in these."""
    lacks = [tuple(missing(words(recipe.within(phase)), basis)) for phase in recipe.phases]
    if not lacks:
        return recipe.having(missing(words(recipe), basis))
    common = [entry for entry in lacks[0] if all(entry in others for others in lacks)]
    phases = (
        phase._replace(said=(*phase.said, *(Said(entry) for entry in lack if entry not in common)))
        for phase, lack in zip(recipe.phases, lacks)
    )
    return recipe.having(common)._replace(phases=tuple(phases))


def leaves_decay_open(entry: Entry) -> bool:
    """Whether it says of some weights something else than how they decay."""
    return isinstance(entry, learning.Params) and entry.weight_decay is None


def missing(said: set[str], basis: Basis) -> Iterator[Entry]:
    """The entries a recipe lacks."""
    if "data" not in said:
        yield Data(source=Digits())
    if "augment" not in said:
        yield steps.Augment(steps=changes(basis))
    if "loss" not in said:
        yield from basis.task.losses(basis.outputs)
    if "optimizer" not in said:
        yield learning.AdamW(lr=2e-3, weight_decay=0.05)
        if "params" not in said:
            yield learning.Params(patterns=("vectors",), weight_decay=0.0)
    if "schedule" not in said:
        yield learning.Constant() if "optimizer" in said else COSINE
    if "batch" not in said:
        yield course.Batch(size=basis.batch)
    if "epochs" not in said and "steps" not in said:
        yield course.Epochs(count=epochs(basis))
    if "keep" not in said:
        yield course.Keep(by=basis.task.best)
    yield from (made for made in COURSE if made.entry not in said)


COSINE = learning.Cosine(warmup=Length(1, "epochs"))
COURSE = (course.Precision(what="mixed"), course.Seed(number=0))


def epochs(basis: Basis) -> int:
    """More where the network is small."""
    fewest, most = EPOCHS
    return min(max(round(WORK / max(6 * basis.macs * basis.examples, 1)), fewest), most)


def risen(recipe: Recipe, basis: Basis) -> Recipe:
    """The recipe whose own cosine warms up for an eighth of its shortest phase, where that is less than an epoch."""
    found = [stage for stage in stages(recipe, basis.examples) if stage.recipe.one(learning.Schedule) is COSINE]
    shortest = min(found, key=lambda stage: stage.steps / stage.per_epoch, default=None)
    if shortest is None or shortest.epochs >= 8:
        return recipe
    brief = learning.Cosine(warmup=Length(round(shortest.steps / 8), "steps"))

    def over(said: tuple[Said, ...]) -> tuple[Said, ...]:
        return tuple(one._replace(entry=brief) if one.entry is COSINE else one for one in said)

    phases = tuple(phase._replace(said=over(phase.said)) for phase in recipe.phases)
    return recipe._replace(said=over(recipe.said), phases=phases)


def changes(basis: Basis) -> tuple[steps.Step, ...]:
    """Pictures a little turned, moved and zoomed; larger ones are also mirrored, digits may not be."""
    if not basis.pictures or not basis.task.mirrored:
        return ()
    affine = steps.Affine(rotation=(10.0,), shift=(Shift(0.1),), zoom=(0.1,))
    return (affine,) if basis.small else (steps.HFlip(), affine)


def normalized(recipe: Recipe, basis: Basis, said: set[str]) -> Recipe:
    """`evaluate: normalize` by the data, and the same at the end of `augment`, where nothing else is said."""
    augment = recipe.one(steps.Augment)
    done = augment is not None and any(isinstance(s, (steps.Normalize, steps.Standardize)) for s in augment.steps)
    if "evaluate" in said or augment is None:
        return recipe
    sized = tuple(evaluated(step) for step in augment.steps if not random(step))
    if done or not basis.mean:
        return recipe.having([steps.Evaluate(steps=sized)])
    step = steps.Normalize(mean=basis.mean, std=basis.std)
    others = tuple(
        one._replace(entry=steps.Augment(steps=(*augment.steps, step))) if one.entry is augment else one
        for one in recipe.said
    )
    return recipe._replace(said=others).having([steps.Evaluate(steps=(*sized, step))])


def random(step: steps.Step) -> bool:
    """Whether a step is drawn, and so has no place where examples are measured."""
    return not isinstance(step, (*steps.SIZING, steps.Normalize, steps.Standardize))


def evaluated(step: steps.Step) -> steps.Step:
    """The step without chance: the middle in place of a random crop."""
    if isinstance(step, steps.Crop):
        return steps.CenterCrop(size=step.size)
    if isinstance(step, steps.ResizedCrop):
        return steps.Resize(size=step.size * (3 - len(step.size)))
    return step


def sized(recipe: Recipe) -> Recipe:
    """`data ..., size=, longest=` as the first step of `augment` and, where it is said, of `evaluate`."""
    said = recipe.one(Data)
    if said is None or (said.size is None and said.longest is None):
        return recipe
    first = steps.Resize(size=said.size, longest=said.longest)
    return changed_steps(recipe, lambda chain: chain if chain[:1] == (first,) else (first, *chain))


def ranged(recipe: Recipe) -> Recipe:
    """`data ..., range=(-1, 1)` as the last step of `augment` and, where it is said, of `evaluate`, by which 0 and 1
    become these values."""
    said = recipe.one(Data)
    if said is None or said.range is None:
        return recipe
    if len(said.range) != 2 or not said.range[0] < said.range[1]:
        raise UserError(f"`range=` is a smaller and a larger number, as in `range=(-1, 1)`, found {said.range}")
    black, white = said.range
    last = steps.Normalize(mean=(-black / (white - black),), std=(1 / (white - black),))
    return changed_steps(recipe, lambda chain: chain if chain[-1:] == (last,) else (*chain, last))


def measured(recipe: Recipe, basis: Basis) -> Recipe:
    """`standardize per=data` as `normalize` by the numbers of the data."""

    def settled(step: steps.Step) -> steps.Step:
        if not isinstance(step, steps.Standardize) or step.per != "data" or step.zca or not basis.mean:
            return step
        mean = basis.mean if step.center else (0.0,)
        return steps.Normalize(mean=mean, std=basis.std if step.scale else None)

    return changed_steps(recipe, lambda chain: tuple(map(settled, chain)))


def changed_steps(recipe: Recipe, change: Callable[[tuple[steps.Step, ...]], tuple[steps.Step, ...]]) -> Recipe:
    """The recipe with other chains of steps, those of phases too."""

    def over(said: tuple[Said, ...]) -> tuple[Said, ...]:
        return tuple(
            one._replace(entry=one.entry.changed(steps=change(one.entry.steps)))
            if isinstance(one.entry, steps.Steps)
            else one
            for one in said
        )

    phases = tuple(phase._replace(said=over(phase.said)) for phase in recipe.phases)
    return recipe._replace(said=over(recipe.said), phases=phases)
