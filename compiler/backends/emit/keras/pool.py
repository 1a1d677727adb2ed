"""Pooling."""

from __future__ import annotations

from ....ops import pool as ops
from ....ops.geometry import spread
from ....ops.unpool import Unpool
from ..code import Code, Exact, Leaf
from .conv import border_of, numbers, padding
from .row import Row, measured, nd, row


def windowed(name: str, op: ops.Pool, to: Row, *, own: bool = True, **more: Leaf) -> Code:
    """A pool: Keras's where it can say the border, else one of that name that the file brings."""
    over = op.sliding(to.x)
    plainly = isinstance(border_of(op.pad, to.x, over), str) and not op.ceil
    if own and plainly and f"{name}{to.rank}D" not in to.brought:
        strides = to.leaf("strides", over.stride, None, "stride")
        strides = strides if over.stride != over.size else Leaf(None, default=None)
        size, edge = to.leaf("pool_size", over.size, written="size"), padding(op.pad, over, to, own=True)
        return to.layer(nd(name, to.rank), size, strides=strides, padding=edge, **more)
    known = tuple(edge for edge in over.borders if edge is not None)
    if op.ceil or len(known) < len(over.borders):
        measured(to)
    same = op.pad.kind == "same" or len(known) < len(over.borders)  # in numbers it would differ from map to map
    border = Leaf("same" if same else numbers(known), "padding", to.spans.get("pad"), default=0)
    size, strides = to.leaf("size", over.size), to.leaf("strides", over.stride, written="stride")
    ceil = to.leaf("ceil", op.ceil, False)
    return to.layer(f"{name}{to.rank}D", size, strides, padding=border, ceil=ceil, **more)


@row.register
def maxpool(op: ops.MaxPool, to: Row) -> Code:
    return windowed("MaxPooling", op, to)


@row.register
def avgpool(op: ops.AvgPool, to: Row) -> Code:
    over = op.sliding(to.x)
    bordered = any(edge not in ((0, 0), None) for edge in over.borders)
    if op.counts_border and bordered:
        return windowed("AveragePooling", op, to, own=False, counts_border=Leaf(True))
    return windowed("AveragePooling", op, to)


@row.register
def l2pool(op: ops.L2Pool, to: Row) -> Code:
    return windowed("L2Pooling", op, to, own=False)


@row.register
def maxpool_places(op: ops.MaxPoolPlaces, to: Row) -> Code:
    return windowed("MaxPoolingWithArgmax", op, to, own=False)


@row.register
def unpool(op: Unpool, to: Row) -> Code:
    sizes = to.node.facts.output.spatial
    if None not in sizes:
        return to.layer(f"MaxUnpooling{to.rank}D", Leaf(Exact(sizes), "size"))
    if not isinstance(op.to, int):
        measured(to)
    return to.layer(f"MaxUnpooling{to.rank}D")


@row.register
def adaptive_avgpool(op: ops.AdaptiveAvgPool, to: Row) -> Code:
    return adaptive("AdaptiveAveragePooling", op, to)


@row.register
def adaptive_maxpool(op: ops.AdaptiveMaxPool, to: Row) -> Code:
    return adaptive("AdaptiveMaxPooling", op, to)


def adaptive(name: str, op: ops.AdaptivePool, to: Row) -> Code:
    return to.layer(f"{name}{to.rank}D", Leaf(Exact(spread(op.out, to.rank, "out")), "output_size"))


@row.register
def global_avgpool(op: ops.GlobalAvgPool, to: Row) -> Code:
    return to.layer(nd("GlobalAveragePooling", to.rank), keepdims=to.leaf("keepdims", op.keep, False, "keep"))


@row.register
def global_maxpool(op: ops.GlobalMaxPool, to: Row) -> Code:
    return to.layer(nd("GlobalMaxPooling", to.rank), keepdims=to.leaf("keepdims", op.keep, False, "keep"))
