"""What our loop costs: `cnnc train` beside a loop written by hand, with the same network, batches and optimizer.

Both train and measure once an epoch, epoch by epoch in turns, on one thread; told is processor time, so that a busy
machine does not decide. Ours draws its live line, keeps a log, the figures, the best weights and checkpoints as it
always does, and at the end measures the best weights again.

    python -m benchmarks.steps [--case lenet|resnet] [--rounds N] [--epochs N]
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import torch
from cnnc.compiler.pipeline import Compiled, Options, compile_path
from cnnc.runtime.batches.batch import Batch
from cnnc.runtime.batches.feeding import Feeds
from cnnc.runtime.devices.engine import Engine
from cnnc.runtime.jobs.adapt import Changes
from cnnc.runtime.jobs.job import Job
from cnnc.runtime.jobs.prepare import Asked, prepare
from cnnc.runtime.jobs.stages import even
from cnnc.runtime.lowering.lower import lower
from cnnc.runtime.run.display import Live
from cnnc.runtime.run.launch import watching
from cnnc.runtime.run.reopen import apart_shape, shape_of
from cnnc.runtime.run.run_folder import RunFolder
from cnnc.runtime.training.train import Trainer
from torch import nn, optim
from torch.nn import functional

SETS = ("optimizer=sgd, lr=0.01, momentum=0.9", "schedule=constant", "augment=normalize 0.3, 0.4", "precision=fp32")


class Case(NamedTuple):
    """A network on the digits, brought to a size."""

    file: str
    size: int
    batch: int
    epochs: int
    rounds: int


NOWHERE = open(os.devnull, "w")  # noqa: SIM115
CASES = {"lenet": Case("zoo:lenet5", 32, 64, 30, 3), "resnet": Case("zoo:resnet18", 64, 32, 7, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, help="runs of each")
    parser.add_argument("--case", choices=CASES, help="only this one")
    parser.add_argument("--epochs", type=int, help="passes over 1,438 examples")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for name in [args.case] if args.case else CASES:
        case = CASES[name]
        compare(name, case._replace(epochs=args.epochs or case.epochs, rounds=args.rounds or case.rounds))


def compare(name: str, case: Case) -> None:
    """Epoch by epoch in turns, so that both have the same of a machine's good and bad moments."""
    torch.set_num_threads(1)
    log = json.dumps(str(Path(tempfile.gettempdir()) / "steps.csv"))
    sets = (*SETS, f"batch={case.batch}", f"epochs={case.epochs}", f"log=csv({log})")
    job, times = job_of(case.file, f"{case.size}x{case.size}x1", "digits", "cpu", sets), Times([], [], [])
    for _ in range(case.rounds):
        with tempfile.TemporaryDirectory() as folder:
            race(job, case, Path(folder), times)
        torch.set_num_threads(1)
    ours = case.epochs * median(times.ours) + median(times.end)
    theirs = case.epochs * median(times.theirs)
    print(f"{name:8} cnnc     {ours:8.3f} s of processor time: {case.epochs} epochs of {median(times.ours):.4f} s and "
          f"{median(times.end):.3f} s to end the run", flush=True)  # fmt: skip
    print(f"{name:8} by hand  {theirs:8.3f} s of processor time: {case.epochs} epochs of {median(times.theirs):.4f} s")
    ratios = sorted(a / b for a, b in zip(times.ours, times.theirs))
    quarters = f"{ratios[len(ratios) // 4]:.3f} to {ratios[3 * len(ratios) // 4]:.3f}"
    print(f"{name:8} ratio    {ours / theirs:8.3f}   (of single epochs {median(ratios):.3f}, half of {len(ratios)} "
          f"pairs within {quarters})", flush=True)  # fmt: skip


class Times(NamedTuple):
    """Processor seconds of our epochs, of the end of our runs, and of the epochs by hand."""

    ours: list[float]
    end: list[float]
    theirs: list[float]


def race(job: Job, case: Case, folder: Path, times: Times) -> None:
    """One run of each. Ours draws and writes beside its loop, so the time of all its threads counts."""
    hand = ByHand(job, case)
    with Live(NOWHERE) as shown:
        kept = RunFolder(folder)
        with watching(job, kept, shown) as watch:
            trainer = Trainer(job, kept, Engine("cpu", "fp32"), watch)
            trainer.prepare()
            torch.set_num_threads(1)
            shown.begin(sum(stage.steps for stage in trainer.stages), case.epochs)
            for number in range(case.epochs):
                spent = timed(lambda: trainer.epoch(trainer.stages[0]), time.process_time)
                beside = timed(hand.epoch, time.thread_time)
                if number:  # the first warms up
                    times.ours.append(spent)
                    times.theirs.append(beside)
            times.end.append(timed(trainer.ran, time.process_time))


def timed(run: Callable[[], object], clock: Callable[[], float]) -> float:
    began = clock()
    run()
    return clock() - began


def job_of(file: str, shape: str, data: str, device: str, sets: tuple[str, ...]) -> Job:
    """What `cnnc train` would do with these words."""

    def compile(changes: Changes) -> Compiled:
        inputs = {name: shape_of(value) for name, value, _ in map(apart_shape, changes.inputs)}
        params: dict[str, int] = {name: int(value) for name, _, value in (c.partition("=") for c in changes.params)}
        return compile_path(file, Options(None, params, inputs))

    given = Changes((), (shape,))
    return prepare(compile(given), given, Asked(None, data, sets, device), compile).job


class ByHand:
    """The shortest loop that trains and measures, its examples in memory."""

    def __init__(self, job: Job, case: Case) -> None:
        self.case = case
        self.net = lower(job.checked, seed=job.seed, head="folded").to(memory_format=torch.channels_last)
        feeds = Feeds(job)
        self.learned, self.held = (
            feed.batch(0, np.arange(len(feed))) for feed in (feeds.plain(), feeds.held(clean=False))
        )
        self.optimizer = optim.SGD(self.net.parameters(), 0.01, momentum=0.9, fused=True)

    def epoch(self) -> None:
        net, learned, optimizer = self.net, self.learned, self.optimizer
        net.train()
        total, right = 0.0, 0.0
        for positions in torch.randperm(len(learned.y)).tensor_split(even(len(learned.y), self.case.batch)):
            x, y = learned.x[positions], learned.y[positions]
            optimizer.zero_grad()
            found = net(x)
            loss = functional.cross_entropy(found, y)
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * len(y)
            right += float((found.argmax(1) == y).sum())
        print(f"{total:.1f} {right:.0f} {measured(net, self.held):.3f}", file=NOWHERE)


@torch.no_grad()
def measured(net: nn.Module, held: Batch) -> float:
    net.eval()
    parts = zip(held.x.split(256), held.y.split(256))
    return sum(float((net(x).argmax(1) == y).sum()) for x, y in parts) / len(held.y)


if __name__ == "__main__":
    main()
