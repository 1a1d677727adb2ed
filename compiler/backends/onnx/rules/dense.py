"""Fully connected layers."""

from __future__ import annotations

from ....ops.dense import Dense
from ..emitter import Emitter
from .reshape import stored, written
from .table import emit


@emit.register
def dense(op: Dense, to: Emitter) -> list[str]:
    bias = [to.weight("bias")] if op.bias else []
    if to.shapes[0].rank:
        return [to.activate(op.act, per_place(to, bias))]
    made = to.node("Gemm", [*to.inputs, to.weight("weight"), *bias], transB=1)
    return [to.activate(op.act, made)]


def per_place(to: Emitter, bias: list[str]) -> str:
    """The channels of every place alike."""
    rank = to.shapes[0].rank
    weight = to.node("Transpose", [to.weight("weight")], perm=[1, 0])
    made = to.node("MatMul", [written(to, to.inputs[0], rank), weight])
    if bias:
        made = to.node("Add", [made, *bias])
    return stored(to, made, rank)
