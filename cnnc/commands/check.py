"""Parse, expand and check .cnn files, and print what is wrong with them.

Every model of a file is checked, and its recipes; nothing is run and no framework is loaded. Exit status 1 if there is
an error, with --strict also for a warning.
"""

from __future__ import annotations

import argparse
import json
import sys

from ..cli import AT_FAULT, DONE, options, show_diagnostics

FILES = "many"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="a list of diagnostics on standard output")
    parser.add_argument("--strict", action="store_true", help="warnings are faults too: exit status 1")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing of files that are in order")


def run(args: argparse.Namespace) -> int:
    from ..compiler.pipeline import check_path
    from ..compiler.render import as_dict

    wanted = options(args)
    found = []
    for name in args.file:
        here = check_path(name, wanted)
        found += here
        if not args.json:
            show_diagnostics(here)
            say(name, [d.severity for d in here], args.quiet)
    if args.json:
        print(json.dumps([as_dict(d) for d in found], indent=1))
    at_fault = any(d.severity == "error" or args.strict for d in found)
    return AT_FAULT if at_fault else DONE


def say(name: str, severities: list[str], quiet: bool) -> None:
    """One line about a file."""
    counts = [f"{severities.count(kind)} {kind}{'s' * (severities.count(kind) > 1)}" for kind in ("error", "warning")
              if kind in severities]  # fmt: skip
    if counts:
        print(f"{name}: {', '.join(counts)}", file=sys.stderr)
    elif not quiet:
        print(f"{name}: in order")
