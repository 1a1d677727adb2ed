"""Numbers on their way from a device, for which nobody waits who does not need them yet."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

SYNCHRONOUS = ("cpu", "mps")
"""Devices from which numbers are simply read."""


class Fetched:
    """Numbers that may still be computed, and what they are once somebody asks.

    From a GPU they are sent for at once, behind what computes them. To read a tensor of it in the usual way waits for
    all that was asked for since as well, so that it falls idle.
    """

    def __init__(self, values: Sequence[Tensor | float]) -> None:
        self.values = values
        self.event: torch.Event | None = None
        found = [value for value in values if isinstance(value, Tensor)]
        if found and found[0].device.type not in SYNCHRONOUS:
            self.send(torch.stack([value.detach().double() for value in found]))

    def send(self, sent: Tensor) -> None:
        self.there = torch.empty(sent.shape, dtype=sent.dtype, pin_memory=True)
        self.there.copy_(sent, non_blocking=True)
        self.event = torch.Event(sent.device)
        self.event.record()

    def read(self) -> list[float]:
        """The numbers, in their order."""
        if self.event is None:
            return [float(value) for value in self.values]
        self.event.synchronize()
        rest = iter(self.there.tolist())
        return [next(rest) if isinstance(value, Tensor) else value for value in self.values]
