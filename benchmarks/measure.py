"""Whole processes measured in turn, A B A B, so that a drifting machine drifts for both."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple


class Cost(NamedTuple):
    """One finished process: wall and processor seconds, and the peak of its memory in MB."""

    wall: float
    cpu: float
    memory: float


def run(command: Sequence[str], env: dict[str, str] | None = None) -> Cost:
    """Run a command, its output thrown away."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, **(env or {})}
    )
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{errors.decode(errors='replace')[-2000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def interleaved(commands: dict[str, Sequence[str]], runs: int, env: dict[str, str] | None = None) -> dict[str, Cost]:
    """The median cost of each command over `runs` rounds, after one round that is not counted."""
    found: dict[str, list[Cost]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            cost = run(command, env)
            if turn:
                found[name].append(cost)
    return {name: Cost(*(median(values) for values in zip(*costs))) for name, costs in found.items()}


def table(costs: dict[str, Cost], ours: str) -> None:
    """Print the costs, and each as a multiple of ours."""
    own = costs[ours]
    width = max(map(len, costs))
    print(f"{'':{width}}  {'wall s':>8} {'cpu s':>8} {'peak MB':>8} {'x wall':>8} {'x cpu':>8} {'x MB':>6}")
    for name, cost in costs.items():
        ratios = f"{cost.wall / own.wall:8.1f} {cost.cpu / own.cpu:8.1f} {cost.memory / own.memory:6.1f}"
        print(f"{name:{width}}  {cost.wall:8.3f} {cost.cpu:8.3f} {cost.memory:8.0f} {ratios}")
