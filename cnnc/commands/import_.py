"""Turn a network from elsewhere into a .cnn file that reads as if written by hand.

SOURCE is an ONNX file, a Keras model (a .keras archive, or the JSON that `model.to_json()` gives; Keras is not needed),
or a PyTorch module as `package.module:factory`, a class or function that is called without arguments and makes one: its
Python code is imported from here and run, as that of no file is.

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

FILES = "own"

KERAS = (".keras", ".json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", metavar="SOURCE", help="model.onnx, model.keras, config.json or package.module:factory"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="the .cnn file (default: standard output)")
    parser.add_argument("--weights", metavar="FILE", help="write the weights here, as .safetensors, by our paths")
    parser.add_argument(
        "--input", dest="inputs", metavar="[NAME=]SHAPE", action="append", default=[],
        help="an input of a PyTorch module, as 224x224x3 (the default) or ?x?x3; once for each, or by argument",
    )  # fmt: skip
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
    tell(args, network, found)
    return DONE


def check(args: argparse.Namespace) -> None:
    """What is asked for must make sense before anything is read."""
    if args.weights and not args.weights.endswith(".safetensors"):
        raise UsageError(f"--weights writes a .safetensors file, found `{args.weights}`")
    if args.inputs and not is_factory(args.source):
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
    if not args.source.partition(":")[0].endswith(".py") and is_factory(args.source) and not Path(args.source).exists():
        from ..runtime.importing.program import read_factory

        return read_factory(args.source, [input_shape(text) for text in args.inputs or ["224x224x3"]])
    suffix = Path(args.source).suffix.lower()
    if suffix == ".onnx":
        from ..compiler.frontends import onnx

        return onnx.read(args.source)
    if suffix in KERAS:
        from ..compiler.frontends import keras

        return keras.read(args.source)
    told = "is no .onnx, .keras or .json file, and no package.module:factory"
    raise UsageError(f"`{args.source}` {told}{hint(args.source)}")


HINTS = {
    (
        ".pt",
        ".pth",
        ".bin",
        ".ckpt",
        ".pkl",
        ".pickle",
    ): "a pickle is a program, which is not run, and weights alone "
    "say no network: name the code that makes the module, as `models:resnet`",
    (".pt2",): "name the code that makes the module, as `models:resnet`, or export it to ONNX",
    (".h5", ".hdf5"): "load it in Keras and save it as .keras",
    (".safetensors",): "weights alone say no network: `cnnc weights show` lists them",
    (".cnn",): "it is a .cnn file already",
}
"""What may have been meant, by the ending of a file."""


def hint(source: str) -> str:
    """A word on files that are often tried."""
    path, _, factory = source.partition(":")
    if path.endswith(".py"):
        return f": write `{'.'.join(Path(path).with_suffix('').parts)}:{factory or 'factory'}`"
    found = next((text for endings, text in HINTS.items() if source.lower().endswith(endings)), "")
    return f": {found}" if found else ""


def save(args: argparse.Namespace, network: Network, found: Decompiled) -> None:
    """The weights by the paths that they have in the file."""
    from ..runtime.importing.weights import save_weights

    save_weights(args.weights, args.source, network, found)


def tell(args: argparse.Namespace, network: Network, found: Decompiled) -> None:
    """One line about what was made, and what to know of it."""
    for remark in network.remarks:
        print(f"note: {remark}", file=sys.stderr)
    lines, layers = len(found.text.splitlines()), len(found.checked.layers)
    figures = f"{lines} lines, {layers} layers, {found.checked.params:,} parameters"
    print(f"{args.output or found.checked.name}: {figures}", file=sys.stderr)
    if args.weights:
        print(f"{args.weights}: the weights", file=sys.stderr)
