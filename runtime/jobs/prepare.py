"""From the command line to a job: recipe chosen and changed, data opened, model adapted, defaults filled in."""

from __future__ import annotations

from typing import NamedTuple

from ...compiler.chosen import chosen as chosen
from ...compiler.diagnostics import CompileError, Diagnostics
from ...compiler.fault import Fault
from ...compiler.graph import Checked
from ...compiler.override import overridden
from ...compiler.patterns import against_model
from ...compiler.pipeline import Compiled
from ...compiler.recipes.base import Entry
from ...compiler.recipes.consistent import consistent
from ...compiler.recipes.course import Seed
from ...compiler.recipes.data import Data, Digits
from ...compiler.recipes.learning import Params
from ...compiler.recipes.record import Recipe, Said, told
from ...compiler.recipes.steps import Steps
from ...compiler.source import Source, Span
from ..data import DataError, Dataset, open_data
from ..data.opening import named
from .adapt import Changes, Compile, adapt
from .defaults import completed
from .job import Job, basis
from .runnable import refusals
from .suitable import require_suitable


class Asked(NamedTuple):
    """What the command line says beside the model: `sets` are `--set` and what stands for one, `freeze` patterns of
    weights that are left as they are."""

    recipe: str | None = None
    data: str | None = None
    sets: tuple[str, ...] = ()
    device: str = "auto"
    freeze: tuple[str, ...] = ()


class Prepared(NamedTuple):
    """A job, and one line for each change that the data made to the model."""

    job: Job
    told: tuple[str, ...]


def prepare(compiled: Compiled, given: Changes, asked: Asked, compile: Compile) -> Prepared:
    """Settle everything that can be settled without torch. CompileError or UserError where it cannot."""
    recipe = overridden(chosen(compiled, asked.recipe), list(asked.sets), whole=True)
    recipe = with_settings(with_data(recipe, asked.data), asked.sets)
    require_runnable(recipe)
    return joined(compiled, opened(recipe), recipe, given, asked, compile)


def joined(
    compiled: Compiled, data: Dataset, recipe: Recipe, given: Changes, asked: Asked, compile: Compile
) -> Prepared:
    """Model, data and recipe as one job: what the recipe leaves open follows from the other two."""
    try:
        found, changes, told, task = adapt(compiled, data, recipe, given, compile)
    except DataError as error:  # what was seen in the data may tell why
        raise DataError("; ".join([str(error), *data.remarks])) from None
    recipe = overridden(recipe, [text for text in asked.sets if set_by(text).endswith(LENGTHS)], whole=False)
    full = completed(recipe, basis(found.checked, data, task, recipe))
    full = full._replace(said=full.said + tuple(map(left_alone, asked.freeze)))
    full = overridden(full, list(asked.sets), whole=False)
    require_consistent(full, found.checked)
    require_suitable(full, task, found.checked, data)
    return Prepared(Job(found, changes, data, full, asked.device), told)


def with_data(recipe: Recipe, text: str | None) -> Recipe:
    """The recipe with `--data` in place of what it says."""
    if text is None:
        return recipe
    entry = named(text, recipe.one(Data))
    kept = tuple(said for said in recipe.said if not isinstance(said.entry, Data))
    return recipe._replace(said=kept).having([entry])


LENGTHS = ("epochs.count", "steps.count", "batch.size")
"""Arguments on which defaults hang."""


def set_by(text: str) -> str:
    """What a `--set` changes: `data.size` of `data.size=8`."""
    return text.partition("=")[0].strip()


def with_settings(recipe: Recipe, sets: tuple[str, ...]) -> Recipe:
    """The recipe with `--set data.KEY=VALUE`, which must be known before the data are opened."""
    wanted = [text for text in sets if set_by(text).startswith("data.")]
    if wanted and recipe.one(Data) is None:
        recipe = recipe.having([Data(source=Digits())])
    return overridden(recipe, wanted, whole=False)


def require_runnable(recipe: Recipe) -> None:
    found = tuple(refusals(recipe))
    if found:
        raise CompileError(found)


def require_consistent(recipe: Recipe, checked: Checked) -> None:
    """CompileError where arguments that were changed no longer go together, or name what the model has not."""
    diagnostics = Diagnostics()
    for entry, span in recipe.everything():
        for part in (entry, *(entry.steps if isinstance(entry, Steps) else ())):
            try:
                consistent(part, span or written(entry))
            except Fault as fault:
                diagnostics.error(fault.code, fault.message, fault.span, help=fault.help)
    against_model(recipe, checked, diagnostics)
    diagnostics.raise_if_failed()


def left_alone(pattern: str) -> Said:
    """`--freeze` as an entry."""
    return Said(Params(patterns=(pattern,), freeze=True), spelled("--freeze", pattern))


def written(entry: Entry) -> Span:
    """An entry that no text has, as one."""
    return spelled("--set", told(entry))


def spelled(option: str, text: str) -> Span:
    """The place of what an option says."""
    return Span(Source(option, text), 0, len(text))


def opened(recipe: Recipe) -> Dataset:
    """The data of the recipe, the digits where it names none."""
    seed = recipe.one(Seed)
    return open_data(recipe.one(Data) or Data(source=Digits()), seed.number if seed is not None else 0)
