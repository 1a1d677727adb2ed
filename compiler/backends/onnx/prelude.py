"""What stands between an input of the exported model and the network: preprocessing and the change of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, ValueInfoProto, helper

from ...diagnostics import UserError
from ...graph import Node
from .emitter import Array, Builder
from .form import Affine, Preprocessing, Sample

SIDES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
"""Names for the open sizes of an input, by its number of spatial dimensions."""


SMALLEST = 1e-6
"""Added to the deviation of a picture, which may be 0."""


class Prelude:
    """One input: how it is declared, and the nodes that bring it to the network.

    `whole` inputs hold whole numbers, such as tokens, and go in as they are.
    """

    def __init__(self, name: str, node: Node, whole: bool, preprocessing: Preprocessing | None) -> None:
        self.name = name
        self.node = node
        self.shape = node.facts.output
        self.whole = whole
        self.preprocessing = None if whole else preprocessing
        if self.preprocessing is not None and self.shape.rank != 2:
            raise UserError(
                f"`{node.path}` takes {self.shape}: preprocessing is for pictures, height x width x channels"
            )

    def declared(self) -> ValueInfoProto:
        """The declaration; open sizes are named."""
        shape = self.shape
        sides = SIDES.get(shape.rank, tuple(f"side{i}" for i in range(shape.rank)))
        sizes = [f"{self.name}_{side}" if n is None else n for n, side in zip(shape.spatial, sides, strict=True)]
        channels = f"{self.name}_length" if shape.channels is None else shape.channels
        if self.preprocessing is not None:
            return helper.make_tensor_value_info(self.name, TensorProto.UINT8, ("N", *sizes, channels))
        kind = TensorProto.INT64 if self.whole else TensorProto.FLOAT
        return helper.make_tensor_value_info(self.name, kind, ("N", channels, *sizes))

    def brought(self, builder: Builder) -> str:
        """The value that the network takes, after the nodes that make it."""
        if self.whole:
            return self.name
        if self.preprocessing is not None:
            return self.preprocessed(builder, self.preprocessing)
        if builder.precision.kind == TensorProto.FLOAT:
            return self.name
        return self.step(builder, "Cast", [self.name], to=builder.precision.kind)

    def preprocessed(self, builder: Builder, told: Preprocessing) -> str:
        """(N, H, W, C) of whole numbers -> (N, C, H, W), in fp32; the first factor joins the step behind it."""
        value = self.step(builder, "Cast", [self.name], to=TensorProto.FLOAT)
        value = self.step(builder, "Transpose", [value], perm=[0, 3, 1, 2])
        scale, steps = told.scale, told.steps
        if not steps or not isinstance(steps[0], Affine):
            steps = (Affine(), *steps)
        for step in steps:
            if isinstance(step, Affine):
                value, scale = self.affine(builder, value, step, scale), 1.0
            elif isinstance(step, Sample):
                value = self.standardized(builder, value, step)
            else:
                value = self.mixed(builder, value, step.matrix)
        if builder.precision.kind == TensorProto.FLOAT:
            return value
        return self.step(builder, "Cast", [value], to=builder.precision.kind)

    def affine(self, builder: Builder, value: str, told: Affine, scale: float) -> str:
        """One factor and one summand for each channel."""
        mean, std = np.array(told.mean), np.array(told.std)
        value = self.step(builder, "Mul", [value, self.column(builder, scale / std)])
        return self.step(builder, "Sub", [value, self.column(builder, mean / std)]) if mean.any() else value

    def standardized(self, builder: Builder, value: str, told: Sample) -> str:
        """Each picture by its own mean and deviation, that of n - 1 as PyTorch's."""
        axes = builder.constant(self.name, np.array([1, 2, 3], np.int64))
        middle = self.step(builder, "Sub", [value, self.step(builder, "ReduceMean", [value, axes])])
        kept = middle if told.center else value
        if not told.scale:
            return kept
        square = self.step(builder, "ReduceSum", [self.step(builder, "Mul", [middle, middle]), axes])
        sizes = self.step(builder, "Shape", [value], start=1)
        count = self.step(builder, "Cast", [self.step(builder, "ReduceProd", [sizes])], to=TensorProto.FLOAT)
        less = self.step(builder, "Sub", [count, builder.constant(self.name, np.array([1.0], np.float32))])
        deviation = self.step(builder, "Sqrt", [self.step(builder, "Div", [square, less])])
        beyond = self.step(builder, "Add", [deviation, builder.constant(self.name, np.array([SMALLEST], np.float32))])
        return self.step(builder, "Div", [kept, beyond])

    def mixed(self, builder: Builder, value: str, matrix: Array) -> str:
        """All values of each picture times a matrix."""
        channels, *sides = self.shape.channels, *self.shape.spatial
        value = self.step(builder, "Flatten", [value], axis=1)
        value = self.step(builder, "MatMul", [value, builder.constant(self.name, matrix.astype(np.float32))])
        shape = builder.constant(self.name, np.array([-1, channels, *sides], np.int64))
        return self.step(builder, "Reshape", [value, shape])

    def column(self, builder: Builder, numbers: Array) -> str:
        """One number for each channel, to meet (N, C, H, W)."""
        return builder.constant(self.name, numbers.astype(np.float32).reshape(-1, 1, 1))

    def step(self, builder: Builder, kind: str, inputs: list[str], **attributes: Any) -> str:
        return builder.append(kind, self.name, inputs, 1, attributes)[0]
