"""Windows that look alike -> the block that they are all calls of (their anti-unifier), and what it saves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from .columns import Columns, roles
from .items import FLOW, UNSET, Block, Param, Use, parts, rebuilt
from .naming import block_name, unique
from .network import Network, Ref
from .price import cost, cuts
from .shortcuts import completed, conditioned
from .windows import Window

DEFINED = 2.0
"""What the head of a block costs, in calls of layers."""

TOLD = 0.4
"""What an argument of a call costs."""

CROWDED = 0.5
"""What each parameter beyond `FEW` costs in every call."""

FEW = 3

CUT = 1.0
"""What it costs to end a block between things that belong together."""


class Abstraction(NamedTuple):
    """A block, the calls in place of its windows, and how much that saves."""

    block: Block
    windows: list[Window]
    calls: list[Use]
    columns: Columns
    gain: float


def best(windows: list[Window], network: Network, taken: list[str]) -> Abstraction | None:
    """The block that most windows are calls of; those that alone would cost it a parameter are left out."""
    made = abstracted(windows, network, taken)
    if made is None:
        return None
    for deviants in _deviants(made):
        rest = [w for i, w in enumerate(windows) if i not in deviants]
        fewer = abstracted(rest, network, taken) if len(rest) > 1 else None
        if fewer is not None and fewer.gain > made.gain:
            return best(rest, network, taken)
    return made


def _deviants(made: Abstraction) -> Iterator[set[int]]:
    """The windows, few of many, without which a parameter has one value only."""
    for found in made.columns.found:
        value, count = Counter(found.column).most_common(1)[0]
        few = {i for i, v in enumerate(found.column) if v != value}
        if len(few) * 4 <= count:
            yield few


def abstracted(windows: list[Window], network: Network, taken: list[str]) -> Abstraction | None:
    """The block that all windows are calls of; None where their shortcuts are of several kinds."""
    whole = completed(windows)
    apart = [parts(items, w.frame, "exact") for w, items in zip(windows, whole)]
    if len({key for key, _ in apart}) > 1:
        return None
    columns = Columns(len(windows), ["input"], _known(windows, network))
    frame = windows[0].frame
    kinds = roles(whole[0], frame, "exact")
    values = [columns.express(column, role) for column, role in zip(zip(*(v for _, v in apart)), kinds, strict=True)]
    items = conditioned(rebuilt(whole[0], frame, "exact", iter(values)), windows, columns, network)
    params = sorted((Param(f.name, f.default) for f in columns.found), key=lambda p: p.default is not UNSET)
    block = Block(unique(block_name(windows[0], items, network), taken), tuple(params), items)
    calls = [
        Use(block.name, tuple((f.name, f.column[i]) for f in columns.found), (FLOW,), w.prefix, w.layers)
        for i, w in enumerate(windows)
    ]
    return Abstraction(block, windows, calls, columns, _gain(block, windows, columns))


def _gain(block: Block, windows: list[Window], columns: Columns) -> float:
    """How much shorter the block makes the program, in calls."""
    turns = len(windows)
    told: int = sum(f.default is UNSET or value != f.default for f in columns.found for value in f.column)
    before = sum(cost(w.items) for w in windows)
    crowded = CROWDED * max(0, len(columns.found) - FEW) * turns
    return before - cost(block.items) - DEFINED - turns - TOLD * told - crowded - CUT * sum(map(cuts, windows))


def _known(windows: list[Window], network: Network) -> dict[str, list[Any]]:
    """The channels that come in, where the windows stand in the model itself: in a block they vary unseen."""
    if any(w.place.in_block or not isinstance(w.entry, Ref) for w in windows):
        return {}
    return {"input.channels": [network.shape(w.entry).channels for w in windows]}
