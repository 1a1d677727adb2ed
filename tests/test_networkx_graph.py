"""The graph handed to other programs."""

from __future__ import annotations

import networkx
from cnnc.compiler.backends.networkx_graph import to_networkx
from cnnc.compiler.pipeline import compile_text

TEXT = """
model M:
    x = input 8x8x3
    share f = conv 3, 3x3, pad=same
    a = x -> f
    b = a -> f
    twice = (b, b) -> add
    (twice, x) -> concat as both
"""


def graph() -> networkx.DiGraph:
    return to_networkx(compile_text(TEXT).checked)


def test_nodes_carry_their_figures() -> None:
    net = graph()
    assert set(net.nodes) == {"x", "f", "f#2", "twice", "both"}
    assert net.nodes["f"] == {
        "op": "conv",
        "type": "Conv2D",
        "path": "f",
        "shape": (8, 8, 3),
        "params": 84,
        "macs": 81 * 64,
        "block": "",
    }
    assert sum(data["params"] for _, data in net.nodes(data=True)) == 84
    assert networkx.is_directed_acyclic_graph(net)
    assert (net.graph["inputs"], list(net.graph["outputs"].values())) == (["x"], ["both"])


def test_edges_keep_order_and_multiplicity() -> None:
    net = graph()
    assert list(net.edges) == [("x", "f"), ("x", "both"), ("f", "f#2"), ("f#2", "twice"), ("twice", "both")]
    assert net.edges["x", "both"]["position"] == 1
    assert net.edges["twice", "both"]["shape"] == (8, 8, 3)
    assert [value["position"] for value in net.edges["f#2", "twice"]["values"]] == [0, 1]
