"""The vocabulary of recipes. Importing this package fills `ENTRIES` and `PARTS`."""

from . import course as course
from . import data as data
from . import learning as learning
from . import steps as steps
from .base import ENTRIES, PARTS, Entry, Part, chosen

__all__ = ["ENTRIES", "PARTS", "Entry", "Part", "chosen"]
