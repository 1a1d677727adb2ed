"""Show, convert and compare weights.

  cnnc weights show W                what a file holds; with --for FILE, what a model would take of it
  cnnc weights convert W OUT         into the format that the suffix of OUT names
  cnnc weights diff A B              how far two sets of weights are apart

W, A and B are files (.safetensors, .pt, .pth, .npz, .weights.h5, .keras, .h5), or published weights by their name
(`torchvision:resnet34`, `keras:resnet50`; with --for, `imagenet` for those of the model). OUT ends in .safetensors,
.pt, .pth, .npz, .weights.h5 or .keras, which holds the model too, for `keras.models.load_model`. Keras's files know
layers by their order: with them, --for FILE says of which model the weights are.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import cli

if TYPE_CHECKING:
    from ..compiler.graph import Checked
    from ..runtime.weights.compare import Difference
    from ..runtime.weights.held import Held

FILES = "own"

WORDS = {"show": 1, "convert": 2, "diff": 2}
"""How many sets of weights each takes."""

SAME = 10
"""How many differences a comparison lists where nothing else is said."""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("what", choices=tuple(WORDS), metavar="show|convert|diff", help="what to do")
    parser.add_argument("sources", nargs="+", metavar="W", help="weights")
    parser.add_argument("--for", dest="file", metavar="FILE", help="the model: a .cnn file, zoo:NAME or a run folder")
    parser.add_argument("--flatten", choices=("channels_first", "channels_last"), metavar="ORDER",
                        help="convert: how maps are to lie where they are flattened; channels_first for PyTorch's own "
                             "modules (default: channels_last, ours and Keras's)")  # fmt: skip
    parser.add_argument("--all", action="store_true", help=f"diff: list every difference, not the {SAME} largest")
    parser.add_argument("--tolerance", type=float, metavar="X",
                        help="diff: exit with 1 where a weight differs by more of its largest value")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="for programs")
    cli.add_loading_arguments(parser.add_argument_group("reading"))
    cli.add_model_arguments(parser)


def run(args: Namespace) -> int:
    count = WORDS[args.what]
    if len(args.sources) != count:
        plural = "set of weights" if count == 1 else "files"
        raise cli.UsageError(f"`weights {args.what}` takes {count} {plural}, found {len(args.sources)}")
    checked = cli.compiled(args).checked if args.file is not None else None
    return {"show": show, "convert": convert, "diff": diff}[args.what](args, checked)


# --- show -------------------------------------------------------------------------------------------------------------


def show(args: Namespace, checked: Checked | None) -> int:
    if checked is not None:
        return show_fit(args, checked)
    from ..runtime.weights import read
    from ..runtime.weights.under import named

    rows = [figures(name, held) for name, held in named(read(args.sources[0])).items()]
    if args.json:
        print(json.dumps(rows, indent=1))
    else:
        print("\n".join(table(rows)))
    return cli.DONE


def figures(name: str, held: Held) -> dict[str, Any]:
    """One array in numbers."""
    array = held.read()
    spread = {"mean": float(array.mean()), "std": float(array.std())} if array.size else {"mean": 0.0, "std": 0.0}
    return {"name": name, "shape": list(held.shape), "type": str(array.dtype), **spread}


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    from ..runtime.weights.held import sizes

    shapes = [sizes(tuple(row["shape"])) for row in rows]
    names, widths = (max(map(len, cells), default=0) for cells in ([row["name"] for row in rows], shapes))
    for row, shape in zip(rows, shapes):
        yield f"{row['name']:{names}}  {shape:>{widths}}  mean {row['mean']:>9.2g}  std {row['std']:<9.2g}".rstrip()
    yield f"{len(rows)} arrays, {sum(count(row['shape']) for row in rows):,} numbers"


def count(shape: Iterable[int]) -> int:
    from math import prod

    return prod(shape)


def show_fit(args: Namespace, checked: Checked) -> int:
    """What the model would take."""
    from ..runtime.weights import fitted

    report = fitted(checked, cli.loading(args, args.sources[0])).report
    print(json.dumps(report.as_dict(), indent=1) if args.json else str(report))
    return cli.DONE


# --- convert ----------------------------------------------------------------------------------------------------------


def convert(args: Namespace, checked: Checked | None) -> int:
    from ..runtime.weights.under import as_asked
    from ..runtime.weights.write import write

    source, target = args.sources
    arrays, flatten = as_asked(cli.loading(args, source), checked, args.flatten)
    write(Path(target), arrays, checked, flatten)
    print(f"{target}: {len(arrays)} arrays, {Path(target).stat().st_size / 2**20:.1f} MB")
    return cli.DONE


# --- diff -------------------------------------------------------------------------------------------------------------


def diff(args: Namespace, checked: Checked | None) -> int:
    from ..runtime.weights.compare import as_dict, differences
    from ..runtime.weights.under import under

    before, after = under([cli.loading(args, source) for source in args.sources], checked)
    found = list(differences(before, after))
    if args.json:
        print(json.dumps([as_dict(one) for one in found], indent=1))
    else:
        print("\n".join(told(found, before, None if args.all else SAME)))
    beyond = args.tolerance is not None and any(size(one) > args.tolerance for one in found)
    return cli.AT_FAULT if beyond else cli.DONE


def told(found: list[Difference], before: Mapping[str, Held], shown: int | None) -> Iterator[str]:
    """The differences, the largest first."""
    others = sorted((one for one in found if not one.same), key=size, reverse=True)
    yield from map(str, others[:shown])
    if shown is not None and len(others) > shown:
        yield f"and {len(others) - shown} more: --all lists them"
    yield f"{len(found) - len(others)} of {len(found)} weights are equal"


def size(one: Difference) -> float:
    """How far apart; what cannot be compared is furthest."""
    return float("inf") if one.relative is None else one.relative
