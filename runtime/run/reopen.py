"""A run folder -> the job that ran in it: for `--resume`, `eval` and `predict`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from ...compiler.constants import constant
from ...compiler.pipeline import Compiled, Options, compile_path
from ...compiler.recipes.record import Recipe
from ...compiler.shape import Shape
from ..data import Dataset
from ..jobs.adapt import Changes
from ..jobs.job import Job
from .origin import STAYED, Moved, opened, recipe_in, require_same
from .run_folder import RunFolder


def reopened(folder: RunFolder, device: str = "auto", moved: Moved = STAYED) -> Job:
    """The job, with its data opened again. UserError where they are others now."""
    config = folder.read_config()
    recipe = recipe_in(folder, moved)
    data = data_of(folder, recipe, moved)
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


def data_of(folder: RunFolder, recipe: Recipe, moved: Moved = STAYED) -> Dataset:
    """The data of the recipe. UserError where they are others than those that the run began with."""
    config, data = folder.read_config(), opened(recipe)
    if moved:
        require_same(data, config, moved.told, f"these are not the data of {folder}")
    else:
        weights = next((file for file in (folder.last, folder.best) if file.exists()), None)
        begin = shlex.join(["cnnc", "train", str(folder.model), "--weights", str(weights)])
        anew = f"; `{begin}` begins anew with its weights" if weights else ""
        way = f"bring back what it began with, or say with `--data` where that is now{anew}"
        require_same(data, config, f"{folder}: the data changed since the run began", way)
    return data
