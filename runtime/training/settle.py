"""Running statistics of batch normalisation that are right from the start.

A momentum of 0.99 forgets its beginning (mean 0, variance 1) only after hundreds of steps; short runs would be
measured with statistics that never were. So at first the average is over the most recent part of the steps, until the
momentum of the model takes over.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

RECENT = 5
"""At first the average reaches back over one part in so many of the steps so far."""


class Settling:
    """The batch normalisations of a network, with the momentum of each (torch's: the share of the new).

    Where the network is `compiled` a momentum is part of the program, which would be made anew for each: there layers
    leave the statistics of the batch alone, and the average is taken behind them.
    """

    def __init__(self, module: nn.Module, *, compiled: bool = False) -> None:
        self.layers = [
            (part, part.momentum) for part in module.modules() if isinstance(part, _BatchNorm) and part.momentum
        ]
        self.slowest = min((momentum for _, momentum in self.layers), default=1.0)
        self.share = 1.0
        self.outside = compiled and bool(self.layers)
        for layer, _ in self.layers if compiled else ():
            layer.momentum = 1.0

    def at(self, step: int) -> None:
        """Set the momenta for a step, counted from 0."""
        self.share = RECENT / (step + RECENT)
        if self.outside or self.share < self.slowest / 2:
            return
        for layer, momentum in self.layers:
            layer.momentum = max(momentum, self.share)

    def averaging(self) -> AbstractContextManager[None]:
        """Around a pass forward and backward, which both hold on to the statistics."""
        return self.averaged() if self.outside else nullcontext()

    @contextmanager
    def averaged(self) -> Iterator[None]:
        statistics = self.statistics()
        before = torch._foreach_mul(statistics, 1.0)
        yield
        with torch.no_grad():
            shares = [max(momentum, self.share) for _, momentum in self.layers for _ in "mv"]
            new = torch._foreach_sub(statistics, before)
            torch._foreach_mul_(new, shares)
            torch._foreach_add_(before, new)
            torch._foreach_copy_(statistics, before)

    def statistics(self) -> list[Tensor]:
        """Mean and variance of each layer."""
        return [x for layer, _ in self.layers for x in (layer.running_mean, layer.running_var) if x is not None]
