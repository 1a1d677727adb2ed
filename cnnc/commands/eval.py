"""Measure a trained model: accuracy, each class, and what was taken for what.

RUN is a run folder, an exported .onnx, or a .cnn file with `--weights`. Measured is on the examples that the run held
out, or on `--data`: a folder of class folders.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from .. import cli

FILES = "own"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    cli.add_file_arguments(parser, name="file")
    parser.add_argument(
        "--data", metavar="DATA", help="a folder of class folders, or `digits` (default: those of the run)"
    )
    parser.add_argument("--weights", metavar="PATH", help="other weights than the best of the run")
    parser.add_argument("--json", action="store_true", help="for programs")


def run(args: argparse.Namespace) -> int:
    from ..runtime.opened import data_for, measured_on

    trained, config = opened(args)
    data = data_for(config, args.data)
    split = measured_on(data, args.data)
    from ..runtime.trained import confusion

    table, loss = confusion(trained, split)
    figures = figures_of(table, loss, data.classes)
    figures |= {"model": args.file, "data": data.name, "skipped": list(data.skipped)}
    print(json.dumps(figures, indent=1) if args.json else told(figures, data.classes))
    return cli.DONE


def opened(args: argparse.Namespace) -> tuple[Any, dict[str, Any] | None]:
    """The model, and the configuration of its run where it is one."""
    from ..runtime.opened import trained_file, trained_onnx, trained_run
    from ..runtime.run_folder import is_run

    if is_run(args.file):
        return trained_run(args.file, args.weights)
    if args.file.endswith(".onnx"):
        return trained_onnx(args.file)
    return trained_file(cli.compiled(args), args.weights), None


def figures_of(table: Any, loss: float, classes: tuple[str, ...]) -> dict[str, Any]:
    """The figures that follow from a table of confusion."""
    from ..runtime.figures import Figures

    count = int(table.sum())
    return Figures(count, loss, float(table.trace() / max(count, 1)), table, {}).as_dict(classes)


# --- as text ----------------------------------------------------------------------------------------------------------


def told(figures: dict[str, Any], classes: tuple[str, ...]) -> str:
    """Accuracy, a line for each class, and the table where it is not too wide."""
    accuracy, examples = figures["accuracy"], figures["examples"]
    right = round(accuracy * examples)
    lines = [
        f"accuracy {100 * accuracy:.2f} % ({right:,} of {examples:,}), loss {figures['loss']:.4f}",
        "",
    ]
    lines += [f"left out, no picture that can be read: {name}" for name in figures["skipped"]]
    width = max(5, *map(len, classes))
    lines.append(f"{'class':{width}}  examples  found  of those named so")
    for name, found in figures["classes"].items():
        recall, precision = share(found["recall"]), share(found["precision"])
        lines.append(f"{name:{width}}  {found['examples']:>8,}  {recall:>7}  {precision:>7}")
    return "\n".join([*lines, "", *confused(figures["confusion"], classes)])


def share(number: float | None) -> str:
    return "-" if number is None else f"{100 * number:.1f} %"


def confused(table: list[list[int]], classes: tuple[str, ...]) -> list[str]:
    """The table of up to 20 classes; of more, the pairs that are most often confused."""
    if len(classes) > 20:
        pairs = sorted(
            ((n, i, j) for i, row in enumerate(table) for j, n in enumerate(row) if i != j and n), reverse=True
        )
        return ["most often confused:", *(f"  {n} of {classes[i]} taken for {classes[j]}" for n, i, j in pairs[:20])]
    cell = max(len(str(n)) for row in table for n in row)
    cell = max(cell, *(len(name[:8]) for name in classes)) + 1
    width = max(map(len, classes))
    head = " " * width + "".join(f"{name[:8]:>{cell}}" for name in classes)
    rows = [f"{name:{width}}" + "".join(f"{n or '.':>{cell}}" for n in row) for name, row in zip(classes, table)]
    return ["rows: what it is; columns: what it was taken for", head, *rows]
