"""Explain one layer, a diagnostic, or a word of the language.

`cnnc explain FILE LAYER` shows the arithmetic of a layer's shape, parameters, MACs and receptive field, or what a part
such as `layer1.0` holds; `cnnc explain shape-mismatch` what a diagnostic means; `cnnc explain conv` an operator,
`cnnc explain residual` a statement, `cnnc explain adamw` a word of recipes.
`--picture out.svg` draws the windows of a convolution or pooling: padding, stride, and what does not fit.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from shlex import quote

from ..cli import AT_FAULT, DONE, UsageError, compiled


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("layer", nargs="?", metavar="LAYER", help="the name of a layer, as `cnnc summary` prints it")
    parser.add_argument("--picture", metavar="PATH", help="draw the windows of the layer as an .svg")


def run(args: Namespace) -> int:
    if args.picture is not None:
        return drawn(args)
    if args.layer is None:
        return about_word(args.file)
    from ..compiler.recipes import ENTRIES

    words = ENTRIES.get(args.file)
    if isinstance(words, dict) and args.layer in words:  # `optimizer adamw`, as recipes write it
        return about_word(args.layer)
    return about_layer(args)


def about_word(word: str) -> int:
    from ..compiler.backends.explain.words import explain_word, nearest

    told = explain_word(word)
    if told is None:
        if word.endswith(".cnn") or word.startswith("zoo:") or word == "-":
            raise UsageError(f"which layer of {word}? `cnnc summary {quote(word)}` lists them")
        raise UsageError(
            f"`{word}` is no word of the language, and no diagnostic{': ' * bool(nearest(word))}{nearest(word)}"
        )
    print(told)
    return DONE


def about_layer(args: Namespace) -> int:
    from ..compiler.backends.explain.layer import UnknownLayerError, explain_layer

    checked = compiled(args).checked
    try:
        print(explain_layer(checked, args.layer))
    except UnknownLayerError as unknown:
        print(f"cnnc: {unknown}", file=sys.stderr)
        return AT_FAULT
    return DONE


def drawn(args: Namespace) -> int:
    """The windows of a layer as a picture."""
    from ..compiler.backends.explain.layer import UnknownLayerError, named
    from ..compiler.backends.explain.picture import picture
    from ..compiler.backends.explain.windows import PictureError

    if args.layer is None:
        raise UsageError(f"--picture draws a layer: which of {args.file}?")
    path = Path(args.picture)
    if path.suffix.lower() != ".svg":
        raise UsageError(f"--picture takes a path that ends in .svg, found `{args.picture}`")
    try:
        path.write_text(picture(named(compiled(args).checked, args.layer)), encoding="utf-8")
    except (UnknownLayerError, PictureError) as wrong:
        print(f"cnnc: {wrong}", file=sys.stderr)
        return AT_FAULT
    print(f"wrote {path}")
    return DONE
