"""The weights of imported networks, by the paths of the file that was written for them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ...compiler.decompile import Decompiled, Network, weights
from ...compiler.diagnostics import UserError
from ..weights.keras_file import read_keras
from ..weights.keras_match import gathered, paired
from ..weights.write import save


def save_weights(path: str | os.PathLike[str], source: str, network: Network, found: Decompiled) -> None:
    """Write the weights that came with a network. UserError where it came without."""
    arrays = keras_weights(source, network, found) if Path(source).suffix == ".keras" else weights(network, found)
    missing = [key for key in found.checked.weights if key not in arrays]
    if missing:
        raise UserError(f"{source} holds no weights: `{missing[0]}` and {len(missing) - 1} more are not in it")
    save(path, {key: np.asarray(array) for key, array in arrays.items()})


def keras_weights(source: str, network: Network, found: Decompiled) -> dict[str, Any]:
    """The weights of a `.keras` archive: its groups bear the names of the layers."""
    ours = {layer.name: layer for layer in found.checked.layers}
    named = ((network.layers[number].path, ours[path]) for number, path in found.paths.items())
    stored = {layer.name: layer for layer in gathered(named, read_keras(Path(source))).layers}
    arrays: dict[str, Any] = {}
    for number, path in found.paths.items():
        layer = network.layers[number]
        if not layer.facts.weights or layer.shares is not None:
            continue
        theirs = stored.get(layer.path) or stored.get(layer.path.rpartition(".")[2])
        if theirs is None:
            raise UserError(f"{source}: the weights of `{layer.path}` are not in it")
        arrays.update((key, held.read()) for key, held in paired(ours[path], theirs, source))
    return arrays
