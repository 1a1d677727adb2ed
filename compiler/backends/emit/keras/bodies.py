"""The instances of a model as rows of Keras."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence

from ....graph import Node
from ....ops.merge import Add, Average, Maximum, Minimum, Multiply
from ....ops.structure import Input
from ....source import Frame
from ..code import Call, Code, Hole
from ..entries import Body, Entry
from ..parts import Anatomy, Part, branch, key, value
from . import activation, conv, merge, norm, pool, scale, shape
from .row import Row, X, coded, titled

RULES = (activation, conv, merge, norm, pool, scale, shape)
"""The modules whose rules are in the table."""

COMMUTES = (Add, Average, Maximum, Minimum, Multiply)
"""Merges whose operands may stand in the order in which they were written, which is how Keras lists them."""


class Builder:
    """`make` gives the code that calls the function of an inner instance."""

    def __init__(
        self, part: Part, anatomy: Anatomy, make: Callable[[Part, Part], Code], brought: frozenset[str]
    ) -> None:
        self.brought = brought
        self.part = part
        self.anatomy = anatomy
        self.make = make
        self.seen: Counter[Hashable] = Counter()
        self.uses = Counter(node.path for node in anatomy.checked.nodes)

    def body(self) -> Body:
        entries: list[Entry] = []
        rows: dict[Frame, list[Entry]] = {}
        for item in self.part.items:
            frame = sequential(item)
            entry = self.entry(item)
            if frame is None:
                entries.append(entry)
                continue
            if frame not in rows:
                rows[frame] = []
            rows[frame].append(entry)
            if item is last_of(self.part, frame):
                entries.append(self.sequence(frame, rows[frame]))
        return Body(self.part, tuple(entries), tuple(self.part.reads), tuple(self.part.gives))

    def place(self, item: Node | Part) -> Hashable:
        place = key(item, self.part)
        self.seen[place] += 1
        return place, self.seen[place]

    def entry(self, item: Node | Part) -> Entry:
        if isinstance(item, Part):
            made = Entry(
                self.place(item), self.part.name(item.path), item.reads, item.gives, call=self.make(item, self.part)
            )
            made.automatic = automatic(made.name, item.frame.name)
            made.results = item.results
        else:
            made = self.layer(item)
        made.branch = branch(item, self.part)
        return made

    def layer(self, node: Node) -> Entry:
        to = Row(node, self.part, self.anatomy, self.brought)
        reads = [value(port) for port in node.inputs]
        if isinstance(node.op, COMMUTES) and not getattr(node.op, "drop", 0):
            reads.sort()
        made = [(node.serial, i) for i in range(len(node.facts.outputs))]
        code = coded(node, to)
        main = node.op.family not in ("normalization", "activation", "dropout", "scale")
        entry = Entry(self.place(node), to.part.name(node.path), reads, made, call=code, main=main)
        entry.automatic = automatic(entry.name, node.op.short)
        entry.holds = bool(node.facts.weights)
        if self.uses[node.path] > 1 and isinstance(code, Call) and isinstance(code.head, Call):
            entry.make, entry.call = code.head, Call(Hole(-1), code.args)
        return entry

    def sequence(self, frame: Frame, entries: Sequence[Entry]) -> Entry:
        """The layers of a `sequential` as one row."""
        made = [entry.call.head for entry in entries if isinstance(entry.call, Call)]
        name = self.part.name(frame.path)
        code = Call(Call("keras.Sequential", (Call("", tuple(made), "[]"), titled(self.part, name))), (X,))
        entry = Entry(frame.span, name, entries[0].args, entries[-1].makes, call=code)
        entry.keys = frozenset(k for e in entries for k in e.keys)
        return entry


def brought(anatomy: Anatomy) -> frozenset[str]:
    """Classes that the model needs and Keras has not, or has under this name for less."""
    found = set()
    for node in anatomy.checked.nodes:
        if not isinstance(node.op, Input):
            code = coded(node, Row(node, anatomy.root, anatomy))
            made = code.head if isinstance(code, Call) else ""
            if isinstance(made, Call) and isinstance(made.head, str) and "." not in made.head:
                found.add(made.head)
    return frozenset(found)


def automatic(name: str, kind: str) -> bool:
    rest = name.rpartition(".")[2]
    return rest.startswith(kind) and rest[len(kind) :].isdigit()


def sequential(item: Node | Part) -> Frame | None:
    """The outermost `sequential` around a layer, which is one row."""
    found = [f for f in item.frame.outward() if f.kind == "sequential"] if isinstance(item, Node) else []
    return found[-1] if found else None


def last_of(part: Part, frame: Frame) -> Node | Part:
    return [item for item in part.items if sequential(item) is frame][-1]


def apart(frame: Frame, nodes: Sequence[Node]) -> bool:
    """Whether a block cannot be a function: its layers are shared, or part of a `sequential`."""
    return any(node.shared for node in nodes) or any(f.kind == "sequential" for f in frame.outward())
