"""A run folder -> the job that ran in it: for `--resume`, `eval` and `predict`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...compiler.constants import constant
from ...compiler.diagnostics import UserError
from ...compiler.pipeline import Compiled, Options, compile_path
from ...compiler.recipes.course import Seed
from ...compiler.recipes.data import Data, Digits
from ...compiler.recipes.record import Recipe
from ...compiler.shape import Shape
from ..data import Dataset, open_data
from ..data.examined import examined
from ..data.opening import named
from ..jobs.adapt import Changes
from ..jobs.job import Job, recipe_of
from .run_folder import RunFolder


def reopened(folder: RunFolder, device: str = "auto") -> Job:
    """The job, with its data opened again. UserError where they are others now."""
    config = folder.read_config()
    recipe = recipe_of(config)
    data = opened(recipe)
    require_same(data, config)
    changes = Changes(tuple(config["params"]), tuple(config["inputs"]))
    return Job(compiled(folder, config), changes, data, recipe, config["device"] if device == "auto" else device)


def compiled(folder: RunFolder, config: dict[str, Any]) -> Compiled:
    """The model of the run, from the copy of its text."""
    return compile_path(str(folder.model), asked(config))


def asked(config: Mapping[str, Any]) -> Options:
    """Model, parameters and input sizes, as texts in a configuration, for the compiler."""
    params = {name: constant(value, text) for name, value, text in map(apart, config["params"])}
    inputs = {name: shape_of(value) for name, value, _ in map(apart_shape, config["inputs"])}
    return Options(config["model"], params, inputs)


def apart(text: str) -> tuple[str, str, str]:
    """`classes=10` as name, value and the whole."""
    name, _, value = text.partition("=")
    return name.strip(), value.strip(), text


def apart_shape(text: str) -> tuple[str, str, str]:
    """`left=32x32x3`, or `32x32x3` for the only input."""
    name, _, value = text.rpartition("=")
    return name.strip(), value.strip(), text


def shape_of(text: str) -> Shape:
    return Shape(None if part == "?" else int(part) for part in text.split("x"))


def opened(recipe: Recipe, text: str | None = None) -> Dataset:
    """The data of the recipe, or those of `--data` to measure on."""
    said, seed = recipe.one(Data), recipe.one(Seed)
    entry = to_measure_on(text, said) if text is not None else said
    assert entry is not None
    return open_data(entry, seed.number if seed is not None else 0)


def to_measure_on(text: str, said: Data | None) -> Data:
    """What `--data` names; of the digits it is what a run holds out."""
    found = named(text, said)
    return found if isinstance(found.source, Digits) else examined(found)


def require_same(data: Dataset, config: dict[str, Any]) -> None:
    """UserError where the data changed since the run began."""
    then = config["data"]
    now = {"classes": list(data.classes), "train": len(data.train), "held": len(data.held)}
    for name, value in now.items():
        if then[name] != value:
            raise UserError(f"the data changed since the run began: {name} were {then[name]}, are {value}")
