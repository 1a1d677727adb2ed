"""Explain one layer, a diagnostic or an operator.

`cnnc explain FILE LAYER` shows the arithmetic of a layer's shape, parameters, MACs and receptive field, or what a part
such as `layer1.0` holds; `cnnc explain shape-mismatch` what a diagnostic means; `cnnc explain conv` an operator.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from ..cli import AT_FAULT, DONE, UsageError, compiled


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("layer", nargs="?", metavar="LAYER", help="the name of a layer, as `cnnc summary` prints it")


def run(args: Namespace) -> int:
    return about_word(args.file) if args.layer is None else about_layer(args)


def about_word(word: str) -> int:
    from ..compiler.backends.explain.words import explain_word, nearest

    told = explain_word(word)
    if told is None:
        if word.endswith(".cnn") or word.startswith("zoo:") or word == "-":
            raise UsageError(f"which layer of {word}? `cnnc summary {word}` lists them")
        raise UsageError(f"`{word}` is neither a diagnostic nor an operator{': ' * bool(nearest(word))}{nearest(word)}")
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
