"""Layers with the weights of others: the language says one layer and calls it again, so that all have its arguments."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

from ..diagnostics import UserError
from ..ops.geometry import Padding
from .network import Layer, Network

SAME = Padding("same")


class Unsharable(UserError):
    """Layers share weights, and differ in what the language says once for all of them."""


def aligned(network: Network) -> Network:
    """Borders of one window on maps of several sizes, which differ in numbers, as the `same` that they are.

    Unsharable where layers that share weights differ otherwise.
    """
    groups: dict[int, list[int]] = defaultdict(list)
    for number, layer in enumerate(network.layers):
        if layer.shares is not None:
            groups[layer.shares].append(number)
    layers = list(network.layers)
    for owner, others in groups.items():
        alike = [layers[n].op for n in others] == [layers[owner].op] * len(others)
        for n in () if alike else (owner, *others):
            layers[n] = bordered_same(layers[n], network)
            if layers[n].op != layers[owner].op:
                places = f"`{layers[owner].path or owner}` and `{layers[n].path or n}`"
                raise Unsharable(f"{network.name}: {places} share weights but not their other arguments, as one layer "
                                 "of the language has them for all its uses")  # fmt: skip
    return replace(network, layers=tuple(layers))


def bordered_same(layer: Layer, network: Network) -> Layer:
    """The layer with `pad=same` where its border in numbers is that."""
    op: Any = layer.op
    if not isinstance(getattr(op, "pad", None), Padding) or not hasattr(op, "sliding"):
        return layer
    x, other = network.shape(layer.inputs[0]), op.changed(pad=SAME)
    return replace(layer, op=other) if other.sliding(x).borders == op.sliding(x).borders else layer
