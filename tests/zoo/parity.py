"""The networks of the zoo against torchvision's and Keras's: `python -m tests.zoo.parity > docs/parity.md`.

Each network of theirs is given random weights and saved by its own framework; the file is loaded as `--weights` loads
it; both see the same random pictures. Held against each other are the numbers before the last softmax.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

LIMIT = 1e-5
"""The largest difference allowed in single precision, relative to the largest output."""

TOLD_APART = 0.01
"""The least difference between the outputs for two pictures: networks that say always the same prove nothing."""


class Parity(NamedTuple):
    """One comparison. `error` is the largest difference, `spread` the largest difference between the outputs for two
    pictures, both relative to the largest output."""

    name: str
    size: str
    error: float
    spread: float
    double: float | None = None
    """`error` in double precision, where it was asked for."""


def torchvision_parity(name: str, double: bool = False) -> Parity:
    import torch

    from .theirs import torchvision_net

    with tempfile.TemporaryDirectory() as folder:
        theirs = torchvision_net(name, Path(folder), torch.float64 if double else None)
        return compared(f"zoo:{name}", theirs, {}, double)


def keras_parity(name: str, double: bool = False) -> Parity:
    from .theirs import keras_net

    with tempfile.TemporaryDirectory() as folder:
        theirs = keras_net(name, Path(folder), double=double)
        return compared(f"zoo:keras/{name.lower()}", theirs, {"classes": 10}, double)


def compared(file: str, theirs: Any, params: dict[str, Any], double: bool) -> Parity:
    """Our network with the weights of their file, on their inputs."""
    from cnnc.compiler.pipeline import Options, compile_path
    from cnnc.compiler.shape import Shape

    checked = compile_path(file, Options(params=params, inputs={"": Shape(theirs.inputs.shape[1:])})).checked
    found = ours(checked, theirs.file, theirs.inputs, double)
    assert [y.shape for y in found] == [y.shape for y in theirs.outputs]
    largest = [float(np.abs(y).max()) for y in theirs.outputs]
    pairs = list(zip(found, theirs.outputs, largest))
    error = max(float(np.abs(a - b).max()) / top for a, b, top in pairs)
    spread = min(float(np.abs(b[0] - b[1]).max()) / top for _, b, top in pairs)
    size = "x".join(map(str, theirs.inputs.shape[1:-1]))
    return Parity(file.removeprefix("zoo:"), size, error, spread, error if double else None)


def ours(checked: Any, file: Path, inputs: Array, double: bool) -> list[Array]:
    import torch
    from cnnc.runtime.lowering.lower import lower
    from cnnc.runtime.weights import load_into

    net = lower(checked, seed=None, head="folded").eval()
    load_into(net, checked, file)
    x = torch.from_numpy(np.ascontiguousarray(np.moveaxis(inputs, -1, 1)))
    with torch.no_grad():
        made = net.double()(x.double()) if double else net(x)
    return [y.numpy() for y in (made if isinstance(made, tuple) else [made])]


# --- the table --------------------------------------------------------------------------------------------------------

HEAD = """# The same numbers as torchvision and Keras

Each network was given random weights, and statistics of batch normalisation that fit them, by torchvision or Keras;
saved by that framework to a file (`.pth`, `.weights.h5`); loaded from it as `--weights` loads it; and both were shown
the same random pictures. *difference* is the largest difference between our outputs and theirs, *spread* the largest
difference between the outputs for two pictures, both relative to the largest output. Everything is single precision on
a CPU, softmax left out, side heads included; the limit is 1e-5. A difference of 0 means equal to the last bit: torch
runs the same kernels for both.

Made by `python -m tests.zoo.parity > docs/parity.md`; `make proof` holds every row.
"""

SECTIONS = {
    "torchvision": "## torchvision\n",
    "keras": "## keras.applications\n\nKeras ran on its {} backend, with 10 classes.\n",
}

COLUMNS = "| network | input | difference | spread |\n| --- | --- | --- | --- |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="names of networks; `torchvision` or `keras` for all of one")
    parser.add_argument("--double", action="store_true", help="both in double precision")
    args = parser.parse_args()
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # quicker than JAX where every operation runs once
    if args.names:
        print("\n".join(map(line, rows(chosen(args.names), args.double))))
        return
    print(HEAD)
    for source, heading in SECTIONS.items():
        print(heading.format(os.environ["KERAS_BACKEND"]), COLUMNS, sep="\n")
        print("\n".join(map(line, rows(chosen([source]), args.double))))
        print(end="\n" * (source != [*SECTIONS][-1]))


def rows(names: Iterable[str], double: bool) -> Iterator[Parity]:
    for name in names:
        run = keras_parity if name[0].isupper() else torchvision_parity
        found = run(name, double)
        sys.stderr.write(f"{line(found)}\n")
        yield found
        gc.collect()


def chosen(names: Iterable[str]) -> Iterator[str]:
    from .theirs import TORCHVISION, keras_names

    for name in names:
        yield from {"torchvision": TORCHVISION, "keras": keras_names()}.get(name, [name])


def line(found: Parity) -> str:
    error = f"{found.error:.1e}" if found.error else "0"
    return f"| `{found.name}` | {found.size} | {error} | {found.spread:.2f} |"


if __name__ == "__main__":
    main()
