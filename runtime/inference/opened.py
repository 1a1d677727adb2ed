"""What `eval` and `predict` are given: a run folder, ONNX, or a .cnn file with weights. Loads no torch by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...compiler.diagnostics import UserError
from ...compiler.pipeline import Compiled
from ..data import Dataset, Split
from ..data.classes import absent, by_name
from ..jobs.adapt import require_pictures, wants_255
from ..jobs.prepare import chosen
from ..run.origin import opened, recipe_in, require_same
from ..run.reopen import compiled
from ..run.run_folder import RUN, RunFolder

if TYPE_CHECKING:
    from ...compiler.graph import Checked
    from .trained import Trained


def trained_run(name: str, weights: str | None, device: str = "auto") -> tuple[Trained, dict[str, Any]]:
    """The model of a run folder with its best weights, or others."""
    folder = RunFolder(Path(name))
    config = folder.read_config()
    checked = compiled(folder, config).checked
    if weights is None and not folder.best.exists():
        raise UserError(f"{folder}: the run has no weights yet")
    from ..augment.whiten import measured_by
    from ..devices.available import found_device
    from ..jobs.job import recipe_of
    from ..training.whitening import kept
    from .trained import Preparation, from_weights

    found = Preparation.of(config)
    found = found._replace(steps=measured_by(found.steps, kept(folder, recipe_of(config))))
    return from_weights(checked, weights or folder.best, found, found_device(device)), config


def trained_file(found: Compiled, weights: str | None, device: str = "auto") -> tuple[Trained, dict[str, Any] | None]:
    """A .cnn file with weights, and the configuration of the run they come from, where they say it; else pictures go
    through the `evaluate:` of the file's recipe, and classes are numbers."""
    if weights is None:
        raise UserError("which weights? Give a run folder, or `--weights FILE`")
    checked = found.checked
    require_pictures(checked)
    if None in checked.inputs[0].facts.output:
        raise UserError(f"`{checked.name}` takes {checked.inputs[0].facts.output}: say which size with `--input`")
    from ..augment.whiten import whitens
    from ..batches.stock import Wanted
    from ..devices.available import found_device
    from ..jobs.job import evaluation, sizes
    from ..lowering.plan import Plan
    from .trained import Preparation, from_weights

    config = known_to(weights, checked)
    if config is not None:
        return from_weights(checked, weights, Preparation.of(config), found_device(device)), config
    steps = evaluation(chosen(found, None))
    if any(map(whitens, steps)):
        raise UserError("what `standardize zca=true` of the recipe measured stands in the run: give the run folder")
    classes = tuple(str(i) for i in range(checked.outputs[0].port.shape.channels or 0))
    wanted = Wanted(sizes(checked.inputs[0].facts.output), wants_255(checked))
    head = Plan(checked, "folded").folded[0]
    return from_weights(checked, weights, Preparation(classes, steps, wanted, head), found_device(device)), None


def known_to(weights: str, checked: Checked) -> dict[str, Any] | None:
    """The configuration of the run of these weights, where they say it and the model takes what it took; what the model
    gives follows from the weights themselves."""
    from ..augment.whiten import whitens
    from ..weights.read import BEST
    from ..weights.safetensors_file import said_of_itself
    from .trained import Preparation

    path = Path(weights)
    text = said_of_itself(path / BEST if path.is_dir() else path).get(RUN)
    if text is None:
        return None
    config: dict[str, Any] = json.loads(text)
    found = Preparation.of(config)
    fits = tuple(found.wanted.shape) == tuple(checked.inputs[0].facts.output) and not any(map(whitens, found.steps))
    return config if fits else None


def trained_onnx(name: str, device: str = "auto") -> tuple[Trained, dict[str, Any]]:
    """An exported run, and its configuration."""
    from .trained import from_onnx

    trained = from_onnx(name, device)
    import onnx

    stored = onnx.load(name, load_external_data=False).metadata_props
    return trained, json.loads(next(p.value for p in stored if p.key == RUN))


def data_for(config: dict[str, Any] | None, text: str | None, folder: RunFolder | None = None) -> Dataset:
    """The data of the run, or those of `--data`; their classes must be among the run's, and are counted as it does.
    `folder` is that of the run, where there is one."""
    if config is None:
        if text is None:
            raise UserError("which data? Give `--data`: a folder of class folders, or `digits`")
        from ..data import open_data
        from ..data.opening import named

        return open_data(named(text, None), 0)
    from ..jobs.job import recipe_of

    recipe = recipe_of(config) if folder is None else recipe_in(folder)
    classes = tuple(config["data"]["classes"])
    found = opened(recipe, text)
    if text is None:
        way = "what it held out is not known any more: name with `--data` what is to be measured"
        require_same(found, config, "the data changed since the run began", way)
        return found
    data = by_name(found, classes)
    if data.target != "classes":
        return data
    return data._replace(remarks=(*data.remarks, *absent(measured_on(data, text), classes)))


def measured_on(data: Dataset, text: str | None) -> Split:
    """The held-out examples; all of a folder that is given in one piece, which no training has seen, unless the text
    says how it is divided."""
    from ..data.meant import entry

    whole = text not in (None, "digits") and data.train.examples is data.held.examples
    if not whole or (text and entry(text).split):
        return data.held
    import numpy as np

    numbers = np.concatenate([data.train.numbers, data.held.numbers])
    labels = np.concatenate([data.train.labels, data.held.labels])
    order = np.argsort(numbers)
    return Split(data.held.examples, numbers[order], labels[order], data.held.masks, data.held.others)
