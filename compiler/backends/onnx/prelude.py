"""What stands between an input of the exported model and the network: preprocessing and the change of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, ValueInfoProto, helper

from ...diagnostics import UserError
from ...graph import Node
from .emitter import Array, Builder
from .form import Preprocessing

SIDES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
"""Names for the open sizes of an input, by its number of spatial dimensions."""


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
        """(N, H, W, C) of whole numbers -> (N, C, H, W), as one factor and one summand for each channel, in fp32."""
        value = self.step(builder, "Cast", [self.name], to=TensorProto.FLOAT)
        value = self.step(builder, "Transpose", [value], perm=[0, 3, 1, 2])
        mean, std = np.array(told.mean), np.array(told.std)
        value = self.step(builder, "Mul", [value, self.column(builder, told.scale / std)])
        if mean.any():
            value = self.step(builder, "Sub", [value, self.column(builder, mean / std)])
        if told.matrix is not None:
            value = self.mixed(builder, value, told.matrix)
        if builder.precision.kind == TensorProto.FLOAT:
            return value
        return self.step(builder, "Cast", [value], to=builder.precision.kind)

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
