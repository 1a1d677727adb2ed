"""Classify pictures with a trained model.

RUN is a run folder, an exported .onnx (run by ONNX Runtime), or a .cnn file with `--weights`. A FILE that is a folder
stands for the pictures in it.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from .. import cli
from .eval import opened

if TYPE_CHECKING:
    from ..runtime.trained import Answer

FILES = "own"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    cli.add_file_arguments(parser, name="file")
    parser.add_argument("pictures", nargs="+", metavar="FILE", help="pictures, or folders of pictures")
    parser.add_argument("--weights", metavar="PATH", help="other weights than the best of the run")
    parser.add_argument("--top", type=int, default=3, metavar="K", help="how many classes to tell (default: 3)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="a line for each picture and class")
    form.add_argument("--json", action="store_true", help="for programs")


def run(args: argparse.Namespace) -> int:
    if args.top < 1:
        raise cli.UsageError(f"--top is at least 1, found {args.top}")
    trained, _ = opened(args)
    from ..runtime.data.folder import sound_files
    from ..runtime.trained import classify, pictures

    split, skipped = sound_files(pictures(args.pictures))
    for name in skipped:
        sys.stderr.write(f"left out: {name}\n")
    answers = classify(trained, split, args.top)
    if args.json:
        print(json.dumps([as_dict(answer) for answer in answers], indent=1))
    elif args.csv:
        write_csv(answers)
    else:
        write_table(list(answers))
    return cli.DONE if len(split) else cli.AT_FAULT


def as_dict(answer: Answer) -> dict[str, object]:
    return {"file": answer.name, "top": [{"class": name, "probability": p} for name, p in answer.top]}


def write_csv(answers: Iterable[Answer]) -> None:
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["file", "rank", "class", "probability"])
    for answer in answers:
        for rank, (name, p) in enumerate(answer.top, 1):
            table.writerow([answer.name, rank, name, f"{p:.6f}"])


def write_table(answers: list[Answer]) -> None:
    """A line for each picture."""
    width = max((len(answer.name) for answer in answers), default=0)
    for answer in answers:
        print(f"{answer.name:{width}}  " + "  ".join(f"{name} {100 * p:.1f} %" for name, p in answer.top))
