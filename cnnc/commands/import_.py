"""Turn a network from elsewhere into a .cnn file that reads as if written by hand.

SOURCE is an ONNX file, a Keras model (a .keras archive, or the JSON that `model.to_json()` gives; Keras is not needed),
or a PyTorch module as `package.module:factory`, a class or function that is called without arguments and makes one.

Repeated structure becomes blocks and loops, and the paths of PyTorch's modules stay, so that their weights still fit.
The file is compiled and held against the source, layer by layer, before it is written. What the language cannot say is
named, all of it, and nothing is written then.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..cli import DONE, UsageError, input_shape

if TYPE_CHECKING:
    from ..compiler.decompile import Decompiled, Network
    from ..compiler.shape import Shape

FILES = "own"

KERAS = (".keras", ".json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", metavar="SOURCE", help="model.onnx, model.keras, config.json or package.module:factory"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="the .cnn file (default: standard output)")
    parser.add_argument("--weights", metavar="FILE", help="write the weights here, as .safetensors, by our paths")
    parser.add_argument("--input", metavar="SHAPE", help="the input of a PyTorch module, as 224x224x3 (the default)")
    parser.add_argument("--force", action="store_true", help="replace files that are there")


def run(args: argparse.Namespace) -> int:
    check(args)
    network = read(args)
    from ..compiler.decompile import decompile

    found = decompile(network, args.output or "<imported>", f"Imported from {Path(args.source).name}.")
    if args.weights:
        save(args, network, found)
    if args.output:
        Path(args.output).write_text(found.text, "utf-8")
    else:
        sys.stdout.write(found.text)
    tell(args, found)
    return DONE


def check(args: argparse.Namespace) -> None:
    """What is asked for must make sense before anything is read."""
    if args.weights and not args.weights.endswith(".safetensors"):
        raise UsageError(f"--weights writes a .safetensors file, found `{args.weights}`")
    if args.input and not is_factory(args.source):
        raise UsageError("--input is for PyTorch modules: other sources say the shapes of their inputs")
    for path in filter(None, (args.output, args.weights)):
        if Path(path).exists() and not args.force:
            raise UsageError(f"`{path}` is there already: --force replaces it")


def is_factory(source: str) -> bool:
    """Whether a source is `package.module:factory`."""
    module, colon, factory = source.rpartition(":")
    return bool(colon) and all(p.isidentifier() for p in module.split(".")) and factory.isidentifier()


def read(args: argparse.Namespace) -> Network:
    """The network of the source, by its kind."""
    if is_factory(args.source) and not Path(args.source).exists():
        from ..runtime.exported import read_factory

        return read_factory(args.source, shape(args.input))
    suffix = Path(args.source).suffix.lower()
    if suffix == ".onnx":
        from ..compiler.frontends import onnx

        return onnx.read(args.source)
    if suffix in KERAS:
        from ..compiler.frontends import keras

        return keras.read(args.source)
    raise UsageError(f"`{args.source}` is no .onnx, .keras or .json file, and no package.module:factory")


def shape(text: str | None) -> Shape:
    return input_shape(text or "224x224x3")[1]


def save(args: argparse.Namespace, network: Network, found: Decompiled) -> None:
    """The weights by the paths that they have in the file."""
    from ..runtime.imported import save_weights

    save_weights(args.weights, args.source, network, found)


def tell(args: argparse.Namespace, found: Decompiled) -> None:
    """One line about what was made."""
    lines, layers = len(found.text.splitlines()), len(found.checked.layers)
    figures = f"{lines} lines, {layers} layers, {found.checked.params:,} parameters"
    print(f"{args.output or found.checked.name}: {figures}", file=sys.stderr)
    if args.weights:
        print(f"{args.weights}: the weights", file=sys.stderr)
