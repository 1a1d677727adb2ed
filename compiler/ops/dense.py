"""Fully connected layers."""

from __future__ import annotations

from collections.abc import Iterator

from ..shape import Shape
from .base import Facts, Initializer, Op, OpError, Weight, operator
from .geometry import Activation, channels
from .record import arg, option


@operator("dense")
class Dense(Op):
    """Every output is a weighted sum of all inputs.

    Keras: Dense. PyTorch: Linear. Works on a vector; on a map it is refused, since Keras's rule (the last axis only)
    and what a newcomer means differ. `per_place=true` is Keras's rule: the channels of every place alike, as a 1x1
    convolution does it.
    """

    family = "dense"
    examples = ("256: dense 10", "256: dense 64, act=relu", "14x14x96: dense 384, per_place=true")
    torch_differs = "PyTorch draws weights and bias uniformly within 1 / sqrt(inputs); ours are glorot_uniform and 0."

    out: int = arg("outputs", min=1)
    bias: bool = option("add a trained number to each output", default=True)
    act: Activation = option("activation behind it, in the same row", default=None)
    per_place: bool = option("on a map: to the channels of every place alike", default=False)
    init: Initializer | None = option("how the weights begin", default=None)
    bias_init: Initializer | None = option("how the bias begins", default=None)
    l1: float = option("L1 penalty on the weights", default=0.0, min=0)
    l2: float = option("L2 penalty on the weights", default=0.0, min=0)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        (x,) = inputs
        if x.rank and not self.per_place:
            raise OpError(
                f"`dense` works on a vector, found the map {x}",
                code="dense-on-map",
                help=f"`flatten` or `global_avgpool` before it, or `conv {self.out}, 1x1` for every place alike",
            )
        width = channels(x)
        weights = {"weight": Weight((self.out, width), init=self.init, fans=(width, self.out))}
        if self.bias:
            weights["bias"] = Weight((self.out,), init=self.bias_init)
        area = x.area
        return Facts((Shape((*x.spatial, self.out)),), weights, None if area is None else weights["weight"].size * area)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Dense"

    def warnings(self, inputs: tuple[Shape, ...]) -> Iterator[tuple[str, str, str]]:
        width = inputs[0].channels or 0
        if width * self.out > 50_000_000:
            yield "huge-dense", f"`dense {self.out}` over {width:,} values has {width * self.out:,} weights", ""
