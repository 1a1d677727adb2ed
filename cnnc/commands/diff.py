"""What changed from one network to another: layers added (+), removed (-), changed (~), fed otherwise (>).

Layers are aligned by structure, so that one put in front does not make all others new; what changed alike in all the
instances of a block is told once. Layers with weights that have another name are counted: weights found by name do not
fit them. Like `git diff`, the exit status is 0 whether they differ or not; with --exit-code it is 1 where they
do. Colors are for terminals alone.

--json prints {"before", "after": {"name", "file", "params", "trainable", "macs", "layers"}, "same", "changes",
"renamed": [{"before", "after"}]}. A change is {"kind": "added", "removed", "changed", "moved" or "resized", "before",
"after": {"name", "type", "written", "output_shape", "params", "macs"} or null, "arguments": [{"argument", "before",
"after"}]}.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from ..cli import AT_FAULT, DONE, colored, input_shape, parameter, show_diagnostics

if TYPE_CHECKING:
    from ..compiler.graph import Checked

FILES = "own"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("before", metavar="BEFORE", help="a .cnn file, zoo:NAME, or - for standard input")
    parser.add_argument("after", metavar="AFTER", help="the other one")
    parser.add_argument("--json", action="store_true", help="every layer that differs, for other programs")
    parser.add_argument("--exit-code", action="store_true", help="exit status 1 if they differ")
    group = parser.add_argument_group("the models")
    group.add_argument("-p", "--param", dest="params", metavar="NAME=VALUE", action="append", default=[],
                       help="a parameter of both models; may be given more than once")  # fmt: skip
    group.add_argument("--input", dest="inputs", metavar="[NAME=]SHAPE", action="append", default=[],
                       help="the shape of an input of both")  # fmt: skip
    for side in ("before", "after"):
        group.add_argument(f"--{side}-param", metavar="NAME=VALUE", action="append", default=[],
                           help=f"a parameter of {side.upper()} alone")  # fmt: skip
        group.add_argument(f"--{side}-model", metavar="NAME", help=f"which model of {side.upper()} (default: the last)")


def run(args: Namespace) -> int:
    from ..compiler.backends.diff import compare, comparison_dict, comparison_text

    found = compare(compiled(args, "before"), compiled(args, "after"))
    if args.json:
        print(json.dumps(comparison_dict(found), indent=1))
    else:
        print(comparison_text(found, color=colored(sys.stdout)))
    return AT_FAULT if args.exit_code and not found.same else DONE


def compiled(args: Namespace, side: str) -> Checked:
    """One of the two networks; its warnings are told as everywhere."""
    from ..compiler.pipeline import Options, compile_path

    texts = [*args.params, *getattr(args, f"{side}_param")]
    options = Options(
        getattr(args, f"{side}_model"),
        dict(parameter(text) for text in texts),
        dict(input_shape(text) for text in args.inputs),
    )
    found = compile_path(getattr(args, side), options)
    show_diagnostics(found.warnings)
    return found.checked
