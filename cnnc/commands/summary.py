"""print the network as Keras prints it"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON for other programs")
    parser.add_argument("--depth", type=int, metavar="N", help="fold block instances nested N deep into one row each")
    parser.add_argument("--width", type=int, metavar="COLUMNS", help="length of a line (default: the terminal's)")
    parser.add_argument("--trainable", action="store_true", help="show which layers have trainable parameters")
    parser.add_argument("--no-inputs", action="store_true", help="leave out the inputs, as Keras's Sequential does")


def run(args: Namespace) -> int:
    from ..compiler.backends.summary import summary_json, summary_text

    fault = wrong(args)
    if fault:
        print(f"cnnc summary: {fault}", file=sys.stderr)
        return 2
    from ..cli import compiled

    checked = compiled(args).checked
    if args.json:
        print(summary_json(checked, args.depth))
    else:
        inputs = not args.no_inputs
        print(
            summary_text(checked, args.depth, args.width, inputs=inputs, trainable=args.trainable, color=wants_color())
        )
    return 0


def wrong(args: Namespace) -> str:
    """What is wrong with the numbers given, empty where nothing is."""
    if args.depth is not None and args.depth < 1:
        return f"`--depth {args.depth}`: a depth is 1 or more"
    if args.width is not None and args.width < 40:
        return f"`--width {args.width}`: a table needs 40 columns or more"
    return ""


def wants_color() -> bool:
    """Colours only on a terminal, and not where NO_COLOR asks for none."""
    import os

    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
