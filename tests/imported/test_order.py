"""In what order lines and inputs stand: by what reads what, not by the order in which they were met."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cnnc.compiler.decompile import Network, Ref, decompile
from cnnc.compiler.decompile import match as matching
from cnnc.compiler.pipeline import compile_text

from .test_structure import taken_apart

SEVERAL = """
model Net:
    left = input 8x8x3
    right = input 8x8x3
    left -> conv 4, 1x1 as skip
    right -> conv 8, 3x3 -> relu -> conv 4, 3x3, pad=2
    add skip
"""

CROSSED = """
model Net:
    left = input 8x8x3
    right = input 8x8x3
    right -> relu as out
    left -> tanh as out2
    output out, out2
"""


@pytest.mark.parametrize("text", [SEVERAL, CROSSED])
def test_inputs_stay_in_their_order(text: str) -> None:
    network = taken_apart(compile_text(text).checked)
    assert [node.path for node in decompile(network).checked.inputs] == ["left", "right"]


def test_inputs_in_another_order_are_noticed() -> None:
    network = taken_apart(compile_text(CROSSED).checked)
    lines = CROSSED.splitlines()
    other = compile_text("\n".join([*lines[:2], lines[3], lines[2], *lines[4:]]))
    with pytest.raises(matching.Mismatch, match="inputs"):
        matching.paths(network, other.checked)


TANGLED = """
model Net:
    input 8x8x3
    conv 4, 3x3, pad=1 as stem
    relu as skip
    conv 4, 3x3, pad=1 as far -> tanh
    add skip as skip2
    skip -> maxpool 3x3, stride=1, pad=1
    (skip2, stem) -> add -> relu
    stem -> conv 4, 1x1 as near
    add skip2
"""


def renumbered(network: Network, order: list[int]) -> Network:
    """The same layers, met in another order of evaluation."""
    place = {old: new for new, old in enumerate(order)}
    layers = [network.layers[old] for old in order]
    moved = [replace(x, inputs=tuple(Ref(place[r.layer], r.output) for r in x.inputs)) for x in layers]
    return replace(network, layers=tuple(moved), outputs=tuple(Ref(place[r.layer], r.output) for r in network.outputs))


def last_first(network: Network) -> list[int]:
    """An order of evaluation that takes of what can be computed the layer with the highest number."""
    order: list[int] = []
    while len(order) < len(network.layers):
        ready = [
            n
            for n, layer in enumerate(network.layers)
            if n not in order and all(r.layer in order for r in layer.inputs)
        ]
        order.append(max(ready))
    return order


def test_the_order_of_evaluation_does_not_matter() -> None:
    network = taken_apart(compile_text(TANGLED).checked, keep=True)
    order = last_first(network)
    assert order != sorted(order)
    assert decompile(renumbered(network, order)).text == decompile(network).text
