"""The command line: words and options here, what a command does in cnnc/commands/, imported when it is called."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from keyword import iskeyword
from shlex import quote
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from .compiler.diagnostics import CompileError, Diagnostic
    from .compiler.pipeline import Compiled, Options
    from .compiler.shape import Shape

COMMANDS = {
    "check": "parse, expand and check; print what is wrong",
    "summary": "the layers as Keras prints them",
    "report": "parameters, multiply-accumulates, receptive field and memory",
    "diagram": "the graph as a picture",
    "explain": "the arithmetic of one layer, or what a diagnostic means",
    "fmt": "bring files into the one layout",
    "data": "what can be learned from, and a look into it",
    "diff": "what changed from one network to another",
    "train": "train by the file's recipe",
    "eval": "measure a trained model",
    "predict": "classify files with a trained model",
    "runs": "list, show and compare training runs",
    "bench": "latency and throughput, by batch",
    "serve": "offer a trained model over HTTP",
    "import": "a .cnn file from an ONNX file, a Keras model or a PyTorch module",
    "export": "write ONNX, straight from the graph",
    "emit": "write stand-alone source: PyTorch or Keras",
    "weights": "show, convert and compare weights",
    "zoo": "the bundled models",
}
"""Command -> one line of help.

The module of the same name in cnnc/commands has `add_arguments(parser)` and `run(args)`, and `FILES`: `one` (assumed)
or `many` for the shared FILE arguments, `own` where it declares its own.
"""

DONE, AT_FAULT, USAGE, INTERRUPTED = 0, 1, 2, 130


class UsageError(Exception):
    """The command line is at fault; told like a usage error of argparse."""


class Parser(argparse.ArgumentParser):
    """argparse with one line for an error, and the way to help."""

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"cnnc: {message}\n")
        sys.stderr.write(f"try `{self.prog} --help`\n")
        raise SystemExit(USAGE)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command. The exit status: 0 done, 1 file or data at fault, 2 command line at fault, 130 interrupted,
    128 and its number where another signal stopped a training."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # names that the encoding of the output lacks
    debug = "--debug" in arguments
    try:
        status = dispatch([a for a in arguments if a != "--debug"])
        sys.stdout.flush()
        return status
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else USAGE
    except UsageError as wrong:
        sys.stderr.write(f"cnnc: {wrong}\n")
        return USAGE
    except BrokenPipeError:
        # the reader (`| head`) has gone: leave without a word, and keep Python from complaining at its own exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return DONE
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        return INTERRUPTED
    except Exception as error:
        return told(error, debug)


def told(error: Exception, debug: bool) -> int:
    """An exception in words: diagnostics, a file that cannot be used, or a fault of our own."""
    from .compiler.diagnostics import CompileError, UserError

    if isinstance(error, CompileError):
        show_diagnostics(error.diagnostics)
        return AT_FAULT
    if isinstance(error, UserError):
        sys.stderr.write(f"cnnc: {error}\n")
        return AT_FAULT
    if debug:
        raise error
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"cnnc: {where}{error.strerror or error}\n")
        return AT_FAULT
    sys.stderr.write(f"cnnc: {type(error).__name__}: {error}\n")
    sys.stderr.write("this should not happen: run it again with --debug and send us what it prints\n")
    return AT_FAULT


def dispatch(arguments: list[str]) -> int:
    """The command named first, with its own options."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(overview())
        return DONE
    if arguments[0] in ("-V", "--version", "version"):
        print(f"cnnc {version()}")
        return DONE
    word, *rest = arguments
    if word not in COMMANDS:
        near = get_close_matches(word, COMMANDS, n=1)
        hint = f"did you mean `cnnc {near[0]}`?" if near else "`cnnc --help` lists the commands"
        if word.endswith(".cnn"):
            hint = f"a command comes first: `cnnc summary {quote(word)}`"
        raise UsageError(f"there is no command `{word}`: {hint}")
    command: Any = import_module(f".commands.{word}{'_' * iskeyword(word)}", __package__)
    parser = Parser(
        prog=f"cnnc {word}", description=command.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    files = getattr(command, "FILES", "one")
    if files != "own":
        add_file_arguments(parser, many=files == "many")
    command.add_arguments(parser)
    parser.add_argument("--debug", action="store_true", help="show a Python traceback where something goes wrong")
    status: int = command.run(parser.parse_intermixed_args(rest))
    return status


def overview() -> str:
    width = max(map(len, COMMANDS))
    lines = ["cnnc: convolutional networks as text, checked before any framework loads", ""]
    lines += ["usage: cnnc COMMAND FILE [options]", ""]
    lines += [f"  {name:{width}}  {text}" for name, text in COMMANDS.items()]
    lines += ["", "FILE is a .cnn file, `zoo:NAME` for a bundled model, or `-` for standard input"]
    lines += ["`cnnc COMMAND --help` tells the rest; try `cnnc summary zoo:resnet34`"]
    return "\n".join(lines)


def version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("cnnc")
    except PackageNotFoundError:
        return "(not installed)"


# --- what commands share ----------------------------------------------------------------------------------------------


def add_file_arguments(parser: argparse.ArgumentParser, *, many: bool = False) -> None:
    """FILE, `-p`, `--input`, `--model`, `--allow`: the same for every command that takes a model."""
    parser.add_argument(
        "file", nargs="+" if many else None, metavar="FILE", help="a .cnn file, zoo:NAME, or - for standard input"
    )
    add_model_arguments(parser)


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """`-p`, `--input`, `--model`, `--allow`: what goes with the file of a model."""
    group = parser.add_argument_group("the model")
    group.add_argument("-p", "--param", dest="params", metavar="NAME=VALUE", action="append", default=[],
                       help="a parameter of the model; may be given more than once")  # fmt: skip
    group.add_argument("--input", dest="inputs", metavar="[NAME=]SHAPE", action="append", default=[],
                       help="the shape of an input, such as 32x32x3")  # fmt: skip
    group.add_argument("--model", metavar="NAME", help="which model of the file (default: the last)")
    group.add_argument("--allow", metavar="WARNING", action="append", default=[], help="do not show this warning")


def add_weight_arguments(parser: argparse.ArgumentParser) -> None:
    """`--weights` and how they are read."""
    group = parser.add_argument_group("the weights")
    group.add_argument("--weights", metavar="W",
                       help="a file (safetensors, PyTorch, Keras, npz), torchvision:NAME, keras:NAME, or imagenet for "
                            "what is published for the model")  # fmt: skip
    add_loading_arguments(group)


def add_loading_arguments(group: Any) -> None:
    """`--layout`, `--partial`, `--adapt`: how weights are read."""
    group.add_argument("--layout", choices=("channels_first", "channels_last"),
                       help="how the maker of the weights flattens maps, where the file does not say it")  # fmt: skip
    group.add_argument("--partial", action="store_true",
                       help="leave out what the file has not, and heads for another number of classes")  # fmt: skip
    group.add_argument("--adapt", action="store_true", help="bring the first convolution to other channels")


def loading(args: argparse.Namespace, source: str) -> Any:
    """The weights that the arguments ask for."""
    from .runtime.weights import Loading

    return Loading(source, args.layout, args.partial, args.adapt)


def options(args: argparse.Namespace) -> Options:
    """What the shared arguments ask of the compiler."""
    from .compiler.pipeline import Options

    return Options(
        args.model,
        dict(parameter(text) for text in args.params),
        dict(input_shape(text) for text in args.inputs),
        frozenset(args.allow),
    )


def compiled(args: argparse.Namespace) -> Compiled:
    """The compiled model of `args.file`; warnings are told on standard error, errors raise CompileError."""
    from .compiler.pipeline import compile_path

    in_run(args)
    found = compile_path(args.file, options(args))
    show_diagnostics(found.warnings)
    return found


def in_run(args: argparse.Namespace) -> None:
    """A run folder stands for the model in it, as it was trained: its file, model, parameters and input size."""
    config = os.path.join(args.file, "config.json")
    if args.file == "-" or not os.path.isfile(config):
        return
    from pathlib import Path

    from .runtime.run.configuration import read_config

    run = read_config(Path(args.file))
    args.file = os.path.join(args.file, "model.cnn")
    args.params = [*run["params"], *args.params]
    args.inputs = args.inputs or run["inputs"]
    args.model = args.model or run["model"]


def parameter(text: str) -> tuple[str, Any]:
    """`classes=10` as a name and a value of the language."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise UsageError(f"-p takes NAME=VALUE, found `{text}`")
    from .compiler.constants import constant

    return name.strip(), constant(value.strip(), text)


def input_shape(text: str) -> tuple[str, Shape]:
    """`left=32x32x3` or `32x32x3` as a name, perhaps empty, and a shape."""
    from .compiler.shape import Shape

    name, equals, sizes = text.rpartition("=")
    parts = sizes.strip().split("x")
    if not all(p == "?" or (p.isascii() and p.isdigit() and 0 < int(p) < 10**9) for p in parts):
        raise UsageError(f"--input takes a shape such as 32x32x3, found `{text}`")
    return name.strip() if equals else "", Shape(None if p == "?" else int(p) for p in parts)


def show_diagnostics(diagnostics: Sequence[Diagnostic] | CompileError) -> None:
    """Diagnostics on standard error, in colour on a terminal."""
    from .compiler.render import render

    color = colored(sys.stderr)
    for diagnostic in diagnostics:  # type: ignore[union-attr]
        sys.stderr.write(render(diagnostic, color=color) + "\n\n")


def colored(stream: Any) -> bool:
    """Whether to use colours: a terminal, and neither NO_COLOR nor a dumb one."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


if __name__ == "__main__":
    sys.exit(main())
