"""ONNX with weights: read from a file, handed over, or drawn as they begin."""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...compiler.backends.onnx import Form, Mixed, Preprocessing, Sample, export
from ...compiler.diagnostics import UserError
from ...compiler.graph import Checked
from ...compiler.recipes import steps
from ...compiler.recipes.record import Recipe
from ..jobs.adapt import wants_255
from ..run.run_folder import RunFolder
from ..weights import Loading, fitted
from ..weights.load import Path, as_loading
from ..weights.safetensors_file import tensors
from .folded import Weights, folded
from .initialize import Beginning

Array = np.ndarray[Any, Any]


def export_onnx(
    checked: Checked,
    path: str | os.PathLike[str],
    weights: Path | Loading | Mapping[str, Any] | None = None,
    *,
    layout: str | None = None,
    properties: Mapping[str, str] = {},
    fold: bool = False,
    **form: Any,
) -> None:
    """Write ONNX. `weights` is a file (`layout` as in `Loading`), arrays by path, or None: drawn from seed 0.

    `fold` puts batch normalisation into the layers before it and computes once what hangs on weights alone. `form` are
    fields of `Form`: `opset`, `first_only`, `precision`, `preprocessing`.
    """
    network = checked
    arrays: Weights = numbers(checked, weights, layout)
    if fold:
        network, arrays = folded(checked, arrays)
    export(network, path, arrays, Form(constants=fold, **form), properties)


def numbers(
    checked: Checked, weights: Path | Loading | Mapping[str, Any] | None, layout: str | None = None
) -> Mapping[str, Array]:
    """The arrays of all weights, by path; those of a file, and those drawn, are made when they are asked for."""
    if weights is None:
        return drawn(checked)
    if isinstance(weights, Mapping):
        return {path: np.asarray(weights[path]) for path in checked.weights}
    return completed(checked, fitted(checked, as_loading(weights, layout)).arrays)


def completed(checked: Checked, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
    """What a partial load left out begins as training would begin."""
    return arrays if len(arrays) == len(checked.weights) else ChainMap(arrays, drawn(checked))  # type: ignore[arg-type]


def drawn(checked: Checked, seed: int = 0) -> Beginning:
    """The weights of a network that has learnt nothing yet."""
    return Beginning(checked.weights, seed)


def preprocessing(checked: Checked, recipe: Recipe, folder: RunFolder | None = None) -> Preprocessing:
    """What the recipe does to a picture of the network's size before the network sees it, with what the run in
    `folder` measured for it. UserError where that is neither `normalize` nor `standardize`."""
    said = recipe.one(steps.Evaluate)
    found = Preprocessing()
    for step in said.steps if said is not None else ():
        if isinstance(step, steps.Normalize):
            found = found.then(*(in_colour(numbers, checked) for numbers in step.statistics))
        elif isinstance(step, steps.Standardize) and (step.per == "sample" or step.zca):
            if step.per == "sample":
                found = found.behind(Sample(step.center, step.scale))
            if step.zca:
                mean, matrix = measured(folder)
                found = found.then(mean, 1.0).behind(Mixed(matrix))
        elif not isinstance(step, (steps.Resize, steps.CenterCrop)):  # sizes are the caller's matter
            hint = (
                "export the run that measured it" if isinstance(step, steps.Standardize) else "leave out `--preprocess`"
            )
            message = f"`{step.word}` of the recipe has no place in an exported model: {hint}"
            raise UserError(message)
    return found.then(0.0, 1 / 255) if wants_255(checked) else found


def measured(folder: RunFolder | None) -> tuple[Array, Array]:
    """Mean and matrix of `standardize zca=true`. UserError where they are lost, or were never measured."""
    if folder is None:
        message = "`standardize zca=true` is measured by a training: export its run, or leave out `--preprocess`"
        raise UserError(message)
    if not folder.whitening.exists():
        raise UserError(f"{folder.whitening} is not there: `standardize zca=true` of the run needs it")
    found, _ = tensors(folder.whitening)
    return found["mean"].read(), found["matrix"].read()


def in_colour(numbers: tuple[float, ...], checked: Checked) -> tuple[float, ...]:
    """Statistics of colours for a network that takes gray pictures: their average."""
    gray = len(numbers) == 3 and checked.inputs[0].facts.output.channels == 1
    return (sum(numbers) / 3,) if gray else numbers
