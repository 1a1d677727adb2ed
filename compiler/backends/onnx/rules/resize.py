"""Other sizes of a map: interpolation, and channels moved to places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

import numpy as np

from ....ops.geometry import channels, spread
from ....ops.resize import PixelShuffle, PixelUnshuffle, Upsample, taken
from ....shape import Shape
from ..emitter import Emitter
from .sizes import axes, spatial
from .table import emit


def interpolation(op: Upsample) -> dict[str, Any]:
    """How numbers between the places are found, as attributes of `Resize`."""
    if op.mode == "nearest_floor" or (op.mode == "nearest" and op.factor is not None):
        return {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    if op.mode == "nearest":
        return {"mode": "nearest", "nearest_mode": "round_prefer_ceil"}
    if op.mode == "bicubic":
        return {"mode": "cubic", "cubic_coeff_a": op.a, "exclude_outside": int(op.a == -0.5)}
    return {"mode": "linear", "coordinate_transformation_mode": "align_corners" if op.align_corners else "half_pixel"}


@emit.register
def upsample(op: Upsample, to: Emitter) -> list[str]:
    x, shape = to.inputs[0], to.shapes[0]
    how = interpolation(op)
    if op.factor is not None:
        # of all axes: ONNX Runtime moves a Transpose through the node and then forgets which `axes` were meant
        scales = [1, 1, *spread(op.factor, shape.rank, "factor")]
        return [to.node("Resize", [x, "", to.constant(scales, np.float32)], **how)]  # always of this type
    sizes = list(op.sizes(to.shapes))
    if None in sizes:
        target = spatial(to, to.inputs[op.to], to.shapes[op.to]) if isinstance(op.to, int) else to.constant(sizes)
        return [to.node("Resize", [x, "", "", whole(to, x, target)], **how)]
    factors = exact(shape.spatial, sizes, op.mode)
    if (
        op.mode.startswith("nearest")
        and None not in shape.spatial
        and by_chance(shape.spatial, sizes, op.mode, factors)
    ):
        return [nearest(to, x, shape, sizes, op.mode)]
    if factors and op.mode != "bicubic":  # which ONNX Runtime has in one arrangement only
        return [to.node("Resize", [x, "", to.constant([1, 1, *factors], np.float32)], **how)]
    return [to.node("Resize", [x, "", "", whole(to, x, to.constant(sizes))], **how)]


def whole(to: Emitter, x: str, sizes: str) -> str:
    """The sizes of all axes, as ONNX Runtime wants them where it moves a Transpose through the node."""
    return str(to.node("Concat", [to.node("Shape", [x], start=0, end=2), sizes], axis=0))


def exact(spatial: Sequence[int | None], sizes: Sequence[int | None], mode: str) -> list[float]:
    """The factors that give these sizes in 32 bits and in 64; none where a size is open or they would move a place."""
    factors = []
    for n, m in zip(spatial, sizes):
        if n is None or m is None:
            return []
        factor = np.float32(m / n)
        if n * float(factor) < m:
            factor = np.nextafter(factor, np.float32(np.inf))
        moved = float(factor) != m / n and mode.startswith("nearest")
        if moved or int(n * float(factor)) != m or int(np.float32(n) * factor) != m:
            return []
        factors.append(float(factor))
    return factors


def by_chance(spatial: Sequence[int | None], sizes: Sequence[int | None], mode: str, factors: list[float]) -> bool:
    """Whether ONNX Runtime's rounding decides which place is the nearest."""
    if not mode.startswith("nearest"):
        return False
    tie = any(tied(n, m, mode) for n, m in zip(spatial, sizes))
    return (tie or not factors) if mode == "nearest" else (tie and not factors)


def tied(size: int | None, out: int | None, mode: str) -> bool:
    """Whether a new place begins, or for `nearest` has its middle, right where an old one begins."""
    if size is None or out is None:
        return False
    return any((2 * i + (mode == "nearest")) * size % (2 * out) == 0 for i in range(mode != "nearest", out))


def nearest(to: Emitter, x: str, shape: Shape, sizes: Sequence[int | None], mode: str) -> str:
    """The places that are taken, as a list."""
    for axis, size, out in zip(axes(shape), shape.spatial, sizes):
        assert size is not None
        assert out is not None
        x = str(to.node("Gather", [x, to.constant(taken(size, out, mode))], axis=axis))
    return x


@emit.register
def pixel_shuffle(op: PixelShuffle, to: Emitter) -> list[str]:
    """ONNX has it in 2-D; in 1-D and 3-D channels are split, put beside their axes and joined."""
    (x,), (shape,), r = to.inputs, to.shapes, op.factor
    if shape.rank == 2:
        return [to.node("DepthToSpace", [x], blocksize=r, mode="CRD")]
    rank, width = shape.rank, channels(to.outputs[0])
    split = to.node("Reshape", [x, sized(to, [0, width, *[r] * rank, *sides(to, shape)])])
    order = [0, 1, *(axis for i in range(rank) for axis in (2 + rank + i, 2 + i))]
    moved = to.node("Transpose", [split], perm=order)
    return [to.node("Reshape", [moved, sized(to, [0, width, *sides(to, to.outputs[0], "Mul", r)])])]


@emit.register
def pixel_unshuffle(op: PixelUnshuffle, to: Emitter) -> list[str]:
    """ONNX's SpaceToDepth puts the channel last within a block, so the channels are sorted behind it."""
    (x,), (shape,), r = to.inputs, to.shapes, op.factor
    width, rank = channels(shape), shape.rank
    if rank == 2:
        blocks = to.node("SpaceToDepth", [x], blocksize=r)
        order = [block * width + channel for channel in range(width) for block in range(r * r)]
        return [to.node("Gather", [blocks, to.constant(order)], axis=1)]
    sizes = sides(to, to.outputs[0], "Div", r)
    split = to.node("Reshape", [x, sized(to, [0, width, *(n for size in sizes for n in (size, r))])])
    moved = to.node("Transpose", [split], perm=[0, 1, *range(3, 3 + 2 * rank, 2), *range(2, 2 + 2 * rank, 2)])
    return [to.node("Reshape", [moved, sized(to, [0, width * r**rank, *sizes])])]


Size = Union[int, str]
"""A number, or the name of a vector that holds it."""


def sides(to: Emitter, shape: Shape, kind: str = "", by: int = 1) -> list[Size]:
    """The spatial sizes of a result. One may be open and is then whatever is left; more are those of the input,
    multiplied or divided."""
    sizes: list[Size] = [-1 if n is None else n for n in shape.spatial]
    if sizes.count(-1) < 2:
        return sizes
    for axis, size in enumerate(sizes):
        if size == -1:
            found = to.node("Shape", to.inputs, start=axis + 2, end=axis + 3)
            sizes[axis] = to.node(kind, [found, to.constant([by])]) if kind else found
    return sizes


def sized(to: Emitter, sizes: Sequence[Size]) -> str:
    """Sizes as one vector."""
    if not any(isinstance(size, str) for size in sizes):
        return to.constant(list(sizes))
    return str(to.node("Concat", [size if isinstance(size, str) else to.constant([size]) for size in sizes], axis=0))
