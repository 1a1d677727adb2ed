"""Keras's files, read with h5py: `.weights.h5`, `.keras` (an archive that holds one) and the older `.h5`."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .held import Array, Held, WeightsError, widened
from .keras_groups import Names, snake_case
from .stored import KerasLayer, Layered

INSIDE = "model.weights.h5"
"""The weights in a `.keras` archive."""

OTHERS = re.compile(r"(^|/)(optimizer|metrics|_metrics|compile_metrics|seed_generator|_seed_generator)(_\d+)?(/|$)")
"""Groups that hold no weights of layers."""


def h5py_or_told() -> Any:
    try:
        import h5py
    except ImportError:
        raise WeightsError("h5py is not installed, which reads Keras's files: `pip install cnnc[keras]`") from None
    return h5py


def read_keras(path: Path) -> Layered:
    """The layers of a Keras file, in Keras's order where the file tells it."""
    h5py = h5py_or_told()
    try:
        content, config = unpacked(path)
        file = h5py.File(content, "r")
        if "layer_names" in file.get("model_weights", file).attrs:
            return Layered(str(path), tuple(older(file.get("model_weights", file))), ordered=True)
        found = tuple(layers(file))
    except (OSError, KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise WeightsError(f"`{path}` is no file of Keras weights: {error}") from error
    if not found:
        raise WeightsError(f"`{path}` holds no layers with weights")
    if config is None:
        return Layered(str(path), found, ordered=False)
    return Layered(str(path), in_order(found, config), ordered=True)


def unpacked(path: Path) -> tuple[Any, Mapping[str, Any] | None]:
    """The HDF5 file, and the description of the model where there is one."""
    if not zipfile.is_zipfile(path):
        return path, None
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json")) if "config.json" in archive.namelist() else None
        return io.BytesIO(archive.read(INSIDE)), config


def held(dataset: Any, file: Any) -> Held:
    """One array; HDF5 can point to numbers in any other file of the machine, and such files are refused."""
    if dataset.external or dataset.is_virtual or dataset.file.filename != file.file.filename:
        raise WeightsError(f"`{file.file.filename}` refers to numbers in another file, at `{dataset.name}`")
    if dataset.attrs.get("dtype") == "bfloat16":
        return Held(dataset.shape, lambda: widened(np.asarray(dataset[()])))
    return Held(dataset.shape, lambda: array(dataset))


def array(dataset: Any) -> Array:
    return np.asarray(dataset[()])


# --- Keras 3: by class and number -------------------------------------------------------------------------------------


def layers(file: Any) -> Iterator[KerasLayer]:
    """Every group with variables, siblings of one class in the order of their numbers."""
    found: dict[str, Any] = {}
    file.visititems(lambda name, item: found.update({name: item}) if name.endswith("vars") and len(item) else None)
    for name in sorted(found, key=natural):
        group = name.removesuffix("vars").removesuffix("/")
        if not OTHERS.search(group):
            yield layer(group, found[name])


def layer(group: str, variables: Any) -> KerasLayer:
    numbered = {key: held(variables[key], variables) for key in sorted(variables, key=natural)}
    name = variables.attrs.get("name", group)
    return KerasLayer(group, str(name), numbered_name(group.rpartition("/")[2])[0], numbered)


def natural(name: str) -> list[tuple[str, int]]:
    """`conv2d_2` before `conv2d_10`, and `2` before `10`."""
    return [(stem, int(number or 0)) for stem, number in map(numbered_name, name.split("/"))]


def numbered_name(part: str) -> tuple[str, str | None]:
    found = re.fullmatch(r"(.*?)(?:(?:^|_)(\d+))?", part)
    assert found is not None
    return found[1], found[2]


def in_order(found: tuple[KerasLayer, ...], config: Mapping[str, Any]) -> tuple[KerasLayer, ...]:
    """The layers in the order of the model that `config.json` describes."""
    places = {group: place for place, group in enumerate(described(config, ""))}
    return tuple(sorted(found, key=lambda layer: places.get(layer.group, len(places))))


def described(config: Mapping[str, Any], container: str) -> Iterator[str]:
    """The groups of a model's layers, those of a model inside it in its place."""
    names = Names()
    for entry in config.get("config", {}).get("layers", ()):
        group = f"{container}layers/{names.next(snake_case(entry['class_name']))}"
        yield group
        yield from described(entry, f"{group}/")


# --- before Keras 3: by name ------------------------------------------------------------------------------------------


def older(file: Any) -> Iterator[KerasLayer]:
    """The layers as `layer_names` and `weight_names` list them; those of a model inside it are told by their paths."""
    for name in map(text, file.attrs["layer_names"]):
        parts: dict[str, dict[str, Held]] = {}
        for path in map(text, file[name].attrs["weight_names"]):
            owner, _, variable = path.rpartition("/")
            parts.setdefault(owner, {})[variable.partition(":")[0]] = held(file[name][path], file)
        for owner, variables in parts.items():
            last = owner.rpartition("/")[2] if len(parts) > 1 else name
            yield KerasLayer(f"{name}/{owner}", last, "", variables)


def text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
