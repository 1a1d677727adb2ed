"""The ONNX rules, one file per family of operators. Importing this package fills the table."""

from . import conv as conv
from . import dense as dense
from . import structure as structure
from .table import emit

__all__ = ["emit"]
