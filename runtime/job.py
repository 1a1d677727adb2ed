"""All that a run needs, settled before torch is loaded: model, data, recipe."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..compiler.graph import Checked
from ..compiler.pipeline import Compiled
from ..compiler.recipes import steps
from ..compiler.recipes.course import Seed
from ..compiler.recipes.data import Data
from ..compiler.recipes.record import Recipe, from_json, plain, to_json
from .adapt import Changes, wants_255
from .data import Dataset
from .data.statistics import statistics
from .defaults import Task
from .plan import Plan

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
    def input(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        height, width, channels = self.checked.inputs[0].facts.output
        assert height is not None
        assert width is not None
        assert channels is not None
        return height, width, channels

    @property
    def to_255(self) -> bool:
        return wants_255(self.checked)


def task_of(checked: Checked, data: Dataset) -> Task:
    """What the defaults hang on."""
    channels = min(data.channels, checked.inputs[0].facts.output.channels or data.channels)
    known = wants_255(checked)
    mean, std = ((), ()) if known else statistics(data.train, data.channels)
    if channels == 1 and len(mean) == 3:
        mean, std = (round(sum(mean) / 3, 3),), (round(sum(std) / 3, 3),)
    outputs = checked.outputs
    return Task(
        checked.macs or 0,
        len(data.train),
        tuple(output.name for output in outputs),
        tuple(output.port.shape.channels or 0 for output in outputs),
        data.shape is not None and max(data.shape[:2]) <= 28,
        mean,
        std,
    )


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
        "head": Plan(job.checked, "folded").folded[0],
        "device": job.device,
        "data": {
            "source": plain(said.source) if said is not None else None,
            "name": job.data.name,
            "classes": list(job.data.classes),
            "train": len(job.data.train),
            "held": len(job.data.held),
            "skipped": list(job.data.skipped),
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
