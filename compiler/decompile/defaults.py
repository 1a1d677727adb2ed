"""Arguments that most calls of a layer agree on -> `defaults:`."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from .program import Program

COMMON = ("bias", "eps", "momentum", "scale", "center", "init", "bias_init")
"""The arguments that may stand in `defaults:`: those one does not look for in a line."""

SHARE = 0.6
"""Of all uses, how many must agree."""


def file_defaults(program: Program) -> dict[tuple[str, str], Any]:
    """(layer, argument) -> value, for layers used more than twice."""
    values: dict[tuple[str, str], Counter[Any]] = defaultdict(Counter)
    for layer in program.network.layers:
        for name in COMMON:
            if name in layer.op.fields:
                values[layer.op.word, name][layer.op.__dict__[name]] += 1
    found = {}
    for (head, name), counter in values.items():
        value, count = counter.most_common(1)[0]
        declared = next(la.op.fields[name].default for la in program.network.layers if la.op.word == head)
        if value != declared and counter.total() > 2 and count >= SHARE * counter.total():
            found[head, name] = value
    return dict(sorted(found.items(), key=lambda item: item[0][0]))
