"""What frames a graph: the declared input and the value passed through unchanged."""

from __future__ import annotations

from ..shape import Shape
from .base import Facts, Op, Takes, operator


@operator("input")
class Input(Op):
    """Where an example enters; the shape is written without the batch. It is a statement, `input 224x224x3`."""

    family = "structure"
    takes = Takes(0, 0)
    shape: tuple[int | None, ...]

    def __init__(self, shape: Shape) -> None:
        self.__dict__["shape"] = shape

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        return Facts((Shape(self.shape),))

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "InputLayer"


@operator("identity")
class Identity(Op):
    """The value itself: an empty branch."""

    family = "structure"
    examples = ("8x8x4: identity",)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        return Facts(inputs)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Identity"
