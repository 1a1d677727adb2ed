"""Weights into files of the known formats, whole or not at all."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .held import Array
from .replace import replace

OURS = {"producer": "cnnc", "flatten": "channels_last"}
"""What our files say of themselves: a flattened map lies in the written order, so nothing is to be permuted."""


def save(path: str | os.PathLike[str], weights: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> None:
    """Write arrays or tensors as safetensors: all of the file or nothing of it."""
    from safetensors.numpy import save as encoded

    arrays = {name: np.ascontiguousarray(value).reshape(np.shape(value)) for name, value in numpy_of(weights).items()}
    replace(Path(path), encoded(arrays, {**OURS, **(metadata or {})}))


def numpy_of(weights: Mapping[str, Any]) -> dict[str, Array]:
    return {name: as_array(value) for name, value in weights.items()}


def as_array(value: Any) -> Array:
    return np.asarray(value if isinstance(value, np.ndarray) else value.detach().cpu())


def save_checkpoint(path: Path, weights: Mapping[str, Array], flatten: str | None) -> None:
    """Write a `state_dict` that PyTorch loads, with our word on how maps are flattened where it is known."""
    from collections import OrderedDict

    import torch

    from ..network import FLATTENS

    state: Any = OrderedDict((name, torch.from_numpy(np.array(array))) for name, array in weights.items())
    state._metadata = OrderedDict({"": {"version": 1, **({FLATTENS: flatten} if flatten else {})}})
    buffer = io.BytesIO()
    torch.save(state, buffer)
    replace(path, buffer.getvalue())


def save_npz(path: Path, weights: Mapping[str, Array]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **weights)  # type: ignore[arg-type]
    replace(path, buffer.getvalue())
