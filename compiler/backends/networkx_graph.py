"""Checked -> networkx.DiGraph, for other programs. The only place besides the diagrams that imports networkx."""

from __future__ import annotations

from collections import Counter
from typing import Any

import networkx

from ..blocks import Blocks
from ..graph import Checked, Node, Port


def to_networkx(checked: Checked) -> networkx.DiGraph:
    """The network as a directed graph without parallel edges.

    A node is named by its path, later uses of a shared layer by `path#2`, `path#3`, ... Its data: `op` (the word of the
    language), `type` (the Keras class), `path`, `shape` (a tuple, a tuple of tuples for several outputs), `params` (0
    for later uses), `macs`, `block` (the path of the enclosing instance). An edge has `shape`, `index` of the output
    taken and `position` among the inputs; where one node takes several values of another, as in x + x, these are of the
    first and `values` lists all of them.
    """
    graph = networkx.DiGraph(name=checked.name, file=checked.file)
    names, blocks = unique_names(checked), Blocks()
    for node in checked.nodes:
        around = blocks.around(node.frame)
        data = node_data(node, first=names[node.serial] == node.path)
        graph.add_node(names[node.serial], **data, block=around[-1].path if around else "")
        for position, port in enumerate(node.inputs):
            connect(graph, names[port.node.serial], names[node.serial], edge_data(port, position))
    graph.graph["inputs"] = [names[node.serial] for node in checked.inputs]
    graph.graph["outputs"] = {output.name: names[output.port.node.serial] for output in checked.outputs}
    return graph


def unique_names(checked: Checked) -> dict[int, str]:
    """A name for every node, by its serial number."""
    uses: Counter[str] = Counter()
    names = {}
    for node in checked.nodes:
        uses[node.path] += 1
        use = uses[node.path]
        names[node.serial] = node.path if use == 1 else f"{node.path}#{use}"
    return names


def node_data(node: Node, first: bool) -> dict[str, Any]:
    shapes = tuple(tuple(shape) for shape in node.facts.outputs)
    return {
        "op": node.op.word,
        "type": node.type,
        "path": node.path,
        "shape": shapes[0] if len(shapes) == 1 else shapes,
        "params": node.facts.params if first else 0,
        "macs": node.facts.macs,
    }


def edge_data(port: Port, position: int) -> dict[str, Any]:
    return {"shape": tuple(port.shape), "index": port.index, "position": position}


def connect(graph: networkx.DiGraph, start: str, end: str, data: dict[str, Any]) -> None:
    """Add an edge, or one more value to the edge that is there."""
    if graph.has_edge(start, end):
        graph.edges[start, end]["values"].append(data)
    else:
        graph.add_edge(start, end, **data, values=[data])
