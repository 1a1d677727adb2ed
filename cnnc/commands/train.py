"""Train a model by the recipe of its file.

With nothing else given it learns the handwritten digits that come with scikit-learn: the model's classes and input size
adapt to the data, as the run says. `--data` takes folders of classes, pictures beside masks, tables, arrays and names
of published sets: `cnnc data` lists them, `cnnc data X` looks into one. Everything is kept in a run folder, which `cnnc
eval`, `cnnc predict` and `cnnc export` take. Ctrl-C saves; `--resume` goes on, exactly.
"""

from __future__ import annotations

import argparse
import json
import os
from shlex import quote
from typing import TYPE_CHECKING, Any

from .. import cli, going_on

if TYPE_CHECKING:
    from ..compiler.pipeline import Compiled
    from ..runtime.devices.ranks import Ranks
    from ..runtime.jobs.adapt import Changes
    from ..runtime.jobs.job import Job
    from ..runtime.jobs.prepare import Asked
    from ..runtime.run.display import Display
    from ..runtime.run.run_folder import RunFolder
    from ..runtime.training.train import Outcome

FILES = "own"
SIGNALLED = 128
"""The exit status of shells for what a signal ended, without the number of the signal."""

SHORT = {
    "epochs": "epochs.count",
    "batch": "batch.size",
    "lr": "optimizer.lr",
    "seed": "seed.number",
    "deterministic": "seed.deterministic",
    "precision": "precision.what",
    "data_dir": "data.root",
    "bad_images": "data.bad",
    "look": "data.look",
}
"""Options that stand for a `--set`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    cli.add_file_arguments(parser)
    optional(parser, "file")
    group = parser.add_argument_group("training")
    group.add_argument("--data", metavar="DATA", help="a folder, a file, or a name such as `mnist`: see `cnnc data`")
    group.add_argument(
        "--data-dir",
        metavar="DIR",
        type=os.path.abspath,
        help="where published data lie (CNNC_DATA, ~/.cache/cnnc/data)",
    )
    group.add_argument("--bad-images", choices=("skip", "fail"), help="files that cannot be read (default: skip)")
    group.add_argument("--look-anew", dest="look", action="store_const", const="anew",
                       help="look into all files before the first step, not only those that changed")  # fmt: skip
    group.add_argument(
        "--weights", metavar="W",
        help="begin with these: a file, torchvision:NAME, keras:NAME, or imagenet for what is published for the "
             "model; a head for other classes begins anew",
    )  # fmt: skip
    group.add_argument(
        "--freeze", metavar="PATH", action="append", default=[],
        help="leave these weights as they are: a path or its beginning, or `backbone` for all but the head",
    )  # fmt: skip
    group.add_argument("--recipe", metavar="NAME", help="which recipe (default: the one without a name, else the last)")
    group.add_argument("--epochs", type=int, metavar="N", help="passes over the data, in each phase")
    group.add_argument("--batch", type=int, metavar="N", help="examples in a step")
    group.add_argument("--lr", type=float, metavar="RATE", help="learning rate")
    group.add_argument("--seed", type=int, metavar="N", help="all randomness follows from it (default: 0)")
    group.add_argument("--deterministic", action="store_const", const="true",
                       help="the same each time, to the bit, on a GPU too: some layers are slower then")  # fmt: skip
    group.add_argument(
        "--precision", choices=("mixed", "bf16", "fp16", "tf32", "fp32"), help="mixed: bf16 where it is fast"
    )
    group.add_argument("--set", dest="sets", metavar="KEY=VALUE", action="append", default=[],
                       help="change the recipe: `optimizer.lr=0.01`, `schedule=cosine`, `clip=none`; of one phase: "
                            "`PHASE.epochs=5`")  # fmt: skip
    group.add_argument(
        "--device", default="auto", metavar="DEVICE", help="cpu, cuda or mps (default: the best there is)"
    )
    group.add_argument("--devices", type=several, metavar="N", help="devices of each node that share the batch (1)")
    group.add_argument(
        "--nodes", type=several, metavar="N", help="machines, when torchrun or srun starts us on each (1)"
    )
    group.add_argument(
        "--strategy", choices=("ddp", "fsdp"), default="ddp",
        help="ddp: each device has the whole network; fsdp: each a share of its weights, gradients and optimizer (ddp)",
    )  # fmt: skip
    group.add_argument(
        "--workers", type=count, metavar="N",
        help="processes that read files for each device; 0: threads (default: 0 on a CPU, else one a core up to 16)",
    )  # fmt: skip
    group.add_argument(
        "--compile", nargs="?", const="default", choices=("default", "graphs", "tune"), metavar="HOW",
        help="torch.compile: a minute at the start, faster steps; `graphs` adds CUDA graphs, `tune` tries kernels",
    )  # fmt: skip
    group.add_argument("--out", metavar="DIR", help="the run folder (default: the next runs/MODEL-N)")
    group.add_argument(
        "--resume",
        nargs="?",
        const="",
        metavar="RUN",
        help="go on with a run, the latest where none is named; --data says where its data are now",
    )
    group.add_argument(
        "--save-every", type=several, metavar="STEPS", help="steps between checkpoints (default: as often as is cheap)"
    )
    group.add_argument(
        "--log", dest="logs", metavar="WHERE", action="append", default=[],
        help="numbers also to tensorboard[=DIR], csv=FILE, wandb[=PROJECT], mlflow[=EXPERIMENT]",
    )  # fmt: skip
    group.add_argument("--tensorboard", dest="logs", action="append_const", const="tensorboard",
                       help="numbers also for TensorBoard: `tensorboard --logdir runs`")  # fmt: skip
    group.add_argument("--find-lr", action="store_true", help="try rates from low to high and tell one; trains nothing")
    group.add_argument("--find-batch", action="store_true", help="try sizes of batches and tell one; trains nothing")
    group.add_argument("--no-report", action="store_true", help="no pictures and no report.html in the run folder")
    group.add_argument("--no-progress", action="store_true", help="plain lines, one an epoch")
    group.add_argument("--quiet", action="store_true", help="only the result")


def count(text: str) -> int:
    """A number from 0."""
    return number(text, 0)


def several(text: str) -> int:
    """A number from 1."""
    return number(text, 1)


def number(text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"a number from {least} is wanted, not `{text}`")
    return int(text)


def optional(parser: argparse.ArgumentParser, name: str) -> None:
    """FILE may be left out, as with `--resume RUN`."""
    for action in parser._actions:
        if action.dest == name:
            action.nargs = "?"
            action.required = False


def run(args: argparse.Namespace) -> int:
    from ..runtime.devices.ranks import found_ranks
    from ..runtime.run.display import display
    from ..runtime.run.launch import Conduct, carried_out, story_told

    if args.file is None and args.resume is None:
        raise cli.UsageError("train what? Give a FILE, such as `cnnc train zoo:lenet5`, or --resume")
    if args.find_lr or args.find_batch:
        if args.resume is not None:
            raise cli.UsageError("--find-lr and --find-batch take a FILE, not a run")
        require_several(args, 1)
        return found(args)
    if args.resume is not None:
        going_on.require_unchanged(args)
    ranks = found_ranks(args.devices, args.nodes)._replace(split=args.strategy == "fsdp")
    require_several(args, ranks.total)
    if args.file == "-" and not ranks.alone:
        raise cli.UsageError(f"{ranks.total} processes cannot all read the standard input: give a FILE")
    conduct = Conduct(args.save_every, ranks=ranks, workers=args.workers, compile=args.compile)
    with display(args.quiet or not ranks.first, not args.no_progress) as shown:
        job, folder = going_on.resumed(args, shown, ranks) if args.resume is not None else begun(args, shown, ranks)
        outcome = carried_out(job, folder, shown, conduct, resume=args.resume is not None)
        if outcome.figures is not None and not args.no_report and ranks.first:
            story_told(job, folder, shown)
    return told(outcome, folder, ranks) if ranks.first else cli.DONE


def require_several(args: argparse.Namespace, processes: int) -> None:
    """UsageError where the weights are to be split over one process."""
    if args.strategy == "fsdp" and processes == 1:
        raise cli.UsageError(
            "`--strategy fsdp` splits the weights over several devices, but here is one: give --devices"
        )


# --- before torch -----------------------------------------------------------------------------------------------------


def begun(args: argparse.Namespace, shown: Display, ranks: Ranks) -> tuple[Job, RunFolder]:
    """A new run."""
    from ..runtime.jobs.adapt import Changes
    from ..runtime.run import launch

    given = Changes(tuple(args.params), tuple(args.inputs))
    wish = launch.Wish(args.file, compile_text_once(args), given, asked(args), args.out, ranks)
    job, folder, changes = launch.begun(wish, cli.version())
    if ranks.first:
        cli.show_diagnostics(job.compiled.warnings)
    launch.introduce(job, changes, shown)
    return job, folder


def asked(args: argparse.Namespace) -> Asked:
    """What is said beside the model."""
    from ..runtime.jobs.prepare import Asked

    return Asked(args.recipe, args.data, tuple(sets(args)), args.device, tuple(args.freeze))


def sets(args: argparse.Namespace) -> list[str]:
    """`--set`, and the options that stand for one."""
    short = [f"{key}={value(getattr(args, name))}" for name, key in SHORT.items() if getattr(args, name) is not None]
    return [*short, *weights(args), *logs(args), *args.sets]


def value(given: object) -> str:
    """As recipes write it: paths are strings."""
    return json.dumps(given) if isinstance(given, str) and not given.isidentifier() else str(given)


def weights(args: argparse.Namespace) -> list[str]:
    """`--weights`, as an entry of the recipe, in place of those it has."""
    return [] if args.weights is None else [f"weights=from={json.dumps(args.weights)}, partial=true"]


def logs(args: argparse.Namespace) -> list[str]:
    """`--log`, as an entry of the recipe: they go on when the run does."""
    if not args.logs:
        return []
    from ..runtime.logs import as_part

    return ["log=" + ", ".join(map(as_part, args.logs))]


def compile_text_once(args: argparse.Namespace) -> Any:
    """A function that compiles the file with changes; standard input is read once."""
    from ..compiler.pipeline import compile_path, compile_text
    from ..compiler.reading import standard_input

    text = standard_input().text if args.file == "-" else None

    def compile(changes: Changes) -> Compiled:
        own = argparse.Namespace(**{**vars(args), "params": changes.params, "inputs": changes.inputs})
        wanted = cli.options(own)
        return compile_path(args.file, wanted) if text is None else compile_text(text, "<stdin>", wanted)

    return compile


# --- looking for settings ---------------------------------------------------------------------------------------------


def found(args: argparse.Namespace) -> int:
    """`--find-lr` and `--find-batch`: no run is begun."""
    from ..runtime.jobs.adapt import Changes
    from ..runtime.jobs.prepare import prepare

    given = Changes(tuple(args.params), tuple(args.inputs))
    compile = compile_text_once(args)
    job, _ = prepare(compile(given), given, asked(args), compile)
    from ..runtime.run.launch import engine_of
    from ..runtime.training import find

    if args.find_batch:
        tried = []
        for one in find.find_batch(job, engine_of(job)):
            tried.append(one)
            print(f"batch {one.size:>5,}  " + (one.error or f"{one.per_second:>10,.1f} examples/s"), flush=True)
        best = find.best(tried)
        print(f"`--batch {best.size}` is the smallest that is about as fast as any" if best else "no batch fits")
    if args.find_lr:
        rates = find.find_rate(job, engine_of(job))
        print("\n".join(find.drawn(rates)))
        print(f"the loss falls fastest at {rates.steepest:.1e}, it is least at {rates.least:.1e}")
        print(f"`--lr {rates.wanted:.1e}` is a good rate to begin with")
    return cli.DONE


# --- at the end -------------------------------------------------------------------------------------------------------


def told(outcome: Outcome, folder: RunFolder, ranks: Ranks) -> int:
    """The result, or how to go on."""
    from ..runtime.run.display import say

    run = quote(str(folder))
    if outcome.figures is None:
        many = f" --devices {ranks.devices}" * (ranks.devices > 1) + " --strategy fsdp" * ranks.split
        say(f"interrupted after {outcome.epoch} epochs; go on with `cnnc train --resume {run}{many}`")
        return SIGNALLED + outcome.signal if outcome.signal else cli.INTERRUPTED
    say(f"held-out {outcome.told}, epoch {outcome.epoch}, {outcome.seconds:.0f} s")
    if folder.report.exists():
        say(f"report in {folder.report}")
    say(f"weights in {folder.best}; `cnnc eval {run}`, `cnnc predict {run} FILE...`, `cnnc export {run}`")
    return cli.DONE
