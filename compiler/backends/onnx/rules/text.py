"""From tokens (N, L) of whole numbers to maps (N, C, L)."""

from __future__ import annotations

from ....ops import text as ops
from ..emitter import Emitter
from .table import emit


@emit.register
def embedding(op: ops.Embedding, to: Emitter) -> list[str]:
    made = to.node("Gather", [to.weight("weight"), *to.inputs], axis=0)
    return [to.node("Transpose", [made], perm=[0, 2, 1])]


@emit.register
def one_hot(op: ops.OneHot, to: Emitter) -> list[str]:
    # a comparison, since OneHot would count a negative number from the end
    tokens = to.node("Unsqueeze", [*to.inputs, to.constant([1])])
    same = to.node("Equal", [tokens, to.constant([[n] for n in range(op.depth)])])
    return [to.node("Cast", [same], to=to.kind)]
