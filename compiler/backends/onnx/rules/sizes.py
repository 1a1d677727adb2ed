"""Sizes as ONNX values: constants where they are known, read from the tensor where they are open."""

from __future__ import annotations

from ....shape import Shape
from ..emitter import Emitter


def spatial(to: Emitter, value: str, shape: Shape) -> str:
    """The spatial sizes of a tensor (N, C, D, H, W), as an int64 vector."""
    if shape.area is not None:
        return to.constant(list(shape.spatial))
    return str(to.node("Shape", [value], start=2))


def places(to: Emitter, value: str, shape: Shape) -> str:
    """The number of places of a tensor (N, C, D, H, W), as an int64 vector of one."""
    if shape.area is not None:
        return to.constant([shape.area])
    return str(to.node("ReduceProd", [to.node("Shape", [value], start=2)], keepdims=1))


def axes(shape: Shape) -> list[int]:
    """The spatial axes of the tensor."""
    return list(range(2, shape.rank + 2))
