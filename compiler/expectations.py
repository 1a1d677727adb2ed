"""`expect`: the published figures a model is held to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .census import depth, trained, units
from .diagnostics import Diagnostics
from .fault import did_you_mean
from .graph import Checked, Expectation
from .receptive import receptive_fields, widest
from .values import describe, show

FIGURES: dict[str, Callable[[Checked], Any]] = {
    "params": lambda checked: checked.params,
    "trainable": lambda checked: checked.trainable,
    "non_trainable": lambda checked: checked.params - checked.trainable,
    "macs": lambda checked: checked.macs,
    "output": lambda checked: tuple(checked.outputs[0].port.shape),
    "outputs": lambda checked: [tuple(output.port.shape) for output in checked.outputs],
    "input": lambda checked: tuple(checked.inputs[0].facts.output),
    "layers": lambda checked: len(checked.layers),
    "depth": depth,
    "units": units,
    "tensors": lambda checked: len(trained(checked.layers)),
    "field": lambda checked: widest(receptive_fields(checked).values()).sizes,
}


def check_expectations(checked: Checked, diagnostics: Diagnostics) -> None:
    """Every figure of every `expect`, exactly."""
    for expectation in checked.graph.expectations:
        source = expectation.figures.get("as")
        for name, wanted in expectation.figures.items():
            if name != "as":
                check_figure(name, wanted, source, expectation, checked, diagnostics)


def check_figure(
    name: str, wanted: Any, source: Any, expectation: Expectation, checked: Checked, diagnostics: Diagnostics
) -> None:
    span = expectation.spans[name]
    if name not in FIGURES:
        hint = did_you_mean(name, FIGURES) or f"there are {', '.join(f'`{n}`' for n in FIGURES)}"
        diagnostics.error("expect", f"`expect` knows no figure `{name}`", span, help=hint)
        return
    found = FIGURES[name](checked)
    wanted = shaped(wanted, found)
    if found == wanted:
        return
    if isinstance(found, int) and (isinstance(wanted, bool) or not isinstance(wanted, (int, float))):
        diagnostics.error("type", f"`{name}` is a whole number, found {describe(wanted)}", span)
        return
    by = f" ({source})" if isinstance(source, str) else ""
    if isinstance(found, int) and isinstance(wanted, (int, float)):
        more = f"{abs(found - wanted):,} {'more' if found > wanted else 'fewer'}"
        why = explanation(name, int(found - wanted), checked)
        message = f"`{name}` is {found:,}, expected is {wanted:,}{by}: {more}"
        diagnostics.error("expect", message, span, notes=(why,) if why else ())
    else:
        diagnostics.error("expect", f"`{name}` is {sized(found)}, expected is {sized(wanted)}{by}", span)


def shaped(wanted: Any, found: Any) -> Any:
    """The wanted figure in the form of the one found: a size alone is a shape of one."""
    if isinstance(found, list) and isinstance(wanted, (tuple, list)):
        return [shaped(one, ()) for one in wanted]
    return (wanted,) if isinstance(found, tuple) and not isinstance(wanted, (tuple, list)) else wanted


def sized(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(sized, value))}]"
    if isinstance(value, tuple) and all(n is None or isinstance(n, int) for n in value):
        return "x".join("?" if n is None else str(n) for n in value)
    return show(value)


def explanation(name: str, difference: int, checked: Checked) -> str:
    """What the difference is exactly equal to, if it is something well known."""
    if name not in ("params", "trainable"):
        return ""
    for what, count in known_parts(checked).items():
        if count and abs(difference) == count:
            return f"{count:,} is the number of {what}"
    return ""


def known_parts(checked: Checked) -> dict[str, int]:
    """Sums that counts of one network differ by, from one source to another."""
    parts = dict.fromkeys(("conv biases", "statistics of batch normalisation", "gains of batch normalisation"), 0)
    missing = "conv biases that are not there"
    parts[missing] = 0
    for layer in checked.layers:
        weights = layer.node.facts.weights
        if "running_mean" in weights:
            parts["statistics of batch normalisation"] += 2 * weights["running_mean"].size
            parts["gains of batch normalisation"] += weights["weight"].size if "weight" in weights else 0
        elif "weight" in weights and len(weights["weight"].shape) > 2:
            if "bias" in weights:
                parts["conv biases"] += weights["bias"].size
            else:
                parts[missing] += layer.node.facts.output[-1] or 0
    return parts
