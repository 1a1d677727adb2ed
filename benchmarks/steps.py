"""What our loop costs: `cnnc train` beside a loop written by hand, with the same network, batches and optimizer.

Both train and measure once an epoch, in turns, on one thread; told is processor time, so that a busy machine does not
decide. Ours draws its live line, keeps a log, the figures, the best weights and checkpoints as it always does.

    python -m benchmarks.steps [--rounds 5] [--case lenet|resnet]
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
from cnnc.runtime.adapt import Changes
from cnnc.runtime.display import Live
from cnnc.runtime.engine import Engine
from cnnc.runtime.feed import Batch, even
from cnnc.runtime.feeding import Feeds
from cnnc.runtime.job import Job
from cnnc.runtime.launch import watching
from cnnc.runtime.lower import lower
from cnnc.runtime.prepare import Asked, prepare
from cnnc.runtime.reopen import apart_shape, shape_of
from cnnc.runtime.run_folder import RunFolder
from cnnc.runtime.train import Trainer
from rich.console import Console
from torch import nn, optim
from torch.nn import functional

SETS = ("optimizer=sgd, lr=0.01, momentum=0.9", "schedule=constant", "augment=normalize 0.3, 0.4", "precision=fp32")


class Case(NamedTuple):
    """A network on the digits, brought to a size."""

    file: str
    size: int
    batch: int
    epochs: int


NOWHERE = open(os.devnull, "w")  # noqa: SIM115
CASES = {"lenet": Case("zoo:lenet5", 32, 64, 5), "resnet": Case("zoo:resnet18", 64, 32, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--case", choices=CASES, help="only this one")
    parser.add_argument("--epochs", type=int, help="passes over 1,438 examples")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for name in [args.case] if args.case else CASES:
        case = CASES[name]
        compare(name, case._replace(epochs=args.epochs or case.epochs), args.rounds)


def compare(name: str, case: Case, rounds: int) -> None:
    job = job_of(case)
    times: dict[str, list[float]] = {"cnnc": [], "by hand": []}
    for turn in range(rounds + 1):
        for contender, run in (("cnnc", ours), ("by hand", by_hand)):
            with tempfile.TemporaryDirectory() as folder:
                spent = run(job, case, Path(folder))
            if turn:
                times[contender].append(spent)
    for contender, found in times.items():
        print(f"{name:8} {contender:8} {median(found):8.3f} s of processor time", flush=True)
    ratios = [a / b for a, b in zip(times["cnnc"], times["by hand"])]
    fastest = min(times["cnnc"]) / min(times["by hand"])
    print(f"{name:8} ratio    {median(ratios):8.3f}   (the median of {len(ratios)} pairs, {min(ratios):.3f} to "
          f"{max(ratios):.3f}; of the fastest {fastest:.3f})", flush=True)  # fmt: skip


def job_of(case: Case) -> Job:
    def compile(changes: Changes) -> Compiled:
        inputs = {name: shape_of(value) for name, value, _ in map(apart_shape, changes.inputs)}
        params: dict[str, int] = {name: int(value) for name, _, value in (c.partition("=") for c in changes.params)}
        return compile_path(case.file, Options(None, params, inputs))

    given = Changes((), (f"{case.size}x{case.size}x1",))
    asked = Asked(
        None,
        "digits",
        (
            *SETS,
            f"batch={case.batch}",
            f"epochs={case.epochs}",
            f"log=csv({json.dumps(str(Path(tempfile.gettempdir()) / 'steps.csv'))})",
        ),
        "cpu",
    )
    return prepare(compile(given), given, asked, compile).job


def ours(job: Job, case: Case, folder: Path) -> float:
    """Processor seconds of a run with all that belongs to it."""
    with Live(console=Console(file=NOWHERE, force_terminal=True)) as shown:
        kept = RunFolder(folder)
        with watching(job, kept, shown) as watch:
            trainer = Trainer(job, kept, Engine("cpu", "fp32"), watch)
            trainer.prepare()
            shown.begin(sum(stage.steps for stage in trainer.stages), case.epochs)
            return timed(trainer.run)


def timed(run: Callable[[], object]) -> float:
    torch.set_num_threads(1)
    began = time.process_time()
    run()
    return time.process_time() - began


def by_hand(job: Job, case: Case, folder: Path) -> float:
    """Processor seconds of the shortest loop that trains and measures, its examples in memory."""
    net = lower(job.checked, seed=job.seed, head="folded").to(memory_format=torch.channels_last)
    feeds = Feeds(job)
    learned, held = (feed.batch(0, np.arange(len(feed))) for feed in (feeds.plain(), feeds.held(clean=False)))
    optimizer = optim.SGD(net.parameters(), 0.01, momentum=0.9, fused=True)
    return timed(lambda: loop(net, optimizer, learned, held, case))


def loop(net: nn.Module, optimizer: optim.Optimizer, learned: Batch, held: Batch, case: Case) -> None:
    for epoch in range(case.epochs):
        net.train()
        total, right = 0.0, 0.0
        for positions in torch.randperm(len(learned.y)).tensor_split(even(len(learned.y), case.batch)):
            x, y = learned.x[positions], learned.y[positions]
            optimizer.zero_grad()
            found = net(x)
            loss = functional.cross_entropy(found, y)
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * len(y)
            right += float((found.argmax(1) == y).sum())
        print(f"{epoch} {total:.1f} {right:.0f} {measured(net, held):.3f}", file=NOWHERE)


@torch.no_grad()
def measured(net: nn.Module, held: Batch) -> float:
    net.eval()
    parts = zip(held.x.split(256), held.y.split(256))
    return sum(float((net(x).argmax(1) == y).sum()) for x, y in parts) / len(held.y)


if __name__ == "__main__":
    main()
