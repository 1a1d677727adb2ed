"""draw the network: blocks as boxes, equal repeats once, every skip visible

The suffix of the output says the format: svg, png and pdf are drawn by the program `dot` of Graphviz; html is a page on
which blocks fold and unfold, dot and mmd (Mermaid) are texts, and these need no other program.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..cli import AT_FAULT, DONE, UsageError, compiled

if TYPE_CHECKING:
    from ..compiler.backends.diagram import Picture

FORMATS = ("svg", "png", "pdf", "html", "dot", "mmd")

INSTALL = """\
  Debian, Ubuntu   apt install graphviz
  Fedora           dnf install graphviz
  macOS            brew install graphviz
  Windows          winget install graphviz
or draw a page that needs no program: `-o {stem}.html`"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--output", metavar="FILE", help=f"NAME.{'|'.join(FORMATS)} (default: the model's name .svg)"
    )
    parser.add_argument("--depth", type=depth, metavar="N",
                        help="open blocks nested less than N deep, 1: none (default: what one page shows)")  # fmt: skip
    parser.add_argument("--direction", choices=("TB", "LR"), default="TB", help="top to bottom, or left to right")
    parser.add_argument("--no-fold", dest="fold", action="store_false", help="draw equal repeats one by one")
    parser.add_argument("--no-stack", dest="stack", action="store_false", help="one node for each layer")
    parser.add_argument("--shapes", action=argparse.BooleanOptionalAction, default=True, help="the shapes of values")


def depth(text: str) -> int:
    """A depth from 1 on."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a depth is 1 or more, found `{text}`")
    return int(text)


def run(args: argparse.Namespace) -> int:
    from ..compiler.backends.diagram import NoProgram, ProgramFailed, TooLarge, picture

    form = form_of(args.output)
    checked = compiled(args).checked
    target = Path(args.output or f"{file_name(checked.name)}.svg")
    try:
        made = picture(checked, args.depth, folding=args.fold, stack=args.stack)
        size = write(made, target, form, args)
    except TooLarge as large:
        return fault(f"{large}; `--depth {max(1, (args.depth or 2) - 1)}` draws fewer, no `--depth` what fits a page")
    except NoProgram as missing:
        return fault(f"{missing}\n{INSTALL.format(stem=target.stem)}")
    except ProgramFailed as failed:
        return fault(f"{failed}\ndraw a page that needs no program: `-o {target.stem}.html`")
    print(f"{target}: {size}")
    return DONE


def form_of(output: str | None) -> str:
    """The format that a file name asks for."""
    form = Path(output).suffix.lower().lstrip(".") if output else "svg"
    if form not in FORMATS:
        raise UsageError(f"`{output}`: the suffix says the format, one of {', '.join(FORMATS)}")
    return form


def file_name(name: str) -> str:
    """A model's name as a file name."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name).lstrip(".")[:100] or "model"


def write(made: Picture, target: Path, form: str, args: argparse.Namespace) -> str:
    """Write the file; its size in words."""
    from ..compiler.backends.diagram import dot, html, mermaid, rendered

    parts = f"{len(made.parts)} nodes of {len(made.checked.nodes)} layers"
    if form in ("svg", "png", "pdf"):
        drawn = rendered(made, form, direction=args.direction, shapes=args.shapes)
        target.write_bytes(drawn.data)
        return f"{drawn.width} x {drawn.height} pixels, {parts}"
    texts = {
        "html": lambda: html(made),
        "dot": lambda: dot(made, direction=args.direction, shapes=args.shapes),
        "mmd": lambda: mermaid(made, direction=args.direction),
    }
    target.write_text(texts[form](), "utf-8")
    return parts


def fault(message: str) -> int:
    print(f"cnnc diagram: {message}", file=sys.stderr)
    return AT_FAULT
