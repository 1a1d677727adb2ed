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
        there = module.state_dict()
        self.state = {name: value.detach().clone() for name, value in there.items()}
        pairs = [(own(self.state[name]), own(value)) for name, value in there.items()]
        self.floating = tuple(zip(*(pair for pair in pairs if pair[0].is_floating_point())))
        """Averages, and in the same order the weights and statistics themselves: a network keeps its tensors."""
        self.counting = tuple(pair for pair in pairs if not pair[0].is_floating_point())

    def due(self, step: int, clock: Clock) -> bool:
        """Whether to take the weights behind so many steps of the run."""
        return step >= clock.length(self.said.start) and step % max(round(clock.length(self.said.every)), 1) == 0

    @torch.no_grad()
    def take(self) -> None:
        """Add the weights of now. The average of few is not held back by what it began with."""
        plain = 1 / (self.count + 1)
        share = plain if self.said.how == "polyak" else max(1 - self.said.decay, plain)
        averages, weights = self.floating
        torch._foreach_lerp_(averages, weights, share)
        for kept, value in self.counting:
            kept.copy_(value)
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
