"""Network -> .cnn text that reads as if written by hand, held against the network before it is handed out.

network --structure--> items --blocks--> program --loops--> program --write--> text --compile, match--> paths
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..diagnostics import CompileError, UserError
from ..graph import Checked
from ..ops.base import weight_key
from ..ops.structure import Input
from ..pipeline import compile_text
from .blocks import with_blocks
from .labels import without_automatic
from .loops import with_loops
from .match import Mismatch, paths
from .network import Builder, Layer, Network, Ref, canonical, make
from .program import Program
from .shares import with_shares
from .structure import structured
from .tied import aligned
from .write import written

__all__ = ["Builder", "Decompiled", "Layer", "Network", "Ref", "canonical", "decompile", "make"]

LEVELS = ("loops", "blocks", "branches", "flat")
"""How much structure is tried; each is a way out where the one before does not give the same network."""


class Decompiled(NamedTuple):
    """The text, what it compiles to, the path of every layer, and how much structure it has."""

    text: str
    checked: Checked
    paths: Mapping[int, str]
    level: str


def decompile(network: Network, name: str = "<imported>", origin: str = "") -> Decompiled:
    """A file that describes the network. Raises the last difference if none does, which would be a fault of ours."""
    network = aligned(network)
    taken = {ref.layer for layer in network.layers for ref in layer.inputs}.union(r.layer for r in network.outputs)
    for number, layer in enumerate(network.layers):
        if isinstance(layer.op, Input) and number not in taken:
            raise UserError(f"{network.name}: no output depends on the input `{layer.path or number}`: leave it out")
    last: Exception | None = None
    for level in LEVELS:
        try:
            text = written(program(network, level), name, origin)
            checked = compile_text(text, name).checked
            return Decompiled(text, checked, paths(network, checked), level)
        except (CompileError, Mismatch) as wrong:
            last = last or wrong
    assert last is not None
    raise last


def program(network: Network, level: str) -> Program:
    """The network as a program, with as much structure as the level says."""
    start = with_shares(Program(network, tuple(structured(network, flat=level == "flat"))))
    if level in ("flat", "branches"):
        return start
    shorter = without_automatic(with_blocks(start))
    return with_loops(shorter) if level == "loops" else shorter


def weights(network: Network, found: Decompiled) -> dict[str, Any]:
    """The arrays by the paths that they have in the file."""
    return {
        weight_key(path, name): array
        for number, path in found.paths.items()
        for name, array in network.layers[number].weights.items()
    }
