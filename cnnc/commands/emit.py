"""Write stand-alone source: PyTorch or Keras that reads as if written by hand and needs no cnnc

`cnnc emit torch FILE` writes a module of PyTorch, channels first, whose `state_dict` has the paths of the file;
`cnnc emit keras FILE` a functional model of Keras 3, channels last, whose `summary()` is that of `cnnc summary`.
Blocks become classes or functions, loops become comprehensions. Recipes and initial values are not written.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from shlex import quote

from ..cli import DONE, UsageError, add_file_arguments, compiled

FILES = "own"
TARGETS = ("torch", "keras")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="|".join(TARGETS), help="what to write")
    add_file_arguments(parser)
    parser.add_argument("-o", "--output", metavar="PATH", help="where to (default: standard output)")


def run(args: argparse.Namespace) -> int:
    if args.target not in TARGETS:
        raise UsageError(f"`emit` writes torch or keras, found `{args.target}`: `cnnc emit torch {quote(args.file)}`")
    from ..compiler.backends.emit import source

    found = compiled(args)
    text = source(found.checked, args.target, found.file.doc)
    if args.output is None:
        sys.stdout.write(text)
        return DONE
    path = Path(args.output)
    if not path.parent.is_dir():
        raise FileNotFoundError(2, "no such folder", str(path.parent))
    path.write_text(text, "utf-8")
    print(f"{path}: {text.count(chr(10)):,} lines")
    return DONE
