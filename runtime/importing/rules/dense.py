"""Layers between vectors."""

from __future__ import annotations

from typing import Any

from ....compiler.decompile import make
from ....compiler.frontends.arranged import Map, last
from ..calls import given
from ..reader import Reader, reads


@reads("linear")
def linear(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    rank = len(x.axes) - 1
    x = to.as_stored(x)
    bias = given(node, 2, "bias")
    op = make("dense", out=to.array(node.args[1]).shape[0], bias=bias is not None, per_place=rank > 0)
    return to.layer(op, [x], {"weight": node.args[1], "bias": bias}, axes=last(rank))


@reads("embedding")
def embedding(to: Reader, node: Any) -> Map:
    """Weights, then tokens: places of a sequence whose channels are the vectors."""
    vocabulary, width = to.array(node.args[0]).shape
    op = make("embedding", vocabulary=int(vocabulary), width=int(width))
    return to.layer(op, [to.map(node.args[1])], {"weight": node.args[0]}, axes=(0, 1))
