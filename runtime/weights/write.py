"""Weights into files of the known formats, whole or not at all."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...compiler.graph import Checked
from .held import Array, WeightsError
from .replace import replace

OURS = {"producer": "cnnc", "flatten": "channels_last"}
"""What our files say of themselves: a flattened map lies in the written order, so nothing is to be permuted."""


def save(path: str | os.PathLike[str], weights: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> None:
    """Write arrays or tensors of ours as safetensors: all of the file or nothing of it."""
    save_safetensors(Path(path), weights, {**OURS, **(metadata or {})})


def told(flatten: str | None) -> dict[str, str]:
    """What a file says of the order of flattened maps, where it is known."""
    return {"flatten": flatten} if flatten else {}


def save_safetensors(path: Path, weights: Mapping[str, Any], metadata: Mapping[str, str]) -> None:
    from safetensors.numpy import save as encoded

    replace(path, in_order(encoded({name: as_array(value) for name, value in weights.items()}, dict(metadata))))


def in_order(file: bytes) -> bytes:
    """A file of safetensors, which writes what it says of itself in an order of chance: equal weights, equal files."""
    size = int.from_bytes(file[:8], "little")
    header = json.loads(file[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, memoryview(file)[8 + size :]])


def as_array(value: Any) -> Array:
    array = np.asarray(value if isinstance(value, np.ndarray) else value.detach().cpu())
    return np.ascontiguousarray(array).reshape(array.shape)


def save_checkpoint(path: Path, weights: Mapping[str, Array], flatten: str | None) -> None:
    """Write a `state_dict` that PyTorch loads, with our word on how maps are flattened where it is known."""
    from collections import OrderedDict

    import torch

    from ..lowering.network import FLATTENS

    state: Any = OrderedDict((name, torch.from_numpy(np.array(array))) for name, array in weights.items())
    state._metadata = OrderedDict({"": {"version": 1, **({FLATTENS: flatten} if flatten else {})}})
    buffer = io.BytesIO()
    torch.save(state, buffer)
    replace(path, buffer.getvalue())


def save_npz(path: Path, weights: Mapping[str, Array]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **weights)  # type: ignore[arg-type]
    replace(path, buffer.getvalue())


def write(path: Path, weights: Mapping[str, Array], checked: Checked | None, flatten: str | None) -> None:
    """Write weights in the format that the suffix names. `flatten` is how maps lie in them, None where nobody knows.

    WeightsError for Keras's formats without a network, whose rows say where each weight belongs, and for others.
    """
    suffix = path.suffix.lower()
    if suffix in (".h5", ".keras"):
        write_keras(path, weights, checked)
    elif suffix in WRITERS:
        WRITERS[suffix](path, weights, flatten)
    else:
        known = ", ".join([*WRITERS, ".weights.h5", ".keras"])
        raise WeightsError(f"`{path.name}` names no format of weights: the suffixes are {known}")


def write_keras(path: Path, weights: Mapping[str, Array], checked: Checked | None) -> None:
    if path.suffix.lower() == ".h5" and not path.name.endswith(".weights.h5"):
        raise WeightsError(f"`{path.name}` must end in .weights.h5, by which Keras knows files of weights")
    if checked is None:
        raise WeightsError(f"`{path.name}`: Keras finds weights by the rows of a model: say which with `--for FILE`")
    from .keras_write import save_keras

    save_keras(path, checked, weights)


WRITERS: dict[str, Callable[[Path, Mapping[str, Array], str | None], None]] = {
    ".safetensors": lambda path, weights, flatten: save_safetensors(path, weights, told(flatten)),
    ".pt": save_checkpoint,
    ".pth": save_checkpoint,
    ".npz": lambda path, weights, flatten: save_npz(path, weights),
}
"""Suffix -> what writes the format."""
