"""Measure a trained model: accuracy, each class, calibration, speed, and what was taken for what.

RUN is a run folder, an exported .onnx, or a .cnn file with `--weights`. Measured is on the examples that the run held
out, or on `--data`: a folder of class folders, which are matched by name; not each class of the model needs one.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import TYPE_CHECKING, Any

from .. import cli

if TYPE_CHECKING:
    from ..runtime.measuring.judged import Judged

FILES = "own"

WIDE = 20
"""Classes up to which the table of confusion is printed whole."""
BEGINNING = 512
"""Bytes of a file that is taken for a text: in a text none is zero."""
PAIRS = 20
"""Pairs of classes that are told of a larger one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_trained_arguments(parser)
    parser.add_argument(
        "--data", metavar="DATA", help="a folder of class folders, or `digits` (default: those of the run)"
    )
    parser.add_argument(
        "--top", metavar="K,...", default="", help="top-k accuracies (default: 5 where it says something)"
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def add_trained_arguments(parser: argparse.ArgumentParser) -> None:
    """RUN, `--weights`, `--device`: the same for every command that takes a trained model."""
    parser.add_argument("file", metavar="RUN", help="a run folder, an exported .onnx, or a .cnn file with --weights")
    parser.add_argument("--weights", metavar="PATH", help="other weights than the best of the run")
    parser.add_argument(
        "--device", default="auto", metavar="DEVICE", help="cpu, cuda or mps (default: the best there is)"
    )
    cli.add_model_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from ..runtime.run.run_folder import RunFolder, is_run, task_word

    wanted = numbers(args.top)
    if is_run(args.file) and task_word(args.file) != "classification":
        require_classes(args.top, task_word(args.file))
        return other_task(args)
    from ..runtime.inference.opened import data_for, measured_on

    trained, config = opened(args)
    require_measured(args.file, trained.preparation.task)
    data = data_for(config, args.data, RunFolder(Path(args.file)) if is_run(args.file) else None)
    split = measured_on(data, args.data)
    from ..runtime.inference.answers import judged

    began = time.perf_counter()
    found = judged(trained, split)
    seconds = time.perf_counter() - began
    require_fewer(wanted, len(found.classes))
    ks = wanted or ((5,) if len(found.classes) > 10 else ())
    figures = found.as_dict(ks) | {
        "seconds": round(seconds, 3), "examples_per_second": round(found.examples / max(seconds, 1e-9), 1),
        "model": args.file, "data": data.name, "skipped": list(data.skipped), "remarks": list(data.remarks),
    }  # fmt: skip
    print(json.dumps(figures, indent=1) if args.json else "\n".join(told(found, figures)))
    return cli.DONE


def other_task(args: argparse.Namespace) -> int:
    """The figures of masks, values, tags and what else is not one class of several."""
    from pathlib import Path

    from ..runtime.inference.measured import measured
    from ..runtime.run.run_folder import RunFolder

    found = measured(RunFolder(Path(args.file)), args.weights, args.data, args.device)
    figures = found.as_dict() | {
        "model": args.file, "data": found.data.name, "skipped": list(found.data.skipped),
        "remarks": list(found.data.remarks),
    }  # fmt: skip
    if args.json:
        print(json.dumps(figures, indent=1))
        return cli.DONE
    print(f"{found.task.told(found.figures)}, loss {found.figures.loss:.4f}, {found.figures.examples:,} examples")
    print("\n".join(f"  {name:12} {value:.4f}" for name, value in found.figures.scores.items()))
    print("".join(f"{said}\n" for said in found.data.remarks), end="")
    for name, scores in figures.get("classes", {}).items():
        print(f"  {name:12} " + "  ".join(f"{word} {share(scores[word])}" for word in ("iou", "precision", "recall")))
    return cli.DONE


def numbers(text: str) -> tuple[int, ...]:
    """`1,5` as numbers."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdigit() and int(part) for part in parts):
        raise cli.UsageError(f"--top takes whole numbers such as 1,5, found `{text}`")
    return tuple(int(part) for part in parts)


def require_fewer(tops: tuple[int, ...], classes: int) -> None:
    """UsageError where the right class cannot but be among so many."""
    for k in tops:
        if k >= classes:
            raise cli.UsageError(f"--top {k} is always right: there are {classes} classes")


def require_classes(top: str, task: str) -> None:
    """UsageError where `--top` would say nothing."""
    if top:
        raise cli.UsageError(f"--top is for models that tell one class of several, this one learned {task}")


def require_measured(name: str, task: str) -> None:
    """UserError where only the run says how outputs are held against what is known."""
    from ..compiler.diagnostics import UserError

    if task != "classification":
        raise UserError(f"{name}: it learned {task}, which is measured from its run folder alone: `cnnc eval RUN`")


def opened(args: argparse.Namespace) -> tuple[Any, dict[str, Any] | None]:
    """The model, and the configuration of its run where it is one."""
    from ..runtime.inference.opened import trained_file, trained_onnx, trained_run
    from ..runtime.run.run_folder import is_run

    whole = is_run(args.file) or args.file.endswith(".onnx")
    if whole and (args.params or args.inputs or args.model):
        raise cli.UsageError(f"`{args.file}` is as it was trained: `-p`, `--input` and `--model` are for .cnn files")
    if is_run(args.file):
        return trained_run(args.file, args.weights, args.device)
    require_file(args.file)
    if whole and args.weights is not None:
        raise cli.UsageError(f"`{args.file}` has its weights: `--weights` is for runs and .cnn files")
    if whole:
        return trained_onnx(args.file, args.device)
    return trained_file(cli.compiled(args), args.weights, args.device)


def require_file(name: str) -> None:
    """UserError where it is a folder that holds no run, or a file of bytes, as a picture is."""
    from pathlib import Path

    from ..compiler.diagnostics import UserError

    path = Path(name)
    if path.is_dir() and not (path / "config.json").is_file():
        raise UserError(f"{name}: no run: there is no config.json in it")
    if path.suffix != ".onnx" and path.is_file():
        with path.open("rb") as file:
            if b"\0" in file.read(BEGINNING):
                raise UserError(f"{name}: no run folder, .onnx or .cnn file: that comes first")


# --- as text ----------------------------------------------------------------------------------------------------------


def told(found: Judged, figures: dict[str, Any]) -> list[str]:
    """The figures of the whole, a line for each class, and what was taken for what."""
    right = round(found.accuracy * found.examples)
    tops = "".join(f", top-{name[3:]} {share(figures[name]).strip()}" for name in figures if name.startswith("top"))
    lines = [
        f"accuracy {100 * found.accuracy:.2f} % ({right:,} of {found.examples:,}){tops}, loss {found.loss:.4f}",
        f"of all classes alike: precision {share(figures['precision'])}, recall {share(figures['recall'])}, "
        f"F1 {share(figures['f1'])}",
        f"calibration error {share(found.error)}: {sureness(found)}",
        f"{figures['examples_per_second']:,.0f} examples/s with their reading, {figures['seconds']:.1f} s",
    ]
    lines += figures["remarks"] + [f"left out: {name}" for name in figures["skipped"]]
    return [*lines, "", *class_table(found), "", *confused(found)]


def sureness(found: Judged) -> str:
    """How sure the model is, beside how often it is right."""
    sure = float(found.confidence.mean()) if found.examples else 0.0
    return f"it is {share(sure)} sure on the average and right in {share(found.accuracy)}"


def class_table(found: Judged) -> list[str]:
    width = max(5, *map(len, found.classes))
    lines = [f"{'class':{width}}  examples  precision   recall       F1"]
    for name, score in zip(found.classes, found.scores()):
        three = f"{share(score.precision):>9}  {share(score.recall):>7}  {share(score.f1):>7}"
        lines.append(f"{name:{width}}  {score.examples:>8,}  {three}")
    return lines


def share(number: float | None) -> str:
    return "-" if number is None else f"{100 * number:.1f} %"


def confused(found: Judged) -> list[str]:
    """The table of some classes; of more, the pairs that are most often confused."""
    table, classes = found.confusion.tolist(), found.classes
    if len(classes) > WIDE:
        return ["most often confused:", *(f"  {n} of {a} taken for {b}" for n, a, b in found.confused(PAIRS))]
    cell = max(len(str(n)) for row in table for n in row)
    heads = list(classes)
    if any(len(name) > 8 for name in classes):  # columns by number, which stands before each row then
        heads = [f"#{number}" for number in range(1, len(classes) + 1)]
        classes = tuple(f"#{number} {name}" for number, name in enumerate(classes, 1))
    cell = max(cell, *map(len, heads)) + 1
    width = max(map(len, classes))
    head = " " * width + "".join(f"{name:>{cell}}" for name in heads)
    rows = [f"{name:{width}}" + "".join(f"{n or '.':>{cell}}" for n in row) for name, row in zip(classes, table)]
    return ["rows: what it is; columns: what it was taken for", head, *rows]
