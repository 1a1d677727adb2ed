"""Examples and their labels, before torch: what a `data` entry or `--data` names."""

from .dataset import DataError, Dataset, Pictures, Split
from .opening import open_data

__all__ = ["DataError", "Dataset", "Pictures", "Split", "open_data"]
