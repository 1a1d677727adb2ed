"""The ONNX rules, one file per family of operators. Importing this package fills the table."""

from . import activation as activation
from . import adaptive as adaptive
from . import conv as conv
from . import dense as dense
from . import dropout as dropout
from . import local_conv as local_conv
from . import merge as merge
from . import norm as norm
from . import pad as pad
from . import places as places
from . import pool as pool
from . import reshape as reshape
from . import resize as resize
from . import scale as scale
from . import structure as structure
from . import text as text
from .table import emit

__all__ = ["emit"]
