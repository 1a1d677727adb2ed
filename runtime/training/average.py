"""Weights averaged over the run: exponentially (`ema`) or all alike (`polyak`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ...compiler.recipes.course import Average
from ..devices.portions import fill, own
from .schedule import Clock


class Averaged:
    """The average of a network's weights and statistics; `count` averages were taken."""

    def __init__(self, module: nn.Module, said: Average) -> None:
        self.said = said
        self.count = 0
        self.state = {name: value.detach().clone() for name, value in module.state_dict().items()}

    def due(self, step: int, clock: Clock) -> bool:
        """Whether to take the weights behind so many steps of the run."""
        return step >= clock.length(self.said.start) and step % max(round(clock.length(self.said.every)), 1) == 0

    @torch.no_grad()
    def take(self, module: nn.Module) -> None:
        """Add the weights of now. The average of few is not held back by what it began with."""
        plain = 1 / (self.count + 1)
        share = plain if self.said.how == "polyak" else max(1 - self.said.decay, plain)
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                own(self.state[name]).lerp_(own(value), share)
            else:
                self.state[name].copy_(value)
        self.count += 1

    @contextmanager
    def inside(self, module: nn.Module) -> Iterator[None]:
        """Inside, the network has the averaged weights."""
        own = {name: value.detach().clone() for name, value in module.state_dict().items()}
        module.load_state_dict(self.state)
        try:
            yield
        finally:
            module.load_state_dict(own)

    def restore(self, state: dict[str, Tensor], count: int) -> None:
        for name, value in state.items():
            fill(self.state[name], value)
        self.count = count
