"""How many threads the CPU should use: tried, since a machine that has other work makes many threads wait for each other."""

from __future__ import annotations

import time

import torch
from torch import Tensor, nn

from .engine import Engine

ROUNDS = 3
"""Passes with each number of threads, in turns; the fastest of each counts."""


@torch.no_grad()
def choose_threads(module: nn.Module, x: Tensor, engine: Engine) -> int:
    """Set the number of threads, one or as many as the engine has, that passes `x` faster. Changes nothing else."""
    most = torch.get_num_threads()
    if engine.apart or most == 1:
        return most
    training = module.training
    module.eval()
    times: dict[int, list[float]] = {1: [], most: []}
    for _ in range(ROUNDS + 1):
        for count, found in times.items():
            torch.set_num_threads(count)
            found.append(timed(module, x, engine))
    module.train(training)
    best = min(times, key=lambda count: min(times[count][1:]))
    torch.set_num_threads(best)
    return best


def timed(module: nn.Module, x: Tensor, engine: Engine) -> float:
    began = time.perf_counter()
    with engine.numbers():
        module(x)
    return time.perf_counter() - began
