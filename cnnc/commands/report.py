"""Tell parameters, MACs, values, receptive field and memory, by layer and by part of the network.

Without -o a table is printed; `-o report.html` writes a page to read in a browser, others are .txt, .csv and .json.
With --recipe, what a recipe freezes counts as not trainable. --maps prints the table of feature maps that papers and
lectures give instead: type, maps, size, kernel, stride and activation of each layer.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from ..cli import DONE, UsageError, colored, compiled
from ..freezing import add_freezing, frozen

if TYPE_CHECKING:
    from ..compiler.backends.report import Report

FORMS = (".html", ".htm", ".json", ".csv", ".txt")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("-o", "--output", metavar="PATH", help=f"write a file: {', '.join(FORMS)}")
    parser.add_argument("--json", action="store_true", help="print JSON for other programs")
    parser.add_argument("--depth", type=int, metavar="N", help="show N levels of the parts only")
    parser.add_argument("--batch", type=int, default=32, metavar="N", help="examples at a time (default: 32)")
    parser.add_argument("--maps", action="store_true", help="print the table of feature maps")
    add_freezing(parser)


def run(args: Namespace) -> int:
    from ..compiler.backends.report import Report

    check(args)
    found = compiled(args)
    if args.maps:
        from ..compiler.backends.report.maps import maps_table

        print(maps_table(found.checked))
        return DONE
    report = Report(found.checked, args.batch, frozen(args, found))
    if args.output:
        path = Path(args.output)
        path.write_text(formed(path.suffix.lower(), report, args.depth) + "\n", encoding="utf-8")
        print(f"wrote {path}")
    else:
        print(formed(".json" if args.json else ".txt", report, args.depth, colored(sys.stdout)))
    return DONE


def check(args: Namespace) -> None:
    if args.depth is not None and args.depth < 1:
        raise UsageError(f"--depth is 1 or more, found `{args.depth}`")
    if args.batch < 1:
        raise UsageError(f"--batch is 1 or more, found `{args.batch}`")
    if args.output and Path(args.output).suffix.lower() not in FORMS:
        raise UsageError(f"-o takes a path that ends in {', '.join(FORMS)}, found `{args.output}`")
    if args.maps and (args.output or args.json):
        raise UsageError(f"--maps prints a table, it does not go with {'-o' if args.output else '--json'}")


def formed(suffix: str, report: Report, depth: int | None, color: bool = False) -> str:
    """The text of a report in the form that a suffix stands for."""
    if suffix in (".html", ".htm"):
        from ..compiler.backends.report.page import report_page

        return report_page(report).rstrip("\n")
    if suffix == ".txt":
        from ..compiler.backends.report.text import report_text

        return report_text(report, depth, color)
    from ..compiler.backends.report.data import report_csv, report_json

    return report_json(report) if suffix == ".json" else report_csv(report).rstrip("\n")
