"""Examples and what is known about them, before torch: what a `data` entry or `--data` names."""

from . import digits, folder  # the sources, each of which registers itself
from .dataset import DataError, Dataset, Examples, Held, Split
from .opening import open_data

__all__ = ["DataError", "Dataset", "Examples", "Held", "Split", "digits", "folder", "open_data"]
