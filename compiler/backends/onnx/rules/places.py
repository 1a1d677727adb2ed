"""Maxima with their places, and numbers put back there."""

from __future__ import annotations

from math import inf

from ....ops.geometry import spread
from ....ops.pool import MaxPoolPlaces
from ....ops.unpool import Unpool
from ....shape import Shape
from ..emitter import Emitter
from .open import Edges, bordered
from .pool import known, reach, windows
from .sizes import places, spatial
from .table import emit


@emit.register
def maxpool_places(op: MaxPoolPlaces, to: Emitter) -> list[str]:
    """ONNX counts places through the whole tensor, we within each channel's map."""
    (x,), (shape,) = to.inputs, to.shapes
    over = op.sliding(shape)
    if known(op, shape, over):
        maps, found = to.node("MaxPool", [x], outputs=2, **windows(op, to, over))
        return [maps, to.node("Mod", [found, places(to, x, shape)])]
    edges = reach(op, to, x, over)
    around = bordered(to, x, edges, -inf)
    maps, found = to.node("MaxPool", [around], outputs=2, kernel_shape=over.size, strides=over.stride)
    return [maps, unbordered(to, found, around, edges)]


def unbordered(to: Emitter, found: str, around: str, edges: Edges) -> str:
    """Places in a map with a border as those in the map itself, one dimension after the other from the last."""
    (x,), rank, step, total = to.inputs, to.shapes[0].rank, "", ""
    for axis in reversed(range(rank)):
        whole, size = (to.node("Shape", [value], start=axis + 2, end=axis + 3) for value in (around, x))
        before = to.node("Gather", [edges.before, to.constant([axis])])
        place = to.node("Sub", [to.node("Mod", [found, whole]), before])
        found = to.node("Div", [found, whole])
        total = to.node("Add", [total, to.node("Mul", [place, step])]) if step else place
        step = to.node("Mul", [step, size]) if step else size
    return total


@emit.register
def unpool(op: Unpool, to: Emitter) -> list[str]:
    maps, found, *_ = to.inputs
    shape = Shape((*op.sizes(to.shapes), to.shapes[0].channels))
    size = spatial(to, to.inputs[op.to], shape) if isinstance(op.to, int) else worked_out(op, to, shape)
    room = to.node("ReduceProd", [size], keepdims=1) if shape.area is None else to.constant([shape.area])
    zeros = to.node("Expand", [to.constant(0.0), to.node("Concat", [to.node("Shape", [maps], end=2), room], axis=0)])
    flat = to.constant([0, 0, -1])
    rows = [to.node("Reshape", [value, flat]) for value in (found, maps)]
    filled = to.node("ScatterElements", [zeros, *rows], axis=2)
    whole = to.node("Concat", [to.constant([0, 0]), size], axis=0)
    return [to.node("Reshape", [filled, whole])]


def worked_out(op: Unpool, to: Emitter, shape: Shape) -> str:
    """The size of the result where no value has it: (size - 1) * stride + window - border."""
    if shape.area is not None:
        return to.constant(list(shape.spatial))
    stride, rest = (spread(numbers, shape.rank, "") for numbers in (op.stride or op.size, op.size))
    edges = spread(op.pad, shape.rank, "pad")
    reach = to.node("Mul", [to.node("Shape", to.inputs[:1], start=2), to.constant(list(stride))])
    return str(to.node("Add", [reach, to.constant([k - s - 2 * e for k, s, e in zip(rest, stride, edges)])]))
