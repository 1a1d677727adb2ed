"""`cnnc train --resume`: which run goes on, and what may be said beside it."""

from __future__ import annotations

import argparse
import shlex
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from . import cli
from .compiler.diagnostics import UserError

if TYPE_CHECKING:
    from .runtime.devices.ranks import Ranks
    from .runtime.jobs.job import Job
    from .runtime.run.display import Display
    from .runtime.run.run_folder import RunFolder


CHANGES = {
    "epochs": "--epochs", "batch": "--batch", "lr": "--lr", "seed": "--seed", "deterministic": "--deterministic",
    "precision": "--precision", "bad_images": "--bad-images", "look": "--look-anew", "weights": "--weights",
    "freeze": "--freeze", "recipe": "--recipe", "sets": "--set", "out": "--out", "logs": "--log",
}  # fmt: skip
"""Options of what a run is, which are settled where it begins."""
MODEL = {"params": "-p", "inputs": "--input", "model": "--model"}
"""Of the model; they may say whose latest run is meant."""


def require_unchanged(args: argparse.Namespace) -> None:
    """UsageError where something is asked for that the run has settled."""
    if args.resume and args.file is not None:
        raise cli.UsageError(f"--resume {args.resume} goes on with the model of the run: leave out `{args.file}`")
    settled = CHANGES | (MODEL if args.resume else {})
    given = [f"`{word}`" for name, word in settled.items() if getattr(args, name) not in (None, [])]
    if given:
        run = Path(args.resume or "RUN")
        weights = run / "last.safetensors" if not run.is_dir() or (run / "last.safetensors").exists() else run
        anew = ["cnnc", "train", str(run / "model.cnn"), "--weights", str(weights)]
        raise cli.UsageError(
            f"--resume does not take {', '.join(given)}: it goes on with the model, recipe and data of the run, and "
            f"nothing of them can be changed; `{shlex.join(anew)}` with what you want "
            "begins a new run with its weights"
        )


def resumed(args: argparse.Namespace, shown: Display, ranks: Ranks) -> tuple[Job, RunFolder]:
    """A run that was interrupted, by what its folder says."""
    from .runtime.run import launch
    from .runtime.run.holding import Taken
    from .runtime.run.origin import Moved
    from .runtime.run.run_folder import RunFolder, Unwritten

    runs = [Path(args.resume)] if args.resume else latest(args)
    folder = RunFolder(runs[0]) if ranks.first else Unwritten(runs[0])
    try:
        job = launch.resumed(folder, args.device, Moved(args.data, args.data_dir))
    except Taken as taken:
        raise Taken(f"{taken}{before(runs[1:])}") from None
    shown.say(f"{job.checked.name}: going on with {folder}")
    return job, folder


def latest(args: argparse.Namespace) -> list[Path]:
    """The folders of the runs, of the model of FILE where there is one; the latest first."""
    from .runtime.run.run_folder import latest_runs

    return latest_runs(cli.compiled(args).checked.name if args.file else None)


def before(runs: list[Path]) -> str:
    """A word on the latest of these that can go on. Those that are running are left alone."""
    from .runtime.run.history import history
    from .runtime.run.run_folder import RunFolder

    for run in runs:
        with suppress(UserError):
            if history(RunFolder(run)).status in ("interrupted", "failed"):
                return f"; `--resume {shlex.quote(str(run))}` goes on with the one before"
    return ""
