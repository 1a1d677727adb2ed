"""The bundled models: list them with their figures, search them, show one.

`cnnc zoo` lists all, `cnnc zoo search residual 2015` those that have both words in their name, paper, description or
task, `cnnc zoo show resnet34` prints a file below its figures. Any command takes a model as `zoo:resnet34`. No
framework is loaded. MACs are multiply-accumulates for one example. Top-1 and top-5 are what the weights recommended by
torchvision or published by Keras reach, in percent, on the validation pictures of ImageNet or the clips of Kinetics.
"""

from __future__ import annotations

import json
import shutil
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ..catalogue import KINDS, TASKS, catalogue
from ..cli import DONE, UsageError

if TYPE_CHECKING:
    from ..catalogue import Entry, Score

FILES = "own"

SCALES = {"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}


class Key(NamedTuple):
    """What a list can be sorted by; models of which it is not known stand last."""

    of: Callable[[Entry], Any]
    falling: bool = False


KEYS = {
    "params": Key(lambda entry: entry.figures.total_params),
    "macs": Key(lambda entry: entry.figures.macs),
    "year": Key(lambda entry: entry.year or None),
    "top1": Key(lambda entry: entry.top1, falling=True),
}
"""The best stand first, else the smallest."""

COLUMNS = ("model", "parameters", "MACs", "input", "top-1", "top-5", "year", "task", "paper")
ALIGN = "<>><>><<<"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "words", nargs="*", metavar="WORD", help="`list`, `search WORD...`, `show NAME`; words alone are searched"
    )
    parser.add_argument("--task", metavar="TASK", help=f"only this: {', '.join((*TASKS, *KINDS))}")
    parser.add_argument("--max-params", metavar="N", type=amount, help="at most N parameters, such as 5M or 25_000_000")
    parser.add_argument(
        "--max-macs", metavar="N", type=amount, help="at most N multiply-accumulates, such as 600M or 4G"
    )
    parser.add_argument(
        "--sort", metavar="BY", choices=["name", *KEYS], default="name", help=f"{', '.join(KEYS)} or name"
    )
    parser.add_argument("--json", action="store_true", help="a list for other programs")


def amount(text: str) -> float:
    """`5M`, `1.2G` or `25_000_000` as a number."""
    scale = SCALES.get(text[-1:].lower(), 1)
    try:
        return float(text if scale == 1 else text[:-1]) * scale
    except ValueError:
        raise UsageError(f"a number such as 5M, 1.2G or 25_000_000 is wanted, found `{text}`") from None


def run(args: Namespace) -> int:
    first, *rest = args.words or ["list"]
    if first == "show":
        return show(rest, args.json)
    found = chosen(rest if first in ("list", "search") else args.words, args)
    if args.json:
        print(json.dumps([as_dict(entry) for entry in found], indent=1))
    else:
        tell(found)
    return DONE


# --- which ------------------------------------------------------------------------------------------------------------


def chosen(words: list[str], args: Namespace) -> list[Entry]:
    """The models that have all the words and keep the limits, in the order asked for."""
    if args.task is not None and args.task not in (*TASKS, *KINDS):
        raise UsageError(f"the zoo has no task `{args.task}`: there are {', '.join((*TASKS, *KINDS))}")
    found = [entry for entry in catalogue() if all(word.lower() in entry.words for word in words)]
    found = [entry for entry in found if args.task is None or args.task in entry.task.split()]
    found = [entry for entry in found if below(entry.figures.total_params, args.max_params)]
    found = [entry for entry in found if below(entry.figures.macs, args.max_macs)]
    if not found:
        raise UsageError(f"nothing in the zoo has {asked(words, args)}; `cnnc zoo` lists all")
    return found if args.sort == "name" else in_order_of(found, KEYS[args.sort])


def below(figure: float | None, limit: float | None) -> bool:
    """Whether a figure keeps a limit; one that is not known keeps none."""
    return limit is None or (figure is not None and figure <= limit)


def asked(words: list[str], args: Namespace) -> str:
    """What was looked for, in words."""
    from ..compiler.figures import short

    parts = [f"`{word}`" for word in words]
    parts += [f"the task `{args.task}`"] * (args.task is not None)
    parts += [f"at most {short(args.max_params)} parameters"] * (args.max_params is not None)
    parts += [f"at most {short(args.max_macs)} multiply-accumulates"] * (args.max_macs is not None)
    return " and ".join(parts)


def in_order_of(entries: list[Entry], key: Key) -> list[Entry]:
    known = [entry for entry in entries if key.of(entry) is not None]
    return sorted(known, key=key.of, reverse=key.falling) + [entry for entry in entries if entry not in known]


# --- the list ---------------------------------------------------------------------------------------------------------


def as_dict(entry: Entry) -> dict[str, Any]:
    """One model for other programs; shapes have the batch first, as in `cnnc summary --json`."""
    return {
        "name": entry.name,
        "title": entry.title,
        "authors": entry.authors,
        "year": entry.year,
        "task": entry.task,
        **entry.figures._asdict(),
        "scores": [score._asdict() for score in entry.scores],
    }


def tell(entries: list[Entry]) -> None:
    """The table; on a terminal a long line is cut at its end, the paper."""
    rows = [COLUMNS, *(cells(entry) for entry in entries)]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in lines(rows):
        print(line if room is None or len(line) <= room else line[: room - 1] + "…")


def cells(entry: Entry) -> tuple[str, ...]:
    """One line of the table, by COLUMNS."""
    from ..compiler.figures import grouped, short

    figures = entry.figures
    shapes = ", ".join(dict.fromkeys(map(shape_text, figures.inputs)))
    scores = [f"{value:.1f}" if value is not None else "" for value in (entry.top1, entry.top5)]
    paper = f"{entry.title} ({entry.authors})"
    params, macs = grouped(figures.total_params), short(figures.macs)
    return (entry.name, params, macs, shapes, *scores, str(entry.year), entry.task, paper)


def lines(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Rows in columns as wide as their longest cell."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        yield "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, ALIGN, widths)).rstrip()


def shape_text(shape: list[int | None]) -> str:
    """`224x224x3`, without the batch."""
    return "x".join("?" if size is None else str(size) for size in shape[1:])


# --- one model --------------------------------------------------------------------------------------------------------


def show(names: list[str], as_json: bool) -> int:
    """The file of one model, its figures above as comments, so that the output is a .cnn file again."""
    from ..compiler.locate import in_zoo

    if len(names) != 1:
        raise UsageError("show which? Give one name, such as `cnnc zoo show resnet34`")
    path = in_zoo(names[0].removeprefix("zoo:"))
    found = [entry for entry in catalogue() if entry.path == path]
    if as_json and found:
        print(json.dumps(as_dict(found[0]), indent=1))
        return DONE
    for line in facts(found):
        print(f"# {line}")
    print(path.read_text(encoding="utf-8"), end="")
    return DONE


def facts(entries: Iterable[Entry]) -> Iterator[str]:
    """What is known of a model, line by line."""
    from ..compiler.figures import grouped, short

    for entry in entries:
        figures = entry.figures
        ins, outs = " and ".join(map(shape_text, figures.inputs)), ", ".join(map(shape_text, figures.outputs))
        yield f"{figures.model}: {ins} -> {outs}, {entry.task}"
        yield f"{grouped(figures.total_params)} parameters, {grouped(figures.trainable_params)} of them trained"
        yield f"{grouped(figures.macs)} multiply-accumulates ({short(figures.macs)})"
        yield from map(score_text, entry.scores)


def score_text(score: Score) -> str:
    """`--weights torchvision:...: top-1 76.1 %, top-5 92.9 % of ImageNet-1K at 224x224`."""
    names = {"top1": "top-1", "top5": "top-5", "miou": "mean IoU", "pixel_accuracy": "pixels right"}
    measured = ", ".join(f"{names[key]} {value:.1f} %" for key, value in score.measured.items())
    side = f" at {score.side}x{score.side}" if score.side else ""
    return f"{score.weights}: {measured} on {score.data}{side}"
