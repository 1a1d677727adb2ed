"""Say what a trained model sees in pictures: classes, tags or values; masks where it learned a class at every place.

RUN is a run folder, an exported .onnx (run by ONNX Runtime), or a .cnn file with `--weights`. A FILE that is a folder
stands for the pictures in it. Masks are written as PNG, a class number at each pixel.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .. import cli
from .eval import add_trained_arguments, opened

if TYPE_CHECKING:
    from ..runtime.data import Split
    from ..runtime.inference.answers import Answer
    from ..runtime.inference.trained import Trained

FILES = "own"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_trained_arguments(parser)
    parser.add_argument("pictures", nargs="+", metavar="FILE", help="pictures, or folders of pictures")
    parser.add_argument("--top", type=int, default=3, metavar="K", help="how many classes to tell (default: 3)")
    parser.add_argument("-o", "--out", metavar="DIR", default="masks", help="where masks go (default: masks/)")
    parser.add_argument(
        "--strict", action="store_true", help="fail where a picture cannot be read, in place of leaving it out"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="a line for each picture and class")
    form.add_argument("--json", action="store_true", help="for programs")


def run(args: argparse.Namespace) -> int:
    if args.top < 1:
        raise cli.UsageError(f"--top is at least 1, found {args.top}")
    trained, _ = opened(args)
    from ..runtime.data.folder import sound_files
    from ..runtime.inference.given import pictures

    split, skipped = sound_files(pictures(args.pictures))
    for name in skipped:
        sys.stderr.write(f"{'unreadable' if args.strict else 'left out'}: {name}\n")
    if not len(split) or (skipped and args.strict):
        return cli.AT_FAULT
    task = trained.preparation.task
    if task == "segmentation":
        write(list(painted(trained, split, Path(args.out))), args, task)
        return cli.DONE
    from ..runtime.inference.answers import answers

    write(answers(trained, split, args.top), args, task)
    return cli.DONE


def painted(trained: Trained, split: Split, folder: Path) -> Iterator[Answer]:
    """Write the masks; what is said of each is where it is and how much of it each class takes up."""
    from ..runtime.inference.answers import masks
    from ..runtime.inference.paint import saved

    folder.mkdir(parents=True, exist_ok=True)
    for mask in masks(trained, split):
        yield mask.answer._replace(name=str(saved(mask.numbers, folder, mask.name)))


def write(answers: Iterable[Answer], args: argparse.Namespace, task: str) -> None:
    """As asked for."""
    from ..runtime.inference.answers import as_dict

    if args.json:
        print(json.dumps([as_dict(answer, task) for answer in answers], indent=1))
    elif args.csv:
        write_csv(answers, task)
    else:
        write_table(list(answers), task)


def write_csv(answers: Iterable[Answer], task: str) -> None:
    from ..runtime.inference.answers import TOLD

    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["file", "rank", *(("name", "value") if task == "regression" else TOLD[task])])
    for answer in answers:
        for rank, (name, p) in enumerate(answer.top, 1):
            table.writerow([answer.name, rank, name, f"{p:.6f}"])


def write_table(answers: list[Answer], task: str) -> None:
    """A line for each picture."""
    width = max((len(answer.name) for answer in answers), default=0)
    for answer in answers:
        told = (f"{name} {p:.4g}" if task == "regression" else f"{name} {100 * p:.1f} %" for name, p in answer.top)
        print(f"{answer.name:{width}}  " + "  ".join(told))
