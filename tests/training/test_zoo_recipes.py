"""The recipes of the zoo on generated data of the kind each model takes: they train, or are refused by name."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
from cnnc.compiler.chosen import chosen
from cnnc.compiler.graph import Checked
from cnnc.compiler.locate import ZOO
from cnnc.compiler.pipeline import Options, compile_path
from cnnc.compiler.recipes import learning
from cnnc.compiler.recipes.data import Data
from cnnc.compiler.recipes.record import Recipe
from cnnc.runtime.data import Dataset
from cnnc.runtime.jobs.runnable import refusals

from . import generated as made
from .trial import job_of, trained

HEADER = re.compile(r"^train(?: (?!for )(\w+))?(?: for (\w+))?:", re.MULTILINE)
RECIPES = [
    pytest.param(path, name or None, model or None, id=f"{path.stem} {name}".rstrip())
    for path in sorted(ZOO.glob("*.cnn"))
    for name, model in HEADER.findall(path.read_text())
]
REFUSED = {
    "dcgan": {"play gan", "of="}, "yolov3": {"loss yolo", "sizes", "jitter"}, "vgg16_cam": {"explain cam"},
    "facenet_nn2": {"verification", "at="},
}  # fmt: skip
"""What of these is not run, beside their data."""


LARGE = 4e7
"""Weights from which a network is not trained here."""


def fitting(checked: Checked, recipe: Recipe) -> Dataset:
    """A few examples of the kind the model takes and gives, no larger than they must be. What looks like its input is
    that itself, unless the recipe learns classes."""
    taken, given = checked.inputs[0].facts.output, checked.outputs[0].port.shape
    draw = np.random.default_rng(0)
    classes = tuple(f"c{i}" for i in range(max(given.channels or 2, 2)))
    labels = np.arange(8) % 2
    if taken.rank == 2 and given.rank == 0:
        return made.dataset(draw.random((8, 8, 8, taken.channels or 1), np.float32), labels, classes)
    sizes = [min(n or 64, {1: 1024, 2: 64, 3: 16}.get(taken.rank, 64)) for n in taken.spatial]
    marks = checked.inputs[0] in checked.looked_up
    examples = draw.integers(0, 4, (8, *taken)) if marks else draw.random((8, *sizes, taken.channels), np.float32)
    named = any(isinstance(said.entry, learning.CrossEntropy) for said in recipe.everything())
    if given.rank == taken.rank and taken.rank and (given != taken or named):
        masks = draw.integers(0, 2, (8, *sizes), np.uint8)
        return made.dataset(examples, labels, classes, "masks", masks=masks)
    return made.dataset(examples, labels, classes)


def unrun(path: Path, name: str | None, model: str | None) -> set[str]:
    """What of a recipe is refused, its data aside."""
    recipe = chosen(compile_path(str(path), Options(model)), name)
    return {
        re.findall(r"`(.+)` is checked", found.message)[0]
        for found in refusals(recipe._replace(said=tuple(s for s in recipe.said if not isinstance(s.entry, Data))))
    }


@pytest.mark.parametrize(("path", "name", "model"), RECIPES)
def test_what_is_not_run_is_known(path: Path, name: str | None, model: str | None) -> None:
    assert unrun(path, name, model) == REFUSED.get(path.stem, set())


@pytest.mark.proof
@pytest.mark.parametrize(("path", "name", "model"), RECIPES)
def test_two_steps_are_trained(path: Path, name: str | None, model: str | None, tmp_path: Path) -> None:
    if unrun(path, name, model):
        pytest.skip("refused by name")
    sets = ("steps=2", "validate.steps=1", "batch=2", "average=none", "weights=none")
    compiled = compile_path(str(path), Options(model))
    data = fitting(compiled.checked, chosen(compiled, name))
    if job_of(path, data, *sets, recipe=name, model=model).checked.trainable > LARGE:
        pytest.skip("settled; too large to be trained here")
    found = trained(tmp_path, path, data._replace(held=data.held.at(slice(0, 4))), *sets, recipe=name, model=model)
    assert found.trainer.position.step == 2 * len(found.trainer.stages)
    assert math.isfinite(found.rows[-1]["loss"])
