"""Whether a compiled file is the network it was written from, layer by layer; and which path each layer has got."""

from __future__ import annotations

from ..graph import Checked, Node, Port
from ..ops.base import Op
from ..ops.merge import COMMUTES
from ..ops.structure import Input
from .network import Layer, Network, Ref, canonical


class Mismatch(Exception):
    """The file is another network; the text says where they part."""


def paths(network: Network, checked: Checked) -> dict[int, str]:
    """The path of every layer that reaches an output. Raises Mismatch."""
    if len(checked.outputs) != len(network.outputs):
        raise Mismatch(f"{len(checked.outputs)} outputs against {len(network.outputs)}")
    match = _Match(network, checked)
    for output, ref in zip(checked.outputs, network.outputs, strict=True):
        match.follow(output.port, ref)
    found = {number: node.path for number, node in match.nodes.items()}
    inputs = [match.nodes[n] for n, layer in enumerate(network.layers) if n in found and isinstance(layer.op, Input)]
    if inputs != [node for node in checked.inputs if node in inputs]:
        raise Mismatch("its inputs stand in another order")
    for number, layer in enumerate(network.layers):
        if layer.shares is not None and found.get(number) != found.get(layer.shares):
            raise Mismatch(f"`{layer.path}` has weights of its own, not those of another layer")
    return found


class _Match:
    """The walk over both from the outputs up. `prints` tell operands of a sum apart that may have changed places."""

    def __init__(self, network: Network, checked: Checked) -> None:
        self.network = network
        self.nodes: dict[int, Node] = {}
        self.layers: dict[int, int] = {}
        self.kinds: dict[object, int] = {}
        self.layer_prints: list[int] = []
        for layer in network.layers:
            inputs = [(self.layer_prints[r.layer], r.output) for r in layer.inputs]
            self.layer_prints.append(self.fingerprint(layer.op, inputs))
        self.node_prints: dict[int, int] = {}
        for node in checked.nodes:
            inputs = [(self.node_prints[p.node.serial], p.index) for p in node.inputs]
            self.node_prints[node.serial] = self.fingerprint(canonical(node.op), inputs)

    def fingerprint(self, op: Op, inputs: list[tuple[int, int]]) -> int:
        """A number for an operator and all that it is made of."""
        key = (op, *(sorted(inputs) if isinstance(op, COMMUTES) else inputs))
        return self.kinds.setdefault(key, len(self.kinds))

    def follow(self, port: Port, ref: Ref) -> None:
        waiting = [(port, ref)]
        while waiting:
            port, ref = waiting.pop()
            if not self.consistent(port, ref):
                raise Mismatch(f"`{port.node.path}` against `{self.network.layers[ref.layer].path}`")
            if ref.layer in self.nodes:
                continue
            self.nodes[ref.layer], self.layers[port.node.serial] = port.node, ref.layer
            layer = self.network.layers[ref.layer]
            if canonical(port.node.op) != layer.op:
                raise Mismatch(f"`{port.node.path}` is {port.node.op}, not {layer.op}")
            waiting += self.pairs(layer, port.node.inputs)

    def consistent(self, port: Port, ref: Ref) -> bool:
        """Whether the two may be one, as far as is known."""
        node, number = self.nodes.get(ref.layer), self.layers.get(port.node.serial)
        alike = self.node_prints[port.node.serial] == self.layer_prints[ref.layer] and port.index == ref.output
        return alike and node in (None, port.node) and number in (None, ref.layer)

    def pairs(self, layer: Layer, ports: tuple[Port, ...]) -> list[tuple[Port, Ref]]:
        """The inputs side by side; those of a sum in the order in which they agree."""
        if len(ports) != len(layer.inputs):
            raise Mismatch(f"`{layer.path}` has {len(layer.inputs)} inputs, found {len(ports)}")
        if not isinstance(layer.op, COMMUTES):
            return list(zip(ports, layer.inputs, strict=True))
        left = list(layer.inputs)
        found = []
        for port in ports:
            ref = next((r for r in left if self.consistent(port, r)), None)
            if ref is None:
                raise Mismatch(f"an operand of `{port.node.path}` is another one")
            left.remove(ref)
            found.append((port, ref))
        return found
