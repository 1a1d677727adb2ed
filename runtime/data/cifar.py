"""CIFAR-10 and CIFAR-100: pictures of 32x32 in pickled tables, unpacked without running anything in them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from ...compiler.recipes.data import Cifar10, Cifar100, Data
from .dataset import Array, DataError, Dataset, Held
from .lot import About, Lot, dataset
from .opening import source
from .place import fetching, published

SHAPE = (32, 32, 3)
ALLOWED = {
    ("numpy", "ndarray"), ("numpy", "dtype"), ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"), ("_codecs", "encode"),
}  # fmt: skip
"""What a pickled array needs, and nothing else."""


class Tables(pickle.Unpickler):
    """Dictionaries, lists, strings, numbers and arrays."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in such a file")
        if name == "_reconstruct":
            return np.zeros(1).__reduce__()[0]  # the same function under the name that this NumPy gives it
        return super().find_class(module, name)


@source.register
def cifar10(part: Cifar10, data: Data, seed: int) -> Dataset:
    learn = tuple(f"data_batch_{i}" for i in range(1, 6))
    folder = published(data, ("cifar-10-batches-py", "cifar10"), (*learn, "test_batch", "batches.meta"),
                       fetching("CIFAR10"))  # fmt: skip
    classes = tuple(table(folder / "batches.meta", "label_names")["label_names"])
    lots = [lot(folder, names, "labels") for names in (learn, ("test_batch",))]
    return dataset(About("cifar10", classes, SHAPE, 3), data, seed, *lots)


@source.register
def cifar100(part: Cifar100, data: Data, seed: int) -> Dataset:
    folder = published(data, ("cifar-100-python", "cifar100"), ("train", "test", "meta"), fetching("CIFAR100"))
    classes = tuple(table(folder / "meta", "fine_label_names")["fine_label_names"])
    lots = [lot(folder, (name,), "fine_labels") for name in ("train", "test")]
    return dataset(About("cifar100", classes, SHAPE, 3), data, seed, *lots)


def lot(folder: Path, names: tuple[str, ...], key: str) -> Lot:
    """Tables one after the other; rows are all red values, then all green, then all blue ones."""
    found = [rows(folder / name, key) for name in names]
    every = np.concatenate([data for data, _ in found])
    pictures = np.ascontiguousarray(every.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
    return Lot(Held(pictures, names[0]), np.concatenate([labels for _, labels in found]))


def rows(path: Path, key: str) -> tuple[Array, Array]:
    """Pictures (n, 3072) and labels (n,) of one file."""
    found = table(path, "data", key)
    data, labels = np.asarray(found["data"], np.uint8), np.asarray(found[key], np.int64)
    if data.shape != (len(labels), 3 * 32 * 32):
        raise DataError(f"{path}: {len(labels):,} labels, and rows of pictures {data.shape}")
    return data, labels


def table(path: Path, *keys: str) -> dict[str, Any]:
    """One file, with these keys at least; those of Python 2 become text."""
    try:
        with path.open("rb") as file:
            found = Tables(file, encoding="latin1").load()
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, OSError, AttributeError) as error:
        raise DataError(f"{path}: no table of CIFAR ({type(error).__name__}: {error})") from None
    if not isinstance(found, dict):
        raise DataError(f"{path}: a table of CIFAR is a dictionary, found {type(found).__name__}")
    named = {key.decode() if isinstance(key, bytes) else key: value for key, value in found.items()}
    missing = next((key for key in keys if key not in named), None)
    if missing is not None:
        raise DataError(f"{path}: no table of CIFAR: there is no `{missing}` among {', '.join(map(str, named))}")
    return named
