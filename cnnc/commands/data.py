"""What there is to learn from: the kinds of data, or a look into one.

`cnnc data` lists what `--data` takes; `cnnc data X` opens X as training would, and tells classes, counts, shapes, mean
and deviation, and every file that cannot be used. X is a folder, a file, a name such as `mnist`, or a source as recipes
have it: `'csv("cars.csv", label=make)'`.

Every file is looked into before the first step, so that broken ones are found. What a look of more than half a second
found is remembered in ~/.cache/cnnc/looks (CNNC_LOOKS; `no` for nothing), by size and times of change: the next look
goes only into files that are new or changed. `--look-anew` goes into all.
"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from .. import cli

if TYPE_CHECKING:
    from ..runtime.data import Dataset

FILES = "own"

SHOWN = 20
"""Classes, and files that cannot be used, that are told one by one; `--json` has all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="*", metavar="X", help="the data to look into; `show X` says the same")
    parser.add_argument("--data-dir", metavar="DIR", help="where published data lie (CNNC_DATA, ~/.cache/cnnc/data)")
    parser.add_argument("--split", type=float, metavar="SHARE", help="share to learn from, of data in one piece (0.8)")
    parser.add_argument("--bad-images", choices=("skip", "fail"), help="files that cannot be read")
    parser.add_argument("--look-anew", dest="look", action="store_const", const="anew",
                        help="into all files, also those that are as they were at the last look")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="for programs")


def run(args: argparse.Namespace) -> int:
    words = args.what[1:] if args.what[:1] == ["show"] else args.what
    if not words:
        print("\n".join(kinds()))
        return cli.DONE
    if len(words) > 1:
        raise cli.UsageError(f"one X at a time, found {' '.join(words)}")
    if args.split is not None and not 0 <= args.split <= 1:
        raise cli.UsageError(f"--split is from 0 to 1, found {args.split:g}")
    from ..runtime.data import open_data
    from ..runtime.data.opening import named

    asked = {"root": args.data_dir, "bad": args.bad_images, "split": args.split, "look": args.look}
    said = named(words[0], None).changed(**{name: value for name, value in asked.items() if value is not None})
    found = open_data(said, 0)
    print(json.dumps(as_dict(found), indent=1) if args.json else "\n".join(told(found)))
    return cli.DONE


def kinds() -> list[str]:
    """A line for each source, as recipes write it."""
    from ..compiler.recipes.base import PARTS
    from ..grammar.reference import first_paragraph

    parts = [part for word, part in PARTS["source"].items() if word != "coco"]
    usages = [usage(part) for part in parts]
    width = max(map(len, usages))
    return [f"{use:{width}}  {first_paragraph(part)}" for use, part in zip(usages, parts)]


def usage(part: Any) -> str:
    needed = [f"{field.name.upper()}" for field in part.fields.values() if field.required]
    return f"{part.word}({', '.join(needed)})" if needed else str(part.word)


# --- one data set -----------------------------------------------------------------------------------------------------


def as_dict(found: Dataset) -> dict[str, Any]:
    from ..runtime.data.statistics import statistics

    mean, std = statistics(found.train, found.channels)
    return {
        "name": found.name, "target": found.target, "shape": list(found.shape) if found.shape else None,
        "channels": found.channels, "train": len(found.train), "held": len(found.held),
        "classes": list(found.classes), "counts": counts(found), "mean": list(mean), "std": list(std),
        "remarks": list(found.remarks), "skipped": list(found.skipped),
    }  # fmt: skip


def counts(found: Dataset) -> list[list[int]]:
    """For each class the examples to learn from and those held out; empty where examples are of no one class."""
    if found.target not in ("classes", "tags"):
        return []
    rows = []
    for number in range(len(found.classes)):
        pairs = (part.labels == number if found.target == "classes" else part.labels[:, number] > 0
                 for part in (found.train, found.held))  # fmt: skip
        rows.append([int(there.sum()) for there in pairs])
    return rows


def told(found: Dataset) -> list[str]:
    """The same for people."""
    made = as_dict(found)
    size = "x".join(map(str, found.shape)) if found.shape else f"pictures of several sizes, {found.channels} channels"
    lines = [found.told, f"examples: {size}"]
    if made["mean"]:
        lines.append(f"mean {spaced(made['mean'])}, deviation {spaced(made['std'])}")
    lines += list(found.remarks)
    lines += [f"left out: {said}" for said in found.skipped[:SHOWN]]
    if len(found.skipped) > SHOWN:
        lines.append(f"left out: {len(found.skipped) - SHOWN:,} files more")
    return lines + table(found, made["counts"])


def spaced(numbers: list[float]) -> str:
    return " ".join(f"{number:g}" for number in numbers)


def table(found: Dataset, rows: list[list[int]]) -> list[str]:
    """A line for each class, as many as can be read."""
    if not rows:
        more = f" and {len(found.classes) - SHOWN:,} more" if len(found.classes) > SHOWN else ""
        return [f"{found.known}: {', '.join(found.classes[:SHOWN])}{more}"] if found.classes else []
    width = max(5, *(len(name) for name in found.classes[:SHOWN]))
    lines = ["", f"{'class':{width}}  to learn  held out"]
    lines += [f"{name:{width}}  {a:>8,}  {b:>8,}" for name, (a, b) in zip(found.classes[:SHOWN], rows)]
    return lines + ([f"and {len(rows) - SHOWN:,} classes more"] if len(rows) > SHOWN else [])
