"""Pooling. What a last window of `ceil=true` lacks is written as a border: runtimes disagree on ONNX's ceil_mode."""

from __future__ import annotations

from math import inf
from typing import Any

from ....ops.geometry import Sliding
from ....ops.pool import (
    AvgPool,
    GlobalAvgPool,
    GlobalMaxPool,
    GlobalPool,
    L2Pool,
    MaxPool,
    Pool,
)
from ....shape import Shape
from ..emitter import Emitter
from .conv import framed
from .open import Edges, beyond, bordered, same
from .table import emit


def known(op: Pool, x: Shape, over: Sliding) -> bool:
    """Whether where the windows lie can be said without the sizes of the map."""
    smaller = any(span < step for span, step in zip(over.spans, over.stride))
    return None not in over.counts or not (op.ceil or (None in over.borders and smaller))


def lacking(op: Pool, x: Shape, over: Sliding) -> list[int]:
    """Places by which the last windows reach beyond the border, for each dimension; all sizes are known."""
    if not op.ceil:
        return [0] * x.rank
    found = []
    for n, span, step, edge, count in zip(x.spatial, over.spans, over.stride, over.borders, over.counts):
        assert n is not None
        assert count is not None
        assert edge is not None
        found.append(max((count - 1) * step + span - n - sum(edge), 0))
    return found


def windows(op: Pool, to: Emitter, over: Sliding) -> dict[str, Any]:
    """The windows as attributes."""
    _, attributes = framed(to, over)
    del attributes["dilations"]
    if "pads" in attributes:
        lack = lacking(op, to.shapes[0], over)
        attributes["pads"] = list(map(sum, zip(attributes["pads"], [0] * len(lack) + lack)))
    return attributes


def reach(op: Pool, to: Emitter, x: str, over: Sliding, *, inner: bool = True) -> Edges:
    """The whole border where it hangs on open sizes; without the part that is known where not `inner`."""
    if None in over.borders:
        return same(to, x, over)
    edges = [edge or (0, 0) for edge in over.borders]
    rest = beyond(to, x, over)
    if not inner:
        return Edges(to.constant([0] * len(edges)), rest)
    after = to.node("Add", [rest, to.constant([b for _, b in edges])])
    return Edges(to.constant([a for a, _ in edges]), after)


@emit.register
def maxpool(op: MaxPool, to: Emitter) -> list[str]:
    return [pooled_with(to, op, "MaxPool", -inf)]


@emit.register
def l2pool(op: L2Pool, to: Emitter) -> list[str]:
    return [pooled_with(to, op, "LpPool", 0.0, p=2)]


def pooled_with(to: Emitter, op: Pool, kind: str, fill: float, **attributes: Any) -> str:
    """A pooling for which places that hold `fill` are not there."""
    (x,), over = to.inputs, op.sliding(to.shapes[0])
    if known(op, to.shapes[0], over):
        return str(to.node(kind, [x], **windows(op, to, over), **attributes))
    x = bordered(to, x, reach(op, to, x, over), fill)
    return str(to.node(kind, [x], kernel_shape=over.size, strides=over.stride, **attributes))


@emit.register
def avgpool(op: AvgPool, to: Emitter) -> list[str]:
    """Where zeros of the border count and what the last window lacks does not, the zeros are put there first."""
    (x,), (shape,) = to.inputs, to.shapes
    over, counts = op.sliding(shape), op.counts_border
    if not known(op, shape, over):
        return [share(op, to, over, counts)]
    attributes, lack = windows(op, to, over), lacking(op, shape, over)
    if counts and any(lack):
        x = fixed_border(to, x, over)
        attributes["pads"], counts = [0] * shape.rank + lack, False
    return [to.node("AveragePool", [x], **attributes, count_include_pad=int(counts))]


def fixed_border(to: Emitter, x: str, over: Sliding) -> str:
    """The map with the zeros of a known border."""
    edges = [edge or (0, 0) for edge in over.borders]
    before, after = [a for a, _ in edges], [b for _, b in edges]
    return str(to.node("Pad", [x, to.constant([0, 0, *before, 0, 0, *after])]))


def share(op: AvgPool, to: Emitter, over: Sliding, counts: bool) -> str:
    """The mean over the places that count, with open sizes: the pooled map over the pooled places."""
    (x,) = to.inputs
    if counts:
        x = fixed_border(to, x, over)
    outer = reach(op, to, to.inputs[0], over, inner=not counts)
    one, two = to.constant([1, 1]), to.node("Shape", [x], start=2)
    places = to.node("Expand", [to.constant(1.0), to.node("Concat", [one, two], axis=0)])
    sums, shares = (
        to.node("AveragePool", [bordered(to, value, outer)], kernel_shape=over.size, strides=over.stride)
        for value in (x, places)
    )
    return str(to.node("Div", [sums, shares]))


def pooled(op: GlobalPool, to: Emitter, kind: str) -> list[str]:
    made = to.node(kind, to.inputs)
    return [made if op.keep else to.node("Flatten", [made], axis=1)]


@emit.register
def global_avgpool(op: GlobalAvgPool, to: Emitter) -> list[str]:
    return pooled(op, to, "GlobalAveragePool")


@emit.register
def global_maxpool(op: GlobalMaxPool, to: Emitter) -> list[str]:
    return pooled(op, to, "GlobalMaxPool")
