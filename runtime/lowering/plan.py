"""Checked -> the steps of `forward`: which operators run, in which order, on which values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from ...compiler.graph import Checked, Node, Port
from ...compiler.ops.base import Op
from ...compiler.ops.structure import Input
from ...compiler.shape import Shape

Value = tuple[int, int]
"""A value of the graph: serial number of its node, index of the output."""

FOLDABLE = frozenset({"softmax", "log_softmax", "sigmoid"})
"""Activations that a loss on logits contains."""


class Step(NamedTuple):
    """One operator of the generated `forward`: the values it reads and makes."""

    node: Node
    op: Op
    path: str
    shapes: tuple[Shape, ...]
    reads: tuple[Value, ...]
    makes: tuple[Value, ...]


class Plan:
    """What `forward` does: the steps in order, and the values it gives."""

    def __init__(self, checked: Checked, head: str) -> None:
        if head not in ("kept", "folded"):
            raise ValueError(f"`head` is `kept` or `folded`, found `{head}`")
        self.checked = checked
        self.exits: list[Value] = []
        self.folded: list[str | None] = []
        self.bare: set[str] = set()
        """Paths of the layers whose `act=` is a step of its own."""
        for output in checked.outputs:
            value, word = self.end(output.port) if head == "folded" else (key(output.port), None)
            self.exits.append(value)
            self.folded.append(word)
        self.steps = needed([step for node in checked.nodes for step in self.steps_of(node)], self.exits)
        self.paths = {step.path for step in self.steps}
        self.uses = Counter([value for step in self.steps for value in step.reads] + self.exits)
        self.passing = passing(self.steps, self.exits, self.uses)
        """Values that only the step next to their own reads, or the end of the function."""

    def end(self, port: Port) -> tuple[Value, str | None]:
        """The value before the activation that ends an output, and the name of that activation."""
        node, word = port.node, ending(port)
        if word is None:
            return key(port), None
        if foldable(node.op):
            return key(node.inputs[0]), word
        self.bare.add(node.path)
        return bare(node), word

    def steps_of(self, node: Node) -> Iterator[Step]:
        if isinstance(node.op, Input):
            return
        reads = tuple(map(key, node.inputs))
        makes = tuple((node.serial, i) for i in range(len(node.facts.outputs)))
        if node.path not in self.bare:
            yield Step(node, node.op, node.path, node.shapes, reads, makes)
            return
        yield Step(node, node.op.changed(act=None), node.path, node.shapes, reads, (bare(node),))
        act: Op = node.op.act  # type: ignore[attr-defined]
        yield Step(node, act, f"{node.path}_{act.word}", node.facts.outputs, (bare(node),), makes)


def key(port: Port) -> Value:
    return port.node.serial, port.index


def bare(node: Node) -> Value:
    """What a layer makes before its `act=`."""
    return node.serial, -1


def ending(port: Port) -> str | None:
    """The name of the activation that ends an output, where a loss on logits contains it."""
    op = port.node.op
    last = op if foldable(op) else getattr(op, "act", None)
    return last.word if last is not None and foldable(last) else None


def foldable(op: Op) -> bool:
    return op.word in FOLDABLE and all(name == "layer" for name, _ in op.told())


def needed(steps: list[Step], exits: list[Value]) -> list[Step]:
    """The steps that lead to the exits."""
    wanted = set(exits)
    kept = []
    for step in reversed(steps):
        if wanted.intersection(step.makes):
            wanted.update(step.reads)
            kept.append(step)
    return kept[::-1]


def passing(steps: list[Step], exits: list[Value], uses: Counter[Value]) -> set[Value]:
    """The values that are read once, right after they were made."""
    following = [*(step.reads for step in steps[1:]), exits]
    return {v for step, reads in zip(steps, following, strict=False) for v in step.makes if uses[v] == 1 and v in reads}
