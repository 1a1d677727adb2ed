"""Write ONNX, straight from the graph.

FILE is a .cnn file, or the folder of a training run, whose best weights are taken. Without weights they are drawn as
training would begin. Inputs have an open batch `N` and the channels first.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import cli
from ..cli import AT_FAULT, DONE, in_run

if TYPE_CHECKING:
    from ..compiler.backends.onnx import Preprocessing
    from ..compiler.graph import Checked
    from ..compiler.pipeline import Compiled

OPSETS = range(18, 24)

WRONG = {"fp32": 1e-3, "fp16": 3e-2, "bf16": 3e-1}
"""A relative difference between ONNX Runtime and torch beyond rounding, by precision."""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("-o", "--output", metavar="PATH", help="where to (default: the model's name and .onnx)")
    parser.add_argument("--opset", type=int, default=OPSETS[0], metavar="N", help="version of the ONNX operators (18)")
    parser.add_argument(
        "--precision", choices=tuple(WRONG), default="fp32",
        help="what is computed with; inputs and outputs stay fp32 (default: fp32)",
    )  # fmt: skip
    parser.add_argument("--fold", action="store_true", help="put batch normalisation into the layers before it")
    parser.add_argument(
        "--preprocess", action="store_true",
        help="take pictures as decoded, uint8 N x height x width x channels: scaling, `normalize`, whitening go inside",
    )  # fmt: skip
    parser.add_argument("--first", action="store_true", help="leave out all outputs but the first")
    parser.add_argument("--verify", action="store_true", help="run it with ONNX Runtime and compare with torch")
    cli.add_weight_arguments(parser)


def run(args: Namespace) -> int:
    from ..cli import UsageError, compiled

    if args.opset not in OPSETS:
        raise UsageError(f"--opset is {OPSETS[0]} to {OPSETS[-1]}, found {args.opset}")
    folder = args.file
    weights = run_weights(args)
    compiled_model = compiled(args)
    checked = compiled_model.checked
    from ..runtime.lowering.export import export_onnx

    path = Path(args.output or f"{checked.name.lower()}.onnx")
    if not path.parent.is_dir():
        raise FileNotFoundError(2, "no such folder", str(path.parent))
    prelude = preprocessing(compiled_model, folder) if args.preprocess else None
    arrays = numbers_of(args, checked, weights)
    form = {"opset": args.opset, "first_only": args.first, "precision": args.precision, "preprocessing": prelude}
    export_onnx(checked, path, arrays, properties=preparation(args.file), fold=args.fold, **form)
    origin = f"weights of {weights}" if weights else "freshly drawn weights: --weights PATH takes trained ones"
    print(f"{path}: {path.stat().st_size / 2**20:.1f} MB, {checked.params:,} parameters, {origin}")
    return verified(checked, path, arrays, args.precision, prelude) if args.verify else DONE


def numbers_of(args: Namespace, checked: Checked, weights: str | None) -> Mapping[str, Any]:
    """The numbers to export; what came of loading is told where it is more than all."""
    from ..runtime.lowering.export import completed, drawn

    if weights is None:
        return drawn(checked)
    from ..runtime.weights import fitted

    found = fitted(checked, cli.loading(args, weights))
    if args.partial or args.adapt or found.report.notes:
        sys.stderr.write(f"{found.report}\n")
    return completed(checked, found.arrays)


def verified(
    checked: Checked, path: Path, arrays: Mapping[str, Any], precision: str, prelude: Preprocessing | None
) -> int:
    """Run the file beside torch."""
    from ..runtime.lowering.verify import compared

    found = compared(checked, path, arrays, preprocessing=prelude)
    worst, sizes = max(found.values()), list(found)
    where = f", at {' and '.join(filter(None, [', '.join(sizes[:-1]), sizes[-1]]))}" if len(sizes) > 1 else ""
    print(f"ONNX Runtime and torch differ by {worst:.1e} of the largest output{where}")
    if worst <= WRONG[precision]:
        return DONE
    print(f"cnnc export: more than {WRONG[precision]:g}: please report this model", file=sys.stderr)
    return AT_FAULT


def preprocessing(found: Compiled, folder: str) -> Preprocessing:
    """What the recipe does to a picture: that of the run, else that of the file."""
    from ..runtime.jobs.job import recipe_of
    from ..runtime.jobs.prepare import chosen
    from ..runtime.lowering.export import preprocessing as told
    from ..runtime.run.run_folder import RunFolder

    run = RunFolder(Path(folder))
    if not run.config.is_file():
        return told(found.checked, chosen(found, None))
    return told(found.checked, recipe_of(run.read_config()), run)


def run_weights(args: Namespace) -> str | None:
    """The weights to take; where FILE is a run folder it becomes the model in it."""
    folder = Path(args.file)
    if args.file == "-" or not folder.is_dir():
        weights: str | None = args.weights
        return weights
    if not (folder / "config.json").is_file():
        from ..compiler.diagnostics import UserError

        raise UserError(f"{folder}: no run: there is no config.json in it")
    in_run(args)
    from ..runtime.weights.read import BEST

    return args.weights or str(folder / BEST)


def preparation(file: str) -> dict[str, str]:
    """What `cnnc predict` must know of a trained model: its classes and how pictures are prepared, from the run."""
    from ..runtime.run.run_folder import RUN

    config = Path(file).parent / "config.json"
    return {RUN: config.read_text()} if Path(file).name == "model.cnn" and config.is_file() else {}
