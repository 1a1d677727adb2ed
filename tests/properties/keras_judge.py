"""Keras as a judge: the emitted source, run by Keras with our weights in its layout."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from cnnc.compiler.backends.emit import source
from cnnc.compiler.diagnostics import CompileError
from cnnc.compiler.graph import Node
from cnnc.compiler.keras_layout import keras_variables
from cnnc.compiler.ops.base import weight_key
from cnnc.runtime.weights.keras_write import as_keras

from .judges import Array, Case


class Unsaid(Exception):
    """Keras cannot say it, or says something else on this backend."""


def keras_values(case: Case) -> list[Array]:
    """What Keras computes; batch and channels first, as the other judges tell it."""
    if keras.backend.backend() == "torch" and any(map(counts_border, case.checked.nodes)):
        raise Unsaid("on PyTorch, Keras counts a border that is on one side alone")
    try:
        return computed(case)
    except CompileError as wrong:
        raise Unsaid(str(wrong)) from None


def counts_border(node: Node) -> bool:
    pad = getattr(node.op, "pad", None)
    return node.op.word == "avgpool" and getattr(pad, "kind", "") == "same"


def computed(case: Case) -> list[Array]:
    space: dict[str, Any] = {"__name__": "emitted"}
    exec(compile(source(case.checked, "keras"), "<emitted>", "exec"), space)
    model = space[case.checked.name.lower()]()
    fill(model, case)
    inputs = [np.moveaxis(x, 1, -1) if x.ndim > 2 else x for x in case.inputs]
    made = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    values = map(keras.ops.convert_to_numpy, made if isinstance(made, (list, tuple)) else [made])
    return [np.moveaxis(value, -1, 1) if value.ndim > 2 else value for value in values]


def fill(model: Any, case: Case) -> None:
    """Our weights into the layers of the same names, variable by variable."""
    theirs = {layer.name: layer for layer in model._flatten_layers()}
    dot = "_" if keras.backend.backend() == "torch" else "."
    for layer in case.checked.layers:
        if not layer.node.facts.weights:
            continue
        found = theirs[layer.name.replace(".", dot)]
        own = [variable for variable in found.weights if "seed" not in variable.path]
        for ours, variable in zip(keras_variables(layer), own, strict=True):
            array = as_keras(case.weights[weight_key(layer.name, ours.weight)], ours)
            variable.assign(array.reshape(variable.shape))
    for layer in theirs.values():
        if hasattr(layer, "finalize_state"):  # of `Normalization`, which computes with a copy
            layer.finalize_state()
