"""What only a trial tells: whether bf16 is faster than fp32 for this network on this processor."""

from __future__ import annotations

import time

import torch
from torch import Tensor, nn

from ..devices.engine import Engine
from ..measuring.criterion import several

ROUNDS = 3
"""Steps with each kind of numbers, in turns, behind one that warms up; the fastest of each counts."""
EXAMPLES = 16
"""Examples of a step."""
BUDGET = 2.0
"""Seconds after which no further round begins."""
GAIN = 1.05
"""How many times faster bf16 must be to be worth its digits."""


def choose_numbers(module: nn.Module, inputs: tuple[Tensor, ...], engine: Engine) -> bool:
    """Let the engine use the faster of bf16 and fp32; whether that is another than before. Changes nothing else."""
    before = engine.precision
    training = module.training
    module.eval()
    some = tuple(x[:EXAMPLES] for x in inputs)
    times: dict[str, list[float]] = {"bf16": [], "fp32": []}
    began = time.perf_counter()
    while len(times["fp32"]) < 2 or (len(times["fp32"]) <= ROUNDS and time.perf_counter() - began < BUDGET):
        for numbers, found in times.items():
            engine.use(numbers)
            found.append(step(module, some, engine))
    module.train(training)
    module.zero_grad(set_to_none=True)
    fastest = {numbers: min(found[1:]) for numbers, found in times.items()}
    engine.use("bf16" if fastest["bf16"] * GAIN < fastest["fp32"] else "fp32")
    return engine.precision != before


def step(module: nn.Module, inputs: tuple[Tensor, ...], engine: Engine) -> float:
    """Seconds of a step: forward and backward. Statistics and random numbers stay as they are."""
    began = time.perf_counter()
    with engine.numbers(), torch.enable_grad():
        outputs = several(module(*inputs))
    sum(output.float().mean() for output in outputs).backward()  # type: ignore[union-attr]
    return time.perf_counter() - began
