"""Borders put around a map, and cut away from it."""

from __future__ import annotations

from ....ops.geometry import explicit
from ....ops.pad import Crop, EdgePad, Pad, ReflectionPad, ZeroPad
from ....ops.pool import Pool
from ..emitter import Emitter
from .sizes import axes, spatial
from .table import emit

END = 2**63 - 1
"""What `Slice` takes for the end of an axis."""


def bordered(op: Pad, to: Emitter, mode: str, *value: str) -> list[str]:
    pairs = op.pairs(to.shapes[0])
    before, after = [a for a, _ in pairs], [b for _, b in pairs]
    if not any(isinstance(reader, Pool) for reader in to.readers):
        return [to.node("Pad", [*to.inputs, to.constant([0, 0, *before, 0, 0, *after]), *value], mode=mode)]
    # ONNX Runtime takes a border of zeros into a pool behind it, where a maximum wants minus infinity and no border may
    # be as large as the window; not so where the axes are named
    named = [to.constant([*before, *after]), value[0] if value else "", to.constant(axes(to.shapes[0]))]
    return [to.node("Pad", [*to.inputs, *named], mode=mode)]


@emit.register
def zeropad(op: ZeroPad, to: Emitter) -> list[str]:
    return bordered(op, to, "constant", to.constant(float(op.value)))


@emit.register
def reflection_pad(op: ReflectionPad, to: Emitter) -> list[str]:
    return bordered(op, to, "reflect")


@emit.register
def edge_pad(op: EdgePad, to: Emitter) -> list[str]:
    return bordered(op, to, "edge")


@emit.register
def crop(op: Crop, to: Emitter) -> list[str]:
    x, shape = to.inputs[0], to.shapes[0]
    if isinstance(op.border, int):
        return [centred(to, x, to.inputs[op.border])]
    pairs = explicit(op.border, shape.rank, "border")
    starts, ends = [a for a, _ in pairs], [-b if b else END for _, b in pairs]
    return [to.node("Slice", [x, to.constant(starts), to.constant(ends), to.constant(axes(shape))])]


def centred(to: Emitter, x: str, other: str) -> str:
    """The middle of the map at the size of the other value."""
    whole, size = spatial(to, x, to.shapes[0]), spatial(to, other, to.shapes[1])
    start = to.node("Div", [to.node("Sub", [whole, size]), to.constant([2])])
    return str(to.node("Slice", [x, start, to.node("Add", [start, size]), to.constant(axes(to.shapes[0]))]))
