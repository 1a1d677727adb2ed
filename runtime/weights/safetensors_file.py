"""Safetensors: tensors by name, each read when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .held import Array, Held, WeightsError, widened


def tensors(path: Path) -> tuple[dict[str, Held], Mapping[str, str]]:
    """The tensors of a file by name, and what it says of itself."""
    from safetensors import SafetensorError, safe_open

    try:
        opened: Any = safe_open(path, framework="numpy")
        names = list(opened.keys())
        return {name: tensor(path, opened, name) for name in names}, opened.metadata() or {}
    except SafetensorError as error:
        raise WeightsError(f"`{path}` is no safetensors file: {error}") from error


def said_of_itself(path: Path) -> Mapping[str, str]:
    """What a file says beside its tensors; nothing where it is none of safetensors."""
    return tensors(path)[1] if path.suffix == ".safetensors" and path.is_file() else {}


EIGHTH = ("F8_E4M3", "F8_E5M2", "F8_E8M0", "F4")
"""Numbers that are not read."""


def tensor(path: Path, opened: Any, name: str) -> Held:
    part = opened.get_slice(name)
    shape = tuple(part.get_shape())
    if part.get_dtype() in EIGHTH:
        raise WeightsError(f"`{name}` of `{path}` is in floating-point numbers of 8 bits, which lack their scale")
    if part.get_dtype() == "BF16":  # numpy knows no such numbers
        return Held(shape, lambda: widened(raw(path, name)).reshape(shape))
    return Held(shape, lambda: np.asarray(opened.get_tensor(name)))


def raw(path: Path, name: str) -> Array:
    """The bytes of a tensor, as numbers of 16 bits: the header is a length of 8 bytes and JSON."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        start, end = json.loads(file.read(length))[name]["data_offsets"]
        file.seek(8 + length + start)
        return np.frombuffer(file.read(end - start), np.uint16)
