"""List, show and compare training runs.

    cnnc runs                       the runs in runs/, the latest last
    cnnc runs show RUN              all about one
    cnnc runs compare RUN RUN...    what was said differently, and how it went
    cnnc runs report RUN...         make the pictures and report.html again, also of a run that did not end

RUN is a folder, or its name in runs/.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from .. import cli

if TYPE_CHECKING:
    from ..runtime.run.history import History, Unreadable

FILES = "own"

WHAT = ("list", "show", "compare", "report")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", nargs="?", default="list", metavar="WHAT", help="list (default), show, compare or report"
    )
    parser.add_argument("runs", nargs="*", metavar="RUN", help="run folders, or their names in runs/")
    parser.add_argument("--in", dest="root", metavar="DIR", help="the folder of runs (default: runs/)")
    parser.add_argument("--json", action="store_true", help="for programs")


def run(args: argparse.Namespace) -> int:
    if args.what not in WHAT:
        raise cli.UsageError(f"`cnnc runs` takes {', '.join(WHAT)}, found `{args.what}`")
    from ..runtime.run.history import histories
    from ..runtime.run.run_folder import ROOT

    if args.what == "list" and not args.runs:
        found = list(histories(folder_of_runs(args) or ROOT))
        print(json.dumps([as_dict(one) for one in found], indent=1) if args.json else "\n".join(table(found)))
        return cli.DONE
    named = chosen(args)
    if args.what == "report":
        return report(named)
    if args.json:
        print(json.dumps([as_dict(one) for one in named], indent=1))
    else:
        print("\n".join({"list": table, "show": shown, "compare": compared}[args.what](named)))
    return cli.DONE


def folder_of_runs(args: argparse.Namespace) -> Path | None:
    """`--in`."""
    if args.root and not Path(args.root).is_dir():
        raise FileNotFoundError(2, "no such folder", args.root)
    return Path(args.root) if args.root else None


def chosen(args: argparse.Namespace) -> list[History]:
    """The runs asked for by name."""
    from ..runtime.run.history import history
    from ..runtime.run.run_folder import ROOT, RunFolder

    root = folder_of_runs(args) or ROOT
    least = {"list": 0, "show": 1, "compare": 2, "report": 1}[args.what]
    if len(args.runs) < least:
        raise cli.UsageError(
            f"`cnnc runs {args.what}` takes {least} run{'s' * (least > 1)} at least, found {len(args.runs)}"
        )
    return [history(RunFolder(standing(path, root))) for path in map(Path, args.runs)]


def standing(path: Path, root: Path) -> Path:
    """The folder that is meant: a run where it stands, else one of its name in `root`, whatever else has the name."""
    from ..runtime.run.run_folder import is_run

    inside = root / path
    return inside if not is_run(str(path)) and (is_run(str(inside)) or not path.is_dir()) else path


def report(found: list[History]) -> int:
    from ..runtime.story.again import again

    for one in found:
        told = again(one.folder)
        print(f"{one.folder.report}" + (f" ({told})" if told else ""))
    return cli.DONE


def as_dict(one: History | Unreadable) -> dict[str, Any]:
    from ..runtime.run.history import Unreadable

    if isinstance(one, Unreadable):
        return {"run": str(one.folder), "state": "unreadable", "error": one.why}
    score = one.score
    return {
        "run": str(one.folder), "model": one.model, "data": one.data, "state": one.status, "epochs": one.epochs,
        "best_epoch": one.best_epoch, "score": score.name if score else None, "value": score.value if score else None,
        "parameters": one.config.get("parameters"), "seconds": one.seconds, "began": one.state and one.state.began,
        "history": list(one.rows),
    }  # fmt: skip


# --- as text ----------------------------------------------------------------------------------------------------------


def table(found: Sequence[History | Unreadable]) -> list[str]:
    """A line for each run."""
    if not found:
        return ["no runs yet: `cnnc train zoo:lenet5` makes the first"]
    heads = ["run", "model", "data", "score", "", "epochs", "time", "parameters", "state"]
    return columns([heads, *map(cells, found)], right={3, 5, 6, 7})


def cells(one: History | Unreadable) -> list[str]:
    from ..runtime.run.history import Unreadable

    if isinstance(one, Unreadable):
        return [one.folder.path.name, *["-"] * 3, "", *["-"] * 3, f"unreadable: {one.why}"]
    score, epoch = one.score, one.best_epoch
    parameters = one.config.get("parameters")
    return [
        one.name, one.model, one.data, str(score) if score else "-", score.name if score else "",
        f"{one.epochs}" + (f" (best {epoch})" if epoch not in (None, one.epochs) else ""),
        clock(one.seconds), f"{parameters:,}" if parameters is not None else "-", one.status,
    ]  # fmt: skip


def clock(seconds: float | None) -> str:
    from ..compiler.figures import duration

    return "-" if seconds is None else duration(seconds)


def columns(rows: list[list[str]], right: set[int] = frozenset()) -> list[str]:  # type: ignore[assignment]
    """Rows of cells below each other."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        "  ".join(f"{c:>{w}}" if i in right else f"{c:{w}}" for i, (c, w) in enumerate(zip(row, widths))).rstrip()
        for row in rows
    ]


def shown(found: list[History]) -> list[str]:
    """All about each."""
    lines: list[str] = []
    for one in found:
        lines += [*([""] if lines else []), *about(one)]
    return lines


def about(one: History) -> list[str]:
    score, state = one.score, one.state
    data, run = one.config["data"], quote(str(one.folder))
    facts = [
        ("state", one.status + (f": {state.error}" if state and state.error else "")),
        ("data", f"{one.data}: {data['train']:,} to learn from, {data['held']:,} held out"),
        ("score", f"{score.name} {score} after epoch {one.best_epoch}" if score else "-"),
        ("epochs", f"{one.epochs}, {clock(one.seconds)}"),
        *environment(one),
        ("recipe", "\n          ".join(recipe(one))),
        ("report", str(one.folder.report) if one.folder.report.exists() else f"`cnnc runs report {run}`"),
    ]
    return [f"{one.model} in {one.folder}", *(f"  {name:6}  {value}" for name, value in facts), *epochs(one)]


def environment(one: History) -> list[tuple[str, str]]:
    if not one.environments:
        return []
    last = one.environments[-1]
    torch = last["packages"].get("torch")
    return [("ran on", f"{last.get('device')}; {last.get('processor')}; Python {last['python']}, torch {torch}")]


def recipe(one: History) -> list[str]:
    from ..compiler.recipes.record import told

    found = one.recipe
    return [told(said.entry) for said in found.said] + [
        f"phase {phase.name}: " + "; ".join(told(said.entry) for said in phase.said) for phase in found.phases
    ]


def epochs(one: History, most: int = 20) -> list[str]:
    """The rows of its epochs, of many the last."""
    if not one.rows:
        return []
    names = list(dict.fromkeys(key for row in one.rows for key in row))
    rows = [[short(row.get(name)) for name in names] for row in one.rows[-most:]]
    left = [f"  ... {len(one.rows) - most} epochs before"] if len(one.rows) > most else []
    return ["", *left, *("  " + line for line in columns([names, *rows], right=set(range(len(names)))))]


def short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)


# --- beside each other ------------------------------------------------------------------------------------------------


def compared(found: list[History]) -> list[str]:
    """The lines of the recipes that differ, the results, and the held-out score over the epochs."""
    names = [one.name for one in found]
    lines = table(found)
    differing = differences(found)
    lines += ["", "said differently:" if differing else "the same recipe"]
    if differing:
        lines += columns([["", *names], *differing])
    return [*lines, *course(found)]


def differences(found: list[History]) -> list[list[str]]:
    """One row for each kind of entry in which they differ, with what each says."""
    said = [entries(one) for one in found]
    words = dict.fromkeys(word for one in said for word in one)
    rows = [[word, *("; ".join(one.get(word, ["-"])) for one in said)] for word in words]
    return [row for row in rows if len(set(row[1:])) > 1]


def entries(one: History) -> dict[str, list[str]]:
    """What a run says, by the kind of entry; `model` and `input` as well."""
    from ..compiler.recipes.record import told

    found: dict[str, list[str]] = {"model": [one.model, *one.config["params"]], "data": [one.data]}
    found["input"] = ["x".join(map(str, one.config["input"]))]
    for said in one.recipe.everything():
        if said.entry.entry != "data":
            found.setdefault(said.entry.entry, []).append(told(said.entry).removeprefix(f"{said.entry.entry} "))
    return found


def course(found: list[History], points: int = 10) -> list[str]:
    """The held-out score of each at some epochs, and as a line of blocks."""
    name = found[0].measured
    if name is None or any(one.measured != name for one in found):
        return []
    scores = [
        {int(row["epoch"]): float(row[f"val_{name}"]) for row in one.rows if f"val_{name}" in row} for one in found
    ]
    last = max(max(one, default=0) for one in scores)
    at = sorted({max(round(i * last / points), 1) for i in range(1, points + 1)})
    rows = [
        [one.name, *(f"{s[e]:.4g}" if e in s else "-" for e in at), blocks(s, scores)] for one, s in zip(found, scores)
    ]
    heads = ["epoch", *map(str, at), ""]
    return ["", f"held-out {name}:", *columns([heads, *rows], right=set(range(1, len(at) + 1)))]


BLOCKS = "▁▂▃▄▅▆▇█"


def blocks(score: dict[int, float], beside: list[dict[int, float]], width: int = 40) -> str:
    """The course as a line of text, in one scale for all."""
    every = [value for one in beside for value in one.values()]
    low, high = min(every), max(every)
    last = max(max(one, default=0) for one in beside)
    count = min(width, last)
    values = [score.get(round(1 + i * (last - 1) / max(count - 1, 1))) for i in range(count)]
    top = len(BLOCKS) - 1
    return "".join(" " if v is None else BLOCKS[round((v - low) / ((high - low) or 1) * top)] for v in values)
