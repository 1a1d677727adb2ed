"""What `l1=` and `l2=` of a layer add to the loss (Keras: kernel_regularizer)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from torch import Tensor, nn

from ...compiler.graph import Checked
from ...compiler.ops.base import weight_key
from ..devices.portions import own


class Penalized(NamedTuple):
    """One kernel and its factors."""

    weight: nn.Parameter
    l1: float
    l2: float

    def __call__(self) -> Tensor:
        """l1 * sum |w| + l2 * sum w**2, as Keras's L1L2; of a weight that is split, what the own share adds to it."""
        weight = own(self.weight).float()
        return self.l1 * weight.abs().sum() + self.l2 * weight.square().sum()


class Penalty:
    """The sum over all kernels of a network that a penalty was asked for; biases are left alone."""

    def __init__(self, checked: Checked, net: nn.Module) -> None:
        self.kernels = tuple(penalized(checked, dict(net.named_parameters())))

    def __bool__(self) -> bool:
        return bool(self.kernels)

    def __call__(self) -> Tensor:
        first, *others = (kernel() for kernel in self.kernels)
        return sum(others, first)


def penalized(checked: Checked, parameters: dict[str, nn.Parameter]) -> Iterator[Penalized]:
    for layer in checked.layers:
        op = layer.node.op
        l1, l2 = getattr(op, "l1", 0.0), getattr(op, "l2", 0.0)
        for name, weight in layer.node.facts.weights.items() if l1 or l2 else ():
            path = weight_key(layer.name, name)
            if weight.fans and path in parameters:
                yield Penalized(parameters[path], l1, l2)
