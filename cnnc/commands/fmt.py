"""Bring .cnn files into the one layout; comments are kept.

`-` reads standard input and writes standard output.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ..cli import AT_FAULT, DONE, show_diagnostics

FILES = "own"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="+", metavar="FILE", help="a .cnn file or a folder of them, or -")
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 if a file would change")
    parser.add_argument("--diff", action="store_true", help="write nothing; show what would change")


def run(args: argparse.Namespace) -> int:
    if args.file == ["-"]:
        from ..compiler.reading import standard_input

        sys.stdout.write(formatted(standard_input().text, "<stdin>"))
        return DONE
    status = DONE
    for path in files(args.file):
        status = max(status, one(path, args))
    return status


def files(names: list[str]) -> list[Path]:
    """The files named, and those of folders named."""
    found: list[Path] = []
    for name in names:
        path = Path(name)
        found += sorted(path.rglob("*.cnn")) if path.is_dir() else [path]
    return found


def one(path: Path, args: argparse.Namespace) -> int:
    """Format one file; 1 where it cannot be parsed, or would change and only that is asked."""
    from ..compiler.diagnostics import CompileError
    from ..compiler.reading import read_source

    try:
        before = read_source(path, str(path)).text
        after = formatted(before, str(path))
    except CompileError as error:
        show_diagnostics(error.diagnostics)
        return AT_FAULT
    if path.read_bytes() == after.encode():
        return DONE
    if args.diff:
        show_difference(path, before, after)
    elif args.check:
        print(f"{path} would change")
    else:
        write(path, after)
        print(f"{path} formatted")
    return AT_FAULT if args.check else DONE


def formatted(text: str, name: str) -> str:
    from ..compiler.format import format
    from ..compiler.parse import parse
    from ..compiler.source import Source

    return format(parse(Source(name, text)))


def show_difference(path: Path, before: str, after: str) -> None:
    from difflib import unified_diff

    lines = unified_diff(before.splitlines(True), after.splitlines(True), str(path), f"{path} (formatted)")
    sys.stdout.writelines(line if line.endswith("\n") else line + "\n" for line in lines)


def write(path: Path, text: str) -> None:
    """Replace the file in one step, so that an interruption leaves the old or the new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(text.encode())
        os.chmod(beside, path.stat().st_mode)
        os.replace(beside, path)
    except OSError as error:  # which names the file beside it
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        beside.unlink(missing_ok=True)
