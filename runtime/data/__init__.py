"""Examples and what is known about them, before torch: what a `data` entry or `--data` names."""

from . import (
    audio,
    cifar,
    clips,
    digits,
    folder,
    identities,
    imagenet,
    mnist,
    npz,
    series,
    shards,
    svhn,
    tabular,
    voc,
    volumes,
)
from .dataset import DataError, Dataset, Examples, Held, Split
from .opening import open_data

SOURCES = (
    digits, folder, npz, tabular, series, volumes, clips, audio, shards,
    mnist, cifar, svhn, imagenet, voc, identities,
)  # fmt: skip
"""The modules of sources, each of which registers itself."""

__all__ = ["SOURCES", "DataError", "Dataset", "Examples", "Held", "Split", "digits", "folder", "open_data"]
