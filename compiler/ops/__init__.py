"""The operators. Importing this package fills `OPERATORS` and `INITIALIZERS`."""

from . import (
    activation as activation,
    conv as conv,
    conv_transpose as conv_transpose,
    dense as dense,
    dropout as dropout,
    initializers as initializers,
    merge as merge,
    norm as norm,
    pad as pad,
    pool as pool,
    reshape as reshape,
    resize as resize,
    scale as scale,
    structure as structure,
    text as text,
)
from .base import EVERYTHING, INITIALIZERS, OPERATORS, Facts, Op, OpError, Weight, Window

__all__ = ["EVERYTHING", "INITIALIZERS", "OPERATORS", "Facts", "Op", "OpError", "Weight", "Window"]
