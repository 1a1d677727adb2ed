"""The one way in: the path of a file in any known format, or the name of published weights."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from .held import Held, WeightsError
from .stored import File, Stored

PUBLISHED = ("torchvision:", "keras:")
"""What names of published weights begin with."""

IMAGENET = "imagenet"
"""The published weights of the model that they are for."""

FILES = (".safetensors", ".pt", ".pth", ".ckpt", ".npz", ".keras", ".h5", ".hdf5")
"""The suffixes of files of weights."""

COUNTERS = ("num_batches_tracked", "n_averaged")
"""Numbers that PyTorch keeps with each batch normalisation, and with averaged weights: nobody's weights."""

BEST = "best.safetensors"
"""The weights that a run hands over."""

INDEX = ".index.json"
"""How files end that tell which weights stand in which of several files."""


def read(source: str | os.PathLike[str]) -> File:
    """What a file of weights says, or published weights; WeightsError where it cannot be read."""
    text = os.fspath(source)
    if text == IMAGENET:
        raise WeightsError(f"`{IMAGENET}` means the published weights of a model: say of which with `--for FILE`")
    if text.startswith(PUBLISHED):
        return without_counters(published(text))
    path = Path(text)
    if path.is_dir():
        path = in_folder(path)
    with path.open("rb") as file:  # an OSError that names the file, before a library says it in its own way
        head = file.read(8)
    found = reader(path, head)(path)
    return without_counters(found) if isinstance(found, Stored) else found


def in_folder(path: Path) -> Path:
    """The best weights of a run folder. WeightsError where it is none."""
    if not (path / BEST).is_file():
        raise WeightsError(f"{path} is a folder, and no run, which would have {BEST} in it: name the file")
    return path / BEST


def published(text: str) -> Stored:
    publisher, _, name = text.partition(":")
    if publisher == "keras":
        from .keras_published import published as found
    else:
        from .published import published as found
    return found(name)


def named(source: str) -> bool:
    """Whether a text names a file of weights, or published ones."""
    if source == IMAGENET or source.startswith(PUBLISHED) or source.lower().endswith((*FILES, INDEX)):
        return True
    return Path(source).is_dir()


def reader(path: Path, head: bytes) -> Callable[[Path], File]:
    """What reads the file, by its suffix; HDF5 also by its first bytes."""
    suffix = path.suffix.lower()
    if path.name.endswith(INDEX):
        from .shards import read_shards

        return read_shards
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
    kept = {name: held for name, held in stored.held.items() if name.rpartition(".")[2] not in COUNTERS}
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
