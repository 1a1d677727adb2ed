"""How much memory a network takes: its weights, and its values while it runs.

The values of one example are counted as if each layer wrote a new array and freed its inputs after their last use, in
the written order. Layers that only pass on or relabel what they get (`VIEWS`, dropout at inference) write none. What a
framework needs besides (workspaces of convolutions, copies of its own, in-place tricks) is not in it.
"""

from __future__ import annotations

from typing import NamedTuple

from ...graph import Checked, Node, Port
from ...shape import total

VIEWS = frozenset({"identity", "flatten", "reshape", "stop_gradient"})

FLOAT32, BFLOAT16 = 4, 2
"""Bytes of one number."""

ADAM = 2
"""Numbers that Adam keeps for each trained one; momentum alone keeps 1."""

Slot = tuple[int, int]
"""A value: the serial number of the node that made it, and which of its outputs it is."""


class Values(NamedTuple):
    """Numbers of one example: all that are written, and most that are alive at once. None where a size is open."""

    kept: int | None
    peak: int | None
    peak_at: str
    """The path of the layer at which most are alive."""


class Memory(NamedTuple):
    """Bytes for one batch, by purpose, under one arithmetic."""

    weights: int
    gradients: int
    optimizer: int
    activations: int | None

    @property
    def total(self) -> int | None:
        if self.activations is None:
            return None
        return self.weights + self.gradients + self.optimizer + self.activations


def is_view(node: Node, training: bool = False) -> bool:
    """Whether the node hands its input on without writing a new array."""
    if node.op.word in VIEWS:
        return bool(node.inputs)
    return node.op.family == "dropout" and not training


class Arrays:
    """Which array each value lives in, its size and when it is read last."""

    def __init__(self, checked: Checked) -> None:
        self.home: dict[Slot, Slot] = {}
        self.size: dict[Slot, int | None] = {}
        self.last: dict[Slot, int] = {}
        for node in checked.nodes:
            for port in node.inputs:
                self.last[self.of(port)] = node.serial
            for index, shape in enumerate(node.facts.outputs):
                self.place((node.serial, index), node, shape.size)
        end = checked.nodes[-1].serial + 1 if checked.nodes else 0
        for output in checked.outputs:
            self.last[self.of(output.port)] = end

    def of(self, port: Port) -> Slot:
        return self.home[port.node.serial, port.index]

    def place(self, slot: Slot, node: Node, size: int | None) -> None:
        if is_view(node):
            self.home[slot] = self.of(node.inputs[0])
        else:
            self.home[slot] = slot
            self.size[slot] = size
            self.last.setdefault(slot, slot[0])


def values(checked: Checked) -> Values:
    """The numbers one example takes in training, which keeps them all, and at inference."""
    arrays = Arrays(checked)
    kept = _kept(checked)
    if None in arrays.size.values():
        return Values(kept, None, "")
    frees: dict[int, int] = {}
    for slot, size in arrays.size.items():
        frees[arrays.last[slot]] = frees.get(arrays.last[slot], 0) + (size or 0)
    alive = peak = 0
    peak_at = ""
    for node in checked.nodes:
        alive += sum(arrays.size.get((node.serial, i)) or 0 for i in range(len(node.facts.outputs)))
        if alive > peak:
            peak, peak_at = alive, node.path
        alive -= frees.get(node.serial, 0)
    return Values(kept, peak, peak_at)


def _kept(checked: Checked) -> int | None:
    return total(shape.size for node in checked.nodes if not is_view(node, True) for shape in node.facts.outputs)


def inference(checked: Checked, found: Values, batch: int, width: int) -> Memory:
    """To run one batch with numbers of `width` bytes throughout."""
    return Memory(checked.params * width, 0, 0, None if found.peak is None else found.peak * batch * width)


def training(checked: Checked, trainable: int, found: Values, batch: int, width: int) -> Memory:
    """To train on one batch with Adam: values of `width` bytes; weights, gradients and Adam's numbers in float32."""
    trained = trainable * FLOAT32
    activations = None if found.kept is None else found.kept * batch * width
    return Memory(checked.params * FLOAT32, trained, ADAM * trained, activations)
