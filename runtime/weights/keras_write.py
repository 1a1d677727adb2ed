"""Weights as Keras keeps them: `.weights.h5` for the model with the same rows, `.keras` with a model of its own."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from ...compiler.graph import Checked
from ...compiler.keras_layout import Variable, kept
from .held import Array
from .keras_file import INSIDE, h5py_or_told
from .keras_groups import Names, groups, snake_case
from .replace import replace

RANDOM = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout",
          "GaussianNoise")  # fmt: skip
"""Layers that keep the state of their random numbers."""

KERAS = "3.0.0"
"""The version of Keras from which on this format is known."""


def save_keras(path: Path, checked: Checked, weights: Mapping[str, Array]) -> None:
    """Write all weights of a network. A `.keras` archive holds the model too, as `keras.models.load_model` takes it;
    UserError for a model with layers that Keras lacks."""
    if path.suffix.lower() != ".keras":
        places = ((group, layer.name, kept(layer)) for group, layer in groups(checked).items())
        replace(path, encoded(places, weights))
        return
    from ...compiler.backends.emit.keras.config import described

    model = described(checked)
    names = Names()
    placed = [(f"layers/{names.next(snake_case(kind))}", kind, name, held) for kind, name, held in model.layers]
    places = ((group, name, held) for group, _, name, held in placed if held)
    drawn = [group for group, kind, _, _ in placed if kind in RANDOM]
    replace(path, archived(model.config, encoded(places, weights, drawn)))


Place = tuple[str, str, Mapping[str, Variable]]
"""Where the file keeps a layer, its name, and its variables in order by the keys of our weights."""


def encoded(places: Iterable[Place], weights: Mapping[str, Array], drawn: Iterable[str] = ()) -> bytes:
    """An HDF5 file with a group for each layer, its variables by number; the groups `drawn` begin their random numbers
    at 0."""
    buffer = io.BytesIO()
    with h5py_or_told().File(buffer, "w") as file:
        for group, name, held in places:
            variables = file.create_group(f"{group}/vars")
            variables.attrs["name"] = name
            for number, (key, variable) in enumerate(held.items()):
                variables.create_dataset(str(number), data=as_keras(weights[key], variable))
        for group in drawn:
            file.create_dataset(f"{group}/seed_generator/vars/0", data=np.zeros(2, np.uint32))
    return buffer.getvalue()


def as_keras(ours: Array, variable: Variable) -> Array:
    """One of our weights in Keras's layout."""
    moved = ours.reshape([variable.shape[axis] for axis in variable.axes])
    return np.ascontiguousarray(moved.transpose(np.argsort(variable.axes))) if variable.axes else ours


def archived(config: Mapping[str, object], data: bytes) -> bytes:
    """The files as Keras packs them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": KERAS, "producer": "cnnc"}))
        archive.writestr("config.json", json.dumps(config))
        archive.writestr(INSIDE, data)
    return buffer.getvalue()
