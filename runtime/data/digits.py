"""The digits that come with scikit-learn: 1,797 of 8x8, written by hand, gray values 0 to 16."""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...compiler.recipes.data import Data, Digits
from .dataset import DataError, Dataset, Held
from .lot import About, Lot, dataset
from .opening import source


def read() -> NDArray[np.float64]:
    """The table of scikit-learn's package, (1797, 65): 64 values and the label.

    scikit-learn itself is not imported: its start would take longer than the reading.
    """
    spec = find_spec("sklearn")
    if spec is None or not spec.submodule_search_locations:
        raise DataError("the digits come with scikit-learn, which is not installed")
    path = Path(spec.submodule_search_locations[0]) / "datasets" / "data" / "digits.csv.gz"
    with gzip.open(path, "rt") as lines:
        table: NDArray[np.float64] = np.loadtxt(lines, delimiter=",")
    return table


@source.register
def digits(part: Digits, data: Data, seed: int) -> Dataset:
    """Divided by class: 80 % to learn from where nothing else is asked for."""
    table = read()
    pictures = Held((table[:, :64].reshape(-1, 8, 8, 1) / 16).astype(np.float32), "digits")
    about = About("digits", tuple(map(str, range(10))), (8, 8, 1), 1)
    return dataset(about, data, seed, Lot(pictures, table[:, 64].astype(np.int64)))
