"""Fully connected layers and what leads to them."""

from __future__ import annotations

from ....ops.dense import Dense
from ....ops.reshape import Flatten
from ..emitter import Emitter
from .table import emit


@emit.register
def dense(op: Dense, to: Emitter) -> list[str]:
    bias = [to.weight("bias")] if op.bias else []
    made = to.node("Gemm", [*to.inputs, to.weight("weight"), *bias], transB=1)
    return [to.activate(op.act, made)]


@emit.register
def flatten(op: Flatten, to: Emitter) -> list[str]:
    (x,) = to.inputs
    rank = to.shapes[0].rank
    if rank:
        x = to.node("Transpose", [x], perm=[0, *range(2, rank + 2), 1])
    return [to.node("Flatten", [x], axis=1)]
