"""Print the network as Keras prints it: layers, output shapes, parameters, connections, totals.

With --depth, block instances are folded into one row each; with --recipe, what a recipe freezes counts as not
trainable; --json is for other programs. No framework is loaded.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from ..cli import DONE, UsageError, colored, compiled

if TYPE_CHECKING:
    from ..compiler.pipeline import Compiled

NARROWEST = 40
"""Columns a table needs."""

OWN = ""
"""`--recipe` without a name."""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON for other programs")
    parser.add_argument("--depth", type=int, metavar="N", help="fold block instances nested N deep into one row each")
    parser.add_argument("--width", type=int, metavar="COLUMNS", help="length of a line (default: the terminal's)")
    parser.add_argument("--trainable", action="store_true", help="show which layers have trainable parameters")
    parser.add_argument(
        "--recipe",
        nargs="?",
        const=OWN,
        metavar="NAME",
        help="freeze what this recipe freezes, the file's own unless named",
    )
    parser.add_argument("--phase", metavar="NAME", help="freeze what this phase of the recipe freezes")
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


def frozen(args: Namespace, found: Compiled) -> frozenset[str]:
    """The weights that the recipe asked for leaves as they are."""
    if args.recipe is None and args.phase is None:
        return frozenset()
    from ..compiler import chosen

    recipe = chosen.chosen(found, args.recipe or None)
    if args.phase is not None:
        recipe = chosen.in_phase(recipe, args.phase)
    return chosen.frozen(recipe, found.checked.weights)


def check(args: Namespace) -> None:
    if args.depth is not None and args.depth < 1:
        raise UsageError(f"--depth is 1 or more, found `{args.depth}`")
    if args.width is not None and args.width < NARROWEST:
        raise UsageError(f"--width is {NARROWEST} or more, found `{args.width}`")
