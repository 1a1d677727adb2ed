"""What ONNX makes of an operator: one rule per class, registered by the family files beside this one."""

from __future__ import annotations

from functools import singledispatch

from ....ops.base import Op
from ..emitter import Emitter


@singledispatch
def emit(op: Op, to: Emitter) -> list[str]:
    """Append the ONNX nodes of one use of `op`; the names of its outputs.

    All maps lie channels first (N, C, D, H, W). Nodes, weights and constants are made through the emitter.
    """
    raise NotImplementedError(f"no ONNX rule for `{op.word}`")
