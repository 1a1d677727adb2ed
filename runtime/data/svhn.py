"""SVHN: house numbers as single digits, in MATLAB's format."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...compiler.recipes.data import Data, Svhn
from .dataset import DataError, Dataset, Held
from .lot import About, Lot, dataset
from .opening import source
from .place import fetching, published

FILES = ("train_32x32.mat", "test_32x32.mat")


@source.register
def svhn(part: Svhn, data: Data, seed: int) -> Dataset:
    folder = published(data, (".", "svhn", "SVHN"), FILES, fetching("SVHN", {"split": "train"}, {"split": "test"}))
    lots = [lot(folder / name) for name in FILES]
    return dataset(About("svhn", tuple(map(str, range(10))), (32, 32, 3), 3), data, seed, *lots)


def lot(path: Path) -> Lot:
    """`X` is (32, 32, 3, n); in `y` ten stands for zero."""
    from scipy.io import loadmat

    try:
        found = loadmat(path, variable_names=["X", "y"])
        pictures, labels = found["X"].transpose(3, 0, 1, 2), found["y"].reshape(-1).astype(np.int64)
    except Exception as error:  # scipy raises what it likes for broken files
        raise DataError(f"{path}: no SVHN file ({type(error).__name__}: {error})") from None
    if labels.min(initial=1) < 1 or labels.max(initial=1) > 10 or len(labels) != len(pictures):
        raise DataError(
            f"{path}: no SVHN file: {len(pictures):,} pictures, {len(labels):,} labels up to {labels.max()}"
        )
    return Lot(Held(np.ascontiguousarray(pictures), path.stem), labels % 10)
