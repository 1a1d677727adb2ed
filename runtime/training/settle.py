"""Running statistics of batch normalisation that are right from the start.

A momentum of 0.99 forgets its beginning (mean 0, variance 1) only after hundreds of steps; short runs would be
measured with statistics that never were. So at first the average is over the most recent part of the steps, until the
momentum of the model takes over.
"""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

RECENT = 5
"""At first the average reaches back over one part in so many of the steps so far."""


class Settling:
    """The batch normalisations of a network, with the momentum of each (torch's: the share of the new)."""

    def __init__(self, module: nn.Module) -> None:
        self.layers = [
            (part, part.momentum) for part in module.modules() if isinstance(part, _BatchNorm) and part.momentum
        ]
        self.slowest = min((momentum for _, momentum in self.layers), default=1.0)

    def at(self, step: int) -> None:
        """Set the momenta for a step, counted from 0."""
        share = RECENT / (step + RECENT)
        if share < self.slowest / 2:
            return
        for layer, momentum in self.layers:
            layer.momentum = max(momentum, share)
