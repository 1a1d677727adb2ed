"""Graph -> tree of boxes: every block call a box, every run of layers without a branch a cell of a few lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Union

from ...blocks import is_instance
from ...graph import Checked, Node, Port
from ...ops.base import Op
from ...source import Frame

ROLES = {"padding": "pad", "normalization": "norm", "activation": "act", "regularization": "drop", "dropout": "drop"}
"""What a family of operators is to its neighbours in a cell; any other is the main thing in it."""


def is_box(frame: Frame) -> bool:
    """Whether a frame is drawn: block calls, models inside another, and each use of something shared."""
    return is_instance(frame) or frame.kind == "share"


def is_box_or_turn(frame: Frame) -> bool:
    """The same, and each turn of a loop."""
    return is_box(frame) or frame.kind == "loop"


class Cell:
    """One to a handful of layers in a row, drawn as one node: `conv`, `batchnorm`, `relu`."""

    __slots__ = ("nodes", "times")

    def __init__(self, nodes: tuple[Node, ...], times: int = 1) -> None:
        self.nodes = nodes
        self.times = times

    @property
    def copies(self) -> int:
        """How many equal ones it stands for."""
        return self.times

    def __repr__(self) -> str:
        return f"Cell({' '.join(n.path for n in self.nodes)} x {self.times})"


class Box:
    """A group of parts under a title: a block call, a repeated stretch (`repeat`), or a series of similar parts.

    `nodes` are all nodes inside, in written order; of a part that stands for `times` equal ones, those of the first.
    `path` is the path of the instance, `last` that of the last one it stands for.
    """

    __slots__ = ("frame", "kind", "last", "nodes", "parts", "path", "times", "title")

    def __init__(
        self,
        kind: str,
        title: str,
        parts: tuple[Part, ...],
        *,
        path: str = "",
        last: str = "",
        times: int = 1,
        frame: Frame | None = None,
    ) -> None:
        self.kind = kind
        self.title = title
        self.parts = parts
        self.path = path
        self.last = last
        self.times = times
        self.frame = frame
        self.nodes: tuple[Node, ...] = tuple(sorted((n for p in parts for n in p.nodes), key=lambda n: n.serial))

    @property
    def copies(self) -> int:
        """How many equal ones it stands for; the members of a series are all inside it."""
        return 1 if self.kind == "series" else self.times

    @property
    def name(self) -> str:
        """The title without what is special to one of several: a loop's word for a turn of it."""
        return self.frame.name if self.kind == "loop" and self.frame else self.title

    def holding(self, parts: tuple[Part, ...]) -> Box:
        """The same box around other parts."""
        return Box(self.kind, self.title, parts, path=self.path, last=self.last, times=self.times, frame=self.frame)

    def repeated(self, times: int, last: str) -> Box:
        """The same box for a run of equal ones that ends with the instance `last`."""
        return Box(self.kind, self.title, self.parts, path=self.path, last=last, times=times, frame=self.frame)

    def renamed(self, other: Box) -> Box:
        """This box as what `other`, which holds nothing else, calls it."""
        return Box(
            other.kind, other.title, self.parts, path=other.path, last=other.last, times=self.times, frame=self.frame
        )

    def __repr__(self) -> str:
        return f"Box({self.title} {self.path} x {self.times}, {len(self.parts)} parts)"


Part = Union[Cell, Box]


def tree(checked: Checked, *, stack: bool = True, loops: bool = False) -> Box:
    """The whole model as a box. With `stack`, runs of layers share a cell; with `loops`, turns of loops are boxes."""
    return _unwrapped(_Tree(checked, stack, is_box_or_turn if loops else is_box).root())


def _unwrapped(root: Box) -> Box:
    """Without boxes that hold nothing but one box: variants of a model, a model that is one block."""
    while len(root.parts) == 1 and isinstance(root.parts[0], Box):
        inner = root.parts[0]
        root = Box(root.kind, root.title, inner.parts, path=root.path, frame=root.frame)
    return root


class _Draft:
    """A box while its parts are being collected, nodes grouped into lists that become cells."""

    __slots__ = ("frame", "items")

    def __init__(self, frame: Frame | None) -> None:
        self.frame = frame
        self.items: list[list[Node] | _Draft] = []


class _Tree:
    def __init__(self, checked: Checked, stack: bool, boxed: Callable[[Frame], bool]) -> None:
        self.checked = checked
        self.stack = stack
        self.boxed = boxed
        self.top = _Draft(None)
        self.drafts: dict[Frame, _Draft] = {}
        self.cells: dict[Node, tuple[_Draft, list[Node]]] = {}
        self.uses = uses(checked)

    def root(self) -> Box:
        for node in self.checked.nodes:
            self.place(node)
        return self.finished(self.top)

    def place(self, node: Node) -> None:
        draft = self.draft(node.frame)
        cell = self.joined(node, draft) if self.stack else None
        if cell is None:
            cell = []
            draft.items.append(cell)
        cell.append(node)
        self.cells[node] = (draft, cell)

    def draft(self, frame: Frame | None) -> _Draft:
        """The box that what stands in `frame` belongs to."""
        way = []
        while frame is not None and frame not in self.drafts and frame.parent is not None:
            if self.boxed(frame):
                way.append(frame)
            frame = frame.parent
        draft = self.top if frame is None else self.drafts.get(frame, self.top)
        for inner in reversed(way):
            child = self.drafts[inner] = _Draft(inner)
            draft.items.append(child)
            draft = child
        return draft

    def joined(self, node: Node, draft: _Draft) -> list[Node] | None:
        """The cell that `node` carries on, if the cell ends in the same box."""
        home, cell = self.cells[node.inputs[0].node] if node.inputs else (None, [])
        return cell if home is draft and self.carries_on([node], cell) else None

    def carries_on(self, nodes: Sequence[Node], cell: Sequence[Node]) -> bool:
        """Whether `nodes` are the one reader of the last layer of a cell, and have a place in it."""
        first = nodes[0]
        return (
            len(first.inputs) == 1
            and first.inputs[0].node is cell[-1]
            and len(self.uses[cell[-1]]) == 1
            and fits(nodes, cell)
        )

    def finished(self, draft: _Draft) -> Box:
        parts: list[Part] = []
        for item in draft.items:
            part = self.inlined(self.finished(item)) if isinstance(item, _Draft) else Cell(tuple(item))
            if parts and self.stack and self.one_cell(parts[-1], part):
                part = Cell((*parts.pop().nodes, *part.nodes))
            parts.append(part)
        return self.boxed_as(draft.frame, tuple(parts))

    def one_cell(self, before: Part, part: Part) -> bool:
        return isinstance(before, Cell) and isinstance(part, Cell) and self.carries_on(part.nodes, before.nodes)

    def boxed_as(self, frame: Frame | None, parts: tuple[Part, ...]) -> Box:
        if frame is None:
            return Box("model", self.checked.name, parts)
        return Box(frame.kind, _title(frame), parts, path=frame.path, last=frame.path, frame=frame)

    def inlined(self, box: Box) -> Part:
        """A block of a few layers in a row is no more than these, a turn or a share of one block no more than that."""
        if len(box.parts) > 1 or (box.kind == "share" and isinstance(box.parts[0], Cell)):
            return box
        only = box.parts[0]
        if box.kind == "share" and isinstance(only, Box):
            return only.renamed(box)
        return only if box.kind == "loop" or isinstance(only, Cell) else box


def _title(frame: Frame) -> str:
    """`basic`; a turn of a loop by what changes: `dilation=4`."""
    if frame.kind != "loop":
        return frame.name
    told = [f"{name}={value}" for name, value in frame.bindings if isinstance(value, (int, float, str))]
    return ", ".join(told) or frame.name


def uses(checked: Checked) -> dict[Node, list[Node | None]]:
    """Who reads each node's values, once per input; None stands for an output of the model."""
    found: dict[Node, list[Node | None]] = {}
    for node in checked.nodes:
        for source in node.inputs:
            found.setdefault(source.node, []).append(node)
    for output in checked.outputs:
        found.setdefault(output.port.node, []).append(None)
    return found


def role(op: Op) -> str:
    """What an operator is in a cell: `main` (at most one), or its dressing."""
    if op.family == "structure":
        return "alone" if op.word == "input" else "main"
    if op.word == "take_channels":
        return "pad"
    return ROLES.get(op.family, "main")


def fits(nodes: Sequence[Node], cell: Sequence[Node]) -> bool:
    """Whether a cell has room: each role once, what prepares the input only in front, inputs by themselves."""
    mine, there = {role(n.op) for n in nodes}, {role(n.op) for n in cell}
    return not mine & there and "alone" not in mine | there and "pad" not in mine


def sources(part: Part) -> Iterator[Port]:
    """The values from outside that a part reads, each once, in written order."""
    inside = set(part.nodes)
    seen = set()
    for node in part.nodes:
        for port in node.inputs:
            if port.node not in inside and port not in seen:
                seen.add(port)
                yield port
