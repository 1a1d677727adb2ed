"""Print the network as Keras prints it: layers, output shapes, parameters, connections, totals.

With --depth, block instances are folded into one row each; with --recipe, what a recipe freezes counts as not
trainable; --json is for other programs. No framework is loaded.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from ..cli import DONE, UsageError, colored, compiled
from ..freezing import add_freezing, frozen

NARROWEST = 40
"""Columns a table needs."""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON for other programs")
    parser.add_argument("--depth", type=int, metavar="N", help="fold block instances nested N deep into one row each")
    parser.add_argument("--width", type=int, metavar="COLUMNS", help="length of a line (default: the terminal's)")
    parser.add_argument("--trainable", action="store_true", help="show which layers have trainable parameters")
    add_freezing(parser)
    parser.add_argument("--no-inputs", action="store_true", help="leave out the inputs, as Keras's Sequential does")


def run(args: Namespace) -> int:
    from ..compiler.backends.summary import summary_json, summary_text

    check(args)
    found = compiled(args)
    checked, held = found.checked, frozen(args, found)
    if args.json:
        print(summary_json(checked, args.depth, held))
    else:
        shown = {"inputs": not args.no_inputs, "trainable": args.trainable, "color": colored(sys.stdout)}
        print(summary_text(checked, args.depth, args.width, **shown, frozen=held))
    return DONE


def check(args: Namespace) -> None:
    if args.depth is not None and args.depth < 1:
        raise UsageError(f"--depth is 1 or more, found `{args.depth}`")
    if args.width is not None and args.width < NARROWEST:
        raise UsageError(f"--width is {NARROWEST} or more, found `{args.width}`")
