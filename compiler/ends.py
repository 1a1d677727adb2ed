"""The two ends of a network, which transfer learning exchanges: its first convolutions and its heads."""

from __future__ import annotations

from .graph import Checked, Node
from .ops.base import weight_key
from .ops.conv import Conv


def heads(checked: Checked) -> frozenset[str]:
    """The weights of the layers behind which no other layer has weights that mix channels: what gives the classes."""
    before_weights: set[Node] = set()
    found: set[str] = set()
    for node in reversed(checked.nodes):
        mixing = any(weight.fans for weight in node.facts.weights.values())
        if mixing and node not in before_weights:
            found.update(weight_key(node.path, name) for name in node.facts.weights)
        if mixing or node in before_weights:
            before_weights.update(port.node for port in node.inputs)
    return frozenset(found)


def first_kernels(checked: Checked) -> frozenset[str]:
    """The kernels of the convolutions that see an input's own channels."""
    raw = set(checked.inputs)
    found: set[str] = set()
    for node in checked.nodes:
        if not any(port.node in raw for port in node.inputs):
            continue
        if isinstance(node.op, Conv) and node.op.groups == 1:
            found.add(weight_key(node.path, "weight"))
        elif not any(weight.fans for weight in node.facts.weights.values()):
            raw.add(node)
    return frozenset(found)
