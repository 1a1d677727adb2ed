"""Weights as Keras keeps them: `.weights.h5` and `.keras`, for `load_weights` of the model with the same rows."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...compiler.graph import Checked
from ...compiler.keras_layout import Variable, keras_variables
from ...compiler.ops.base import weight_key
from .held import Array
from .keras_file import INSIDE, h5py_or_told
from .keras_groups import groups
from .replace import replace


def save_keras(path: Path, checked: Checked, weights: Mapping[str, Array]) -> None:
    """Write all weights of a network; a `.keras` archive holds them without the description of a model."""
    data = encoded(checked, weights)
    replace(path, archived(data) if path.suffix == ".keras" else data)


def encoded(checked: Checked, weights: Mapping[str, Array]) -> bytes:
    """An HDF5 file with a group for each layer, its variables by number."""
    buffer = io.BytesIO()
    with h5py_or_told().File(buffer, "w") as file:
        for group, layer in groups(checked).items():
            variables = file.create_group(f"{group}/vars")
            variables.attrs["name"] = layer.name
            for number, variable in enumerate(keras_variables(layer)):
                ours = weights[weight_key(layer.name, variable.weight)]
                variables.create_dataset(str(number), data=as_keras(ours, variable))
    return buffer.getvalue()


def as_keras(ours: Array, variable: Variable) -> Array:
    """One of our weights in Keras's layout."""
    moved = ours.reshape([variable.shape[axis] for axis in variable.axes])
    return np.ascontiguousarray(moved.transpose(np.argsort(variable.axes))) if variable.axes else ours


def archived(data: bytes) -> bytes:
    """The file as Keras packs it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"producer": "cnnc"}))
        archive.writestr(INSIDE, data)
    return buffer.getvalue()
