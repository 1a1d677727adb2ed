"""The ONNX rules, one file per family of operators. Importing this package fills the table."""

from . import conv as conv, dense as dense, structure as structure  # noqa: E401
from .table import emit

__all__ = ["emit"]
