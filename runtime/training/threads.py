"""How many threads the CPU should use: tried, since threads wait for each other where a machine has other work."""

from __future__ import annotations

import time

import torch
from torch import Tensor, nn

from ..devices.engine import Engine

ROUNDS = 3
"""Passes with each number of threads, in turns; the fastest of each counts."""
BUDGET = 2.0
"""Seconds after which no further round begins."""


SLOW = 4
"""How many times slower than the fastest step a step is when others want the processor too."""
PATIENCE = 6
"""Slow steps in a row after which the number of threads is tried anew."""


class Pace:
    """Watches the time of steps."""

    def __init__(self) -> None:
        self.fastest = float("inf")
        self.slow = 0
        self.last = time.perf_counter()

    def rest(self) -> None:
        """What follows is no step."""
        self.last = time.perf_counter()

    def fell(self) -> bool:
        """After a step: whether several in a row were far slower than the fastest so far."""
        now = time.perf_counter()
        took, self.last = now - self.last, now
        self.fastest = min(self.fastest, took)
        self.slow = self.slow + 1 if took > SLOW * self.fastest else 0
        if self.slow < PATIENCE:
            return False
        self.slow = 0
        return True


@torch.no_grad()
def choose_threads(module: nn.Module, inputs: tuple[Tensor, ...], engine: Engine) -> int:
    """Set the number of threads, one or as many as the engine has, that passes a batch faster. Changes nothing else."""
    most = torch.get_num_threads()
    if engine.apart or most == 1:
        return most
    training = module.training
    module.eval()
    times: dict[int, list[float]] = {1: [], most: []}
    began = time.perf_counter()
    while len(times[1]) < 2 or (len(times[1]) <= ROUNDS and time.perf_counter() - began < BUDGET):
        for count, found in times.items():
            torch.set_num_threads(count)
            found.append(timed(module, inputs, engine))
    module.train(training)
    best = min(times, key=lambda count: min(times[count][1:]))
    torch.set_num_threads(best)
    return best


def timed(module: nn.Module, inputs: tuple[Tensor, ...], engine: Engine) -> float:
    began = time.perf_counter()
    with engine.numbers():
        module(*inputs)
    return time.perf_counter() - began
