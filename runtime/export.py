"""ONNX with weights: read from a file, handed over, or drawn as they begin."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..compiler.backends.onnx import OPSET, export
from ..compiler.graph import Checked
from .weights import load

Array = np.ndarray[Any, Any]


def export_onnx(
    checked: Checked,
    path: str | os.PathLike[str],
    weights: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    layout: str | None = None,
    opset: int = OPSET,
    first_only: bool = False,
) -> None:
    """Write ONNX. `weights` is a file (`layout` as in `weights.load`), arrays by path, or None: drawn from seed 0."""
    export(checked, path, numbers(checked, weights, layout), opset=opset, first_only=first_only)


def numbers(
    checked: Checked, weights: str | os.PathLike[str] | Mapping[str, Any] | None, layout: str | None = None
) -> Mapping[str, Array]:
    """The arrays of all weights, by path."""
    if weights is None:
        return drawn(checked)
    if isinstance(weights, Mapping):
        return {path: np.asarray(weights[path]) for path in checked.weights}
    return load(checked, weights, layout)


def drawn(checked: Checked, seed: int = 0) -> dict[str, Array]:
    """The weights of a network that has learnt nothing yet."""
    from .lower import lower

    return {path: tensor.numpy() for path, tensor in lower(checked, seed=seed).state_dict().items()}
