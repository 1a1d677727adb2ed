"""What recipes name in a model: outputs that losses look at, and weights by the pattern of their paths."""

from __future__ import annotations

import re

from .diagnostics import Diagnostics
from .ends import heads
from .fault import did_you_mean
from .graph import Checked
from .recipes.base import Entry
from .recipes.learning import Init, Loss, Params, Weights
from .recipes.record import Recipe


def against_model(found: Recipe, checked: Checked, diagnostics: Diagnostics) -> None:
    """Outputs that losses name and patterns of weights must be there."""
    outputs = [output.name for output in checked.outputs]
    known = {*outputs, *checked.graph.values, *(node.path for node in checked.nodes)}
    for said in found.everything():
        entry, span = said
        if span is None:
            continue
        if isinstance(entry, Loss):
            for name in entry.on or ():
                if name not in known:
                    hint = did_you_mean(name, outputs) or f"there are {', '.join(f'`{n}`' for n in outputs)}"
                    diagnostics.error("unknown-output", f"the model has no output `{name}`", span, help=hint)
        for pattern in named(entry):
            if pattern and not matching(pattern, checked):
                hint = did_you_mean(pattern, {w.rpartition(".")[0] for w in checked.weights})
                diagnostics.error("no-match", f"no weight of the model matches `{pattern}`", span, help=hint)


def named(entry: Entry) -> tuple[str | None, ...]:
    """The patterns of weights in an entry."""
    if isinstance(entry, Params):
        return entry.patterns
    if isinstance(entry, Weights):
        return (entry.part,)
    return (entry.of or ()) if isinstance(entry, Init) else ()


def matching(pattern: str, checked: Checked) -> list[str]:
    """The paths of the weights that a pattern means: whole components from the start, `*` is anything, dots too.

    The word `vectors` means every weight with one number for a channel: biases, gains and offsets. The word `backbone`
    means all but the heads, where no part of the model is called so.
    """
    weights = checked.weights
    if pattern == "vectors":
        return [path for path, weight in weights.items() if weight.is_vector]
    wanted = re.compile(re.escape(pattern).replace(r"\*", ".*") + r"(\..*)?")
    found = [path for path in weights if wanted.fullmatch(path)]
    if pattern == "backbone" and not found:
        last = heads(checked)
        return [path for path in weights if path not in last]
    return found
