"""The operators. Importing this package fills `OPERATORS` and `INITIALIZERS`."""

from . import conv as conv, dense as dense, initializers as initializers, structure as structure  # noqa: E401
from .base import EVERYTHING, INITIALIZERS, OPERATORS, Facts, Op, OpError, Weight, Window

__all__ = ["EVERYTHING", "INITIALIZERS", "OPERATORS", "Facts", "Op", "OpError", "Weight", "Window"]
