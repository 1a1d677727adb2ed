"""The same values in another arrangement."""

from __future__ import annotations

from typing import Any

from ....compiler.decompile import make
from ....compiler.frontends.arranged import Map, first, last
from ....compiler.frontends.unread import Unread
from ..calls import given, sizes
from ..reader import Reader, reads


@reads("flatten")
def flatten(to: Reader, node: Any) -> Map:
    dealt = shuffled(to, node)
    if dealt is not None:
        return dealt
    x = to.map(node.args[0])
    start, end = given(node, 1, "start_dim", 0), given(node, 2, "end_dim", -1)
    whole = start % (len(x.axes) + 1) == 1 and end % (len(x.axes) + 1) == len(x.axes)
    return to.flattened(vector_behind(to, x) or x) if whole else reshape(to, node)


@reads("view", "reshape", "unflatten", "squeeze", "unsqueeze", "_unsafe_view")
def reshape(to: Reader, node: Any) -> Map:
    """By the shapes that torch has found; a view behind two others may be a channel shuffle."""
    x = shuffled(to, node)
    if x is not None:
        return x
    batch, x = node.meta["val"].shape[0], to.map(node.args[0])
    if batch != node.args[0].meta["val"].shape[0]:
        raise Unread(f"it changes the batch: {list(node.meta['val'].shape)}")
    sizes = [int(n) for n in node.meta["val"].shape][1:]
    if not sizes:
        vector = vector_behind(to, x)
        if vector is None:
            raise Unread("it keeps one number for each example, without an axis")
        return vector._replace(axes=())
    line = sum(n != 1 for n in sizes) <= 1
    return to.reshaped((line and vector_behind(to, x)) or x, sizes)


def vector_behind(to: Reader, x: Map) -> Map | None:
    """The vector that a value is, or that it was made of by axes of 1 alone; None for others."""
    if len(x.axes) < 2:
        return x._replace(axes=last(0))
    layer = to.maker(x)
    if layer.op.word != "reshape" or sum(n != 1 for n in to.shape(x)) > 1 or x.order is not None:
        return None
    return Map(layer.inputs[0], last(0)) if to.build.shape(layer.inputs[0]).rank == 0 else None


def shuffled(to: Reader, node: Any) -> Map | None:
    """view(x, groups, rest), transpose, view back."""
    turn = node.args[0]
    while "contiguous" in str(turn.target) or "clone" in str(turn.target):
        turn = turn.args[0]
    if "transpose" not in str(turn.target) or set(turn.args[1:]) != {1, 2}:
        return None
    apart = turn.args[0]
    if not any(word in str(apart.target) for word in ("view", "reshape", "unflatten")):
        return None
    before, dealt, after = (list(n.meta["val"].shape) for n in (apart.args[0], apart, node))
    if before != after or len(dealt) != len(before) + 1 or dealt[1] * dealt[2] != before[1]:
        return None
    x = to.map(apart.args[0])
    return to.layer(make("channel_shuffle", groups=int(dealt[1])), [x]) if x.axes == first(len(x.axes) - 1) else None


@reads("permute")
def permute(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    return to.transposed(x, [axis % (len(x.axes) + 1) for axis in node.args[1]])


@reads("movedim")
def movedim(to: Reader, node: Any) -> Map:
    """Axes taken out and put in elsewhere; the others keep their order."""
    x = to.map(node.args[0])
    count = len(x.axes) + 1
    taken, put = ([axis % count for axis in sizes(given, 1)] for given in node.args[1:3])
    order = [axis for axis in range(count) if axis not in taken]
    for place, axis in sorted(zip(put, taken)):
        order.insert(place, axis)
    return to.transposed(x, order)


@reads("mT")
def matrix_transpose(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    rank = len(x.axes) + 1
    return to.transposed(x, [*range(rank - 2), rank - 1, rank - 2])


@reads("transpose", "swapaxes", "swapdims")
def transpose(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    order = list(range(len(x.axes) + 1))
    a, b = (axis % len(order) for axis in node.args[1:3])
    order[a], order[b] = order[b], order[a]
    return to.transposed(x, order)
