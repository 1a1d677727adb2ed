"""All that a run needs, settled before torch is loaded: model, data, recipe."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...compiler.diagnostics import UserError
from ...compiler.graph import Checked
from ...compiler.pipeline import Compiled
from ...compiler.recipes import steps
from ...compiler.recipes.course import Seed
from ...compiler.recipes.data import Data, Triplets
from ...compiler.recipes.record import Recipe, from_json, plain, to_json
from ...compiler.shape import Shape
from ..data import Dataset
from ..data.imprint import imprint
from ..data.statistics import gray, statistics
from ..lowering.plan import Plan
from .adapt import Changes, normalizes, wants_255
from .defaults import Basis
from .task import Task, task_of

FORMAT = 1
"""The version of `config.json`."""


class Job(NamedTuple):
    """A model, its data and a recipe that says everything. `pictures` is what the network takes."""

    compiled: Compiled
    changes: Changes
    data: Dataset
    recipe: Recipe
    device: str = "auto"

    @property
    def checked(self) -> Checked:
        return self.compiled.checked

    @property
    def seed(self) -> int:
        said = self.recipe.one(Seed)
        return said.number if said is not None else 0

    @property
    def input(self) -> tuple[int, ...]:
        """The shape of the first input."""
        return sizes(self.checked.inputs[0].facts.output)

    @property
    def task(self) -> Task:
        return task_of(self.checked, self.data, self.recipe)

    @property
    def to_255(self) -> bool:
        return wants_255(self.checked)


def sizes(shape: Shape) -> tuple[int, ...]:
    """A shape whose sizes are all known."""
    if None in shape:
        raise UserError(f"the input is {shape}: say which size with `--input`")
    return tuple(n for n in shape if n is not None)


def basis(checked: Checked, data: Dataset, task: Task, recipe: Recipe) -> Basis:
    """What the defaults hang on."""
    channels = min(data.channels, checked.inputs[0].facts.output.channels or data.channels)
    measured = task.normalized and not wants_255(checked) and not normalizes(checked)
    mean, std = statistics(data.train, data.channels) if measured else ((), ())
    if channels == 1 and len(mean) == 3:
        mean, std = gray(mean, std)
    pictures = data.shape is None or len(data.shape) == 3
    small = data.shape is not None and max(data.shape[:2]) <= 28
    batch = batch_of(recipe) or task.batch
    return Basis(task, checked.macs or 0, len(data.train), checked.outputs, pictures, small, batch, mean, std)


def batch_of(recipe: Recipe) -> int | None:
    """The size of batches where the data entry makes them of a few classes."""
    said = recipe.one(Data)
    sample = said.sample if said is not None else None
    return sample.classes * sample.per_class if isinstance(sample, Triplets) else None


def described(job: Job, version: str, file: str) -> dict[str, Any]:
    """What `config.json` holds: enough to open the run again without the command that began it."""
    said = job.recipe.one(Data)
    return {
        "format": FORMAT,
        "cnnc": version,
        "file": file,
        "model": job.checked.name,
        "params": list(job.changes.params),
        "inputs": list(job.changes.inputs),
        "parameters": job.checked.params,
        "macs": job.checked.macs,
        "input": list(job.input),
        "to_255": job.to_255,
        "task": job.task.word,
        "head": Plan(job.checked, "folded").folded[0],
        "device": job.device,
        "data": {
            "source": plain(said.source) if said is not None else None,
            "name": job.data.name,
            "classes": list(job.data.classes),
            "train": len(job.data.train),
            "held": len(job.data.held),
            "skipped": list(job.data.skipped),
            "imprint": imprint(job.data),
        },
        "recipe": to_json(job.recipe),
    }


def recipe_of(config: dict[str, Any]) -> Recipe:
    """The recipe in a `config.json`."""
    return from_json(config["recipe"])


def evaluation(recipe: Recipe) -> tuple[steps.Step, ...]:
    """The steps by which examples are measured."""
    said = recipe.one(steps.Evaluate)
    return said.steps if said is not None else ()
