"""In which form a network is written as ONNX."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from onnx import TensorProto

OPSET = 18
OPSETS = (18, 23)
"""The oldest and the newest set of operators that is written and tested."""

NARROW = {"bf16": 22}
"""The opset from which convolutions and pooling take these numbers."""


class Precision(NamedTuple):
    """The numbers that are computed with, as ONNX and numpy name them."""

    kind: int
    dtype: np.dtype[Any]


def precision(name: str) -> Precision:
    """`fp32`, `fp16` or `bf16`."""
    import ml_dtypes  # numpy has no bf16; onnx brings this package along

    kinds = {"fp32": TensorProto.FLOAT, "fp16": TensorProto.FLOAT16, "bf16": TensorProto.BFLOAT16}
    dtypes = {"fp32": np.float32, "fp16": np.float16, "bf16": ml_dtypes.bfloat16}
    return Precision(kinds[name], np.dtype(dtypes[name]))


PRECISIONS = ("fp32", "fp16", "bf16")


class Affine(NamedTuple):
    """(values - mean) / std, one number or one per channel."""

    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def then(self, mean: Any, std: Any) -> Affine:
        """The same with another mean and deviation behind it."""
        middle, spread = np.array(self.mean), np.array(self.std)
        return Affine(tuple(middle + spread * np.array(mean)), tuple(spread * np.array(std)))


class Sample(NamedTuple):
    """Every picture brought to mean 0, where it is centred, and to deviation 1, where it is scaled."""

    center: bool
    scale: bool


class Mixed(NamedTuple):
    """All values of a picture, channels first, times a matrix."""

    matrix: Any


class Preprocessing(NamedTuple):
    """What happens to a picture before the network sees it: values * scale, and the steps behind it.

    The exported model then takes pictures as they are decoded: uint8, (N, height, width, channels).
    """

    scale: float = 1 / 255
    steps: tuple[Affine | Sample | Mixed, ...] = ()

    def then(self, mean: Any, std: Any) -> Preprocessing:
        """The same with a mean and a deviation behind it; two behind each other are one."""
        *before, last = self.steps or (Affine(),)
        if isinstance(last, Affine):
            return self._replace(steps=(*before, last.then(mean, std)))
        return self._replace(steps=(*self.steps, Affine().then(mean, std)))

    def behind(self, step: Sample | Mixed) -> Preprocessing:
        """The same with another step behind it."""
        return self._replace(steps=(*self.steps, step))


class Form(NamedTuple):
    """How a network is written.

    `first_only` leaves out all outputs but the first, and what only they need. `constants` computes once what hangs on
    weights alone. Inputs and outputs stay fp32 in every `precision`.
    """

    opset: int = OPSET
    first_only: bool = False
    precision: str = "fp32"
    constants: bool = False
    preprocessing: Preprocessing | None = None

    @property
    def operators(self) -> int:
        """The opset that is written: newer where the numbers ask for it."""
        return max(self.opset, NARROW.get(self.precision, 0))
