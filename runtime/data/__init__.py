"""Examples and what is known about them, before torch: what a `data` entry or `--data` names."""

from . import (
    cifar,
    digits,
    folder,
    identities,
    imagenet,
    mnist,
    npz,
    series,
    svhn,
    tabular,
    voc,
    volumes,
)  # fmt: skip
from .dataset import DataError, Dataset, Examples, Held, Split
from .opening import open_data

SOURCES = (digits, folder, npz, tabular, series, volumes, mnist, cifar, svhn, imagenet, voc, identities)
"""The modules of sources, each of which registers itself."""

__all__ = ["SOURCES", "DataError", "Dataset", "Examples", "Held", "Split", "digits", "folder", "open_data"]
