"""A folded tree with some boxes open -> what is drawn: boxes, nodes (cells and closed boxes), arcs between nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ...graph import Checked, Node
from ...shape import Shape
from .fold import Folded
from .tree import Box, Cell, Part


class Arc(NamedTuple):
    """A value on its way from one drawn part to another. `skip`: a longer way leads there as well."""

    source: Part
    target: Part
    shapes: tuple[Shape, ...]
    skip: bool = False


class Bypass(NamedTuple):
    """Inside a closed box: some way around, joined by `word` (`add`, `concat`, ...)."""

    word: str


class Picture:
    """What is drawn of a model. `parts` are the drawn nodes in written order, `insets` blocks opened aside."""

    def __init__(self, checked: Checked, folded: Folded, root: Box, open_: Callable[[Box], bool]) -> None:
        self.checked = checked
        self.folded = folded
        self.root = root
        self.is_open = open_
        self.parts = tuple(leaves(root, open_))
        self.home = {node: part for part in self.parts for node in part.nodes}
        self.arcs = tuple(self._arcs())
        self.insets: tuple[Picture, ...] = ()

    def drawn(self, node: Node) -> Part | None:
        """The drawn node that shows this node of the graph; None where it is not in this picture."""
        return self.home.get(self.folded.place(node)[0])

    def edges(self) -> Iterator[tuple[Part | None, Part | None, Shape]]:
        """Every edge of the graph that is not told by `x 3`, between drawn nodes; None stands for what is not here."""
        for target in self.checked.nodes:
            for port in target.inputs:
                edge = self.folded.edge(port.node, target)
                if edge is not None:
                    yield self.home.get(edge[0]), self.home.get(edge[1]), port.shape

    def doors(self) -> tuple[dict[Part, Shape], dict[Part, Shape]]:
        """The parts that read values from outside this picture, and those whose values are read there."""
        ways = [(a, b, shape) for a, b, shape in self.edges() if (a is None) != (b is None)]
        entries = {b: shape for a, b, shape in ways if b is not None}
        return entries, {a: shape for a, _, shape in ways if a is not None}

    def _arcs(self) -> Iterator[Arc]:
        found: dict[tuple[Part, Part], dict[Shape, None]] = {}
        for source, target, shape in self.edges():
            if source is not None and target is not None and source is not target:
                found.setdefault((source, target), {})[shape] = None
        ranks = longest(self.parts, list(found))
        for (source, target), told in found.items():
            yield Arc(source, target, tuple(told), ranks[target] - ranks[source] > 1)


def opener(root: Box, depth: int) -> Callable[[Box], bool]:
    """Which boxes are open at a depth: those less than `depth` block calls inside the model, and never a series."""
    levels = dict(_levels(root, 0))
    return lambda box: box.kind != "series" and levels.get(box, depth) < depth


def _levels(box: Box, level: int) -> Iterator[tuple[Box, int]]:
    yield box, level
    for part in box.parts:
        if isinstance(part, Box):
            yield from _levels(part, level if part.kind == "repeat" else level + 1)


def deepest(root: Box) -> int:
    """The depth at which every box is open."""
    return max(level for _, level in _levels(root, 0)) + 1


def leaves(part: Part, open_: Callable[[Box], bool]) -> Iterator[Part]:
    """What is drawn as a node: cells, and boxes that are closed."""
    if isinstance(part, Cell) or not open_(part):
        yield part
    else:
        for inner in part.parts:
            yield from leaves(inner, open_)


def longest(parts: tuple[Part, ...], arcs: list[tuple[Part, Part]]) -> dict[Part, int]:
    """The longest way to each part, in arcs; parts stand in an order of evaluation."""
    ranks = dict.fromkeys(parts, 0)
    arriving: dict[Part, list[Part]] = {}
    for source, target in arcs:
        arriving.setdefault(target, []).append(source)
    for part in parts:
        ranks[part] = max((ranks[s] + 1 for s in arriving.get(part, ())), default=0)
    return ranks


def bypass(part: Part) -> Bypass | None:
    """The way around inside a closed box: a value that is merged with something made from it."""
    if isinstance(part, Cell):
        return None
    inside = set(part.nodes)
    for node in part.nodes:
        if _residual(node, part):
            return Bypass("add")
        origins = {port.node for port in node.inputs}
        if len(origins) > 1 and any(_reaches(other, origins - {other}, inside) for other in origins):
            return Bypass(node.op.word)
    return None


def _residual(node: Node, box: Box) -> bool:
    """Whether a node stands in the body of a `residual:` inside the box."""
    outside = -1 if box.frame is None else box.frame.depth
    return any(frame.kind == "residual" for frame in node.frame.outward() if frame.depth > outside)


def _reaches(start: Node, goals: set[Node], inside: set[Node]) -> bool:
    """Whether a value among `goals` is behind `start`, on a way inside."""
    oldest = min(goal.serial for goal in goals)
    seen, waiting = {start}, [start]
    while waiting:
        node = waiting.pop()
        if node not in inside:
            continue
        for port in node.inputs:
            if port.node in goals:
                return True
            if port.node not in seen and port.node.serial > oldest:
                seen.add(port.node)
                waiting.append(port.node)
    return False
