"""Weights, ours and other people's: out of files of many formats into a network, and back.

    read(source) -> Stored | Layered     what a file says: arrays by path, or by Keras's layers
        --keras_match-->  Stored         Keras's layers under our paths, in our layout
        --fit-->          Fitted         what the network takes of it, and a Report

Numbers are read when they are asked for. numpy is enough but for PyTorch's files (torch) and Keras's (h5py).
"""

from .held import Array, Arrays, WeightsError
from .load import Loading, fitted, load, load_into
from .read import read
from .replace import replace
from .report import Report
from .write import save

__all__ = [
    "Array",
    "Arrays",
    "Loading",
    "Report",
    "WeightsError",
    "fitted",
    "load",
    "load_into",
    "read",
    "replace",
    "save",
]
