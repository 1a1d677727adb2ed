"""What is claimed, of which network, in figures typed in by hand."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from cnnc.compiler.expectations import FIGURES
from cnnc.compiler.graph import Checked
from cnnc.compiler.pipeline import Options, compile_path, compile_text

from tests.shell import ROOT


class Claim(NamedTuple):
    """`says` in our words, of the network `net`; `figures` under the names that `expect` knows.

    `net` is `zoo:NAME`, `FILE:MODEL` of examples/lectures, or layers on an input: `32x32x3; conv 6, 5x5`.
    """

    says: str
    net: str
    figures: dict[str, Any]


@cache
def network(net: str) -> Checked:
    """The network that a claim is about."""
    if net.startswith("zoo:"):
        return compile_path(net).checked
    if ";" not in net:
        file, model = net.split(":")
        return compile_path(str(ROOT / f"examples/lectures/{file}.cnn"), Options(model=model)).checked
    lines = "\n".join(f"    {line.strip()}" for line in net.split(";"))
    return compile_text(f"model Net:\n    input{lines[3:]}\n").checked


def found(claim: Claim) -> dict[str, Any]:
    """The figures as they are."""
    return {name: FIGURES[name](network(claim.net)) for name in claim.figures}


def types(net: str) -> list[str]:
    """The Keras classes of a network's layers, without its inputs."""
    return [layer.node.type for layer in network(net).layers if layer.node.type != "InputLayer"]


def instances(net: str, block: str) -> int:
    """How often a block stands in a network."""
    frames = {(f.name, f.path) for node in network(net).nodes for f in node.frame.outward() if f.kind == "block"}
    return sum(name == block for name, _ in frames)
