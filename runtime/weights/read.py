"""The one way in: the path of a file in any known format, or the name of published weights."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from .held import Held, WeightsError
from .stored import File, Stored

PUBLISHED = "torchvision:"
"""What names of published weights begin with."""

FILES = (".safetensors", ".pt", ".pth", ".ckpt", ".npz", ".keras", ".h5", ".hdf5")
"""The suffixes of files of weights."""

COUNTER = "num_batches_tracked"
"""A number that PyTorch keeps with each batch normalisation, and nobody's weight."""


def read(source: str | os.PathLike[str]) -> File:
    """What a file of weights says, or weights that torchvision publishes; WeightsError where it cannot be read."""
    text = os.fspath(source)
    if text.startswith(PUBLISHED):
        from .published import published

        return without_counters(published(text.removeprefix(PUBLISHED)))
    path = Path(text)
    with path.open("rb") as file:  # an OSError that names the file, before a library says it in its own way
        head = file.read(8)
    found = reader(path, head)(path)
    return without_counters(found) if isinstance(found, Stored) else found


def named(source: str) -> bool:
    """Whether a text names a file of weights, or published ones."""
    return source.startswith(PUBLISHED) or source.lower().endswith(FILES)


def reader(path: Path, head: bytes) -> Callable[[Path], File]:
    """What reads the file, by its suffix; HDF5 also by its first bytes."""
    suffix = path.suffix.lower()
    if suffix in (".keras", ".h5", ".hdf5") or head == b"\x89HDF\r\n\x1a\n":
        from .keras_file import read_keras

        return read_keras
    if suffix == ".safetensors":
        return read_safetensors
    if suffix == ".npz":
        return read_npz
    from .torch_file import read_checkpoint

    return read_checkpoint


def without_counters(stored: Stored) -> Stored:
    kept = {name: held for name, held in stored.held.items() if name.rpartition(".")[2] != COUNTER}
    return stored._replace(held=kept)


def read_safetensors(path: Path) -> Stored:
    from .safetensors_file import tensors

    held, metadata = tensors(path)
    # Hugging Face's libraries say `pt` of tensors from PyTorch
    flatten = metadata.get("flatten") or {"pt": "channels_first"}.get(metadata.get("format", ""))
    return Stored(str(path), held, flatten)


def read_npz(path: Path) -> Stored:
    """Arrays that numpy saved by name."""
    import zipfile

    import numpy as np

    try:
        found = np.load(path, allow_pickle=False)
        return Stored(str(path), {name: Held.of(found[name]) for name in found.files})
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise WeightsError(f"`{path}` is no .npz file of arrays: {error}") from error
