"""The operators. Importing this package fills `OPERATORS` and `INITIALIZERS`."""

from . import (
    activation,
    conv,
    conv_transpose,
    dense,
    dropout,
    initializers,
    local_conv,
    merge,
    norm,
    pad,
    pool,
    reshape,
    resize,
    scale,
    structure,
    text,
    unpool,
)
from .base import EVERYTHING, INITIALIZERS, OPERATORS, Facts, Op, OpError, Weight, Window

__all__ = [
    "EVERYTHING", "INITIALIZERS", "OPERATORS", "Facts", "Op", "OpError", "Weight", "Window", "activation", "conv",
    "conv_transpose", "dense", "dropout", "initializers", "local_conv", "merge", "norm", "pad", "pool", "reshape",
    "resize", "scale", "structure", "text", "unpool",
]  # fmt: skip
