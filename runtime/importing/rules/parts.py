"""Parts of a value, and values joined."""

from __future__ import annotations

from typing import Any

from ....compiler.decompile import make
from ....compiler.frontends.arranged import Map
from ....compiler.frontends.borders import taking
from ....compiler.frontends.unread import Unread
from ..calls import called, given
from ..reader import Reader, reads


@reads("chunk", "split", "split_with_sizes")
def chunk(to: Reader, node: Any) -> list[Map]:
    x = to.first(node.args[0])
    if given(node, 2, "dim", 0) % (len(x.axes) + 1) != 1:
        raise Unread(f"it splits the axis {given(node, 2, 'dim', 0)}: only channels are split")
    lengths = [int(value.shape[1]) for value in node.meta["val"]]
    if len(set(lengths)) == 1:
        return to.parts(x, len(lengths))
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    return [to.taken(x, range(start, start + n)) for start, n in zip(starts, lengths)]


@reads("slice")
def sliced(to: Reader, node: Any) -> Map:
    if given(node, 4, "step", 1) != 1:
        raise Unread("it leaves places out")
    return run_of(to, node, given(node, 2, "start"), given(node, 3, "end"))


@reads("narrow")
def narrow(to: Reader, node: Any) -> Map:
    first_place, length = node.args[2:4]
    size = node.args[0].meta["val"].shape[node.args[1]]
    return run_of(to, node, first_place % size, first_place % size + length)


def run_of(to: Reader, node: Any, begin: int | None, stop: int | None) -> Map:
    """Some of the channels, or a map with its border cut away."""
    x = to.first(node.args[0])
    axis = given(node, 1, "dim", 0) % (len(x.axes) + 1)
    size = node.args[0].meta["val"].shape[axis]
    start, end, _ = slice(begin, stop).indices(size)
    if axis == 0 or (start, end) == (0, size):
        return x
    return to.share(x, start, end, size) if axis == 1 else cut_out(to, node)


def cut_out(to: Reader, node: Any) -> Map:
    """Places cut away in one dimension after the other; where they hang on the inputs, the size of a value is meant."""
    root, starts = window(node)
    shape, left = root.meta["val"].shape[2:], node.meta["val"].shape[2:]
    x, border = to.first(root), tuple((a, n - m - a) for a, n, m in zip(starts, shape, left))
    centred = all(a == (n - m) // 2 for a, n, m in zip(starts, shape, left))
    like = to.as_large(node, [x]) if centred and not to.constant(root, node) else None
    if like is not None:
        return to.layer(make("crop", border=1), [x, like])
    return trimmed(to, x, border) if len(root.users) == 1 else to.layer(make("crop", border=border), [x])


def window(node: Any) -> tuple[Any, list[int]]:
    """The map that slices of slices are taken of, and the place where they begin."""
    inner, axis = node.args[0], given(node, 1, "dim", 0) % node.meta["val"].dim()
    if axis < 2:
        return node, [0] * (node.meta["val"].dim() - 2)
    within = called(inner, "slice", "narrow") and len(inner.users) == 1
    root, starts = window(inner) if within else (inner, [0] * (node.meta["val"].dim() - 2))
    start = given(node, 2, "start") or 0
    starts[axis - 2] += start % inner.meta["val"].shape[axis] if start else 0
    return root, starts


def trimmed(to: Reader, x: Map, border: Any) -> Map:
    """A map whose border is cut away by the transposed convolution that makes it, or by a layer."""
    layer = to.maker(x)
    op = taking(layer.op, to.build.shape(layer.inputs[0]), border) if layer.op.word == "conv_transpose" else None
    if op is None:
        return to.layer(make("crop", border=border), [x])
    ref = to.build.add(op, layer.inputs, layer.path, layer.weights, layer.shares)
    to.owners.update({key: ref.layer for key, number in to.owners.items() if number == x.ref.layer})
    return Map(ref, x.axes)


@reads("index", "index_select")
def taken(to: Reader, node: Any) -> Map:
    """Channels by a list of their numbers: `x[:, [0, 2]]`."""
    x = to.map(node.args[0])
    by_axis = {node.args[1]: node.args[2]} if called(node, "index_select") else dict(enumerate(node.args[1]))
    asked = [(axis, index) for axis, index in by_axis.items() if index is not None]
    axis, index = asked[0]
    if len(asked) > 1 or axis == 0 or x.axes[axis % (len(x.axes) + 1) - 1] != len(x.axes) - 1:
        raise Unread("it takes places, not channels")
    numbers = to.array(index) if to.is_weight(index) else None
    if numbers is None or numbers.ndim != 1 or numbers.is_floating_point() or str(numbers.dtype) == "torch.bool":
        raise Unread("which channels it takes is no list of numbers")
    return to.taken(x, (numbers % (to.shape(x).channels or 1)).tolist())


@reads("cat")
def cat(to: Reader, node: Any) -> Map:
    values = [to.first(n) for n in node.args[0]]
    rank, axis = to.shape(values[0]).rank, given(node, 1, "dim", 0) % (len(values[0].axes) + 1)
    names = ("channels", *{1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}.get(rank, ()))
    if axis == 0:
        raise Unread("it joins along the batch")
    return to.joined(values, names[axis - 1])
