"""Checked -> tree of instances: every block call that can be a class or a function of its own, with its wiring."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Union

from ...blocks import is_instance
from ...graph import Checked, Node, Port
from ...ops.structure import Input
from ...shape import Shape
from ...source import Frame, Span

Value = tuple[int, int]
"""A value of the network: serial number of its node, index of the output."""


class Part:
    """One instance: a block call, a use of something shared, or the model itself.

    `items` are its layers and inner instances in written order, `reads` the values that come in, in the order in which
    they are first read, `gives` those that are read outside.
    """

    def __init__(self, frame: Frame, path: str) -> None:
        self.frame = frame
        self.path = path
        self.items: list[Node | Part] = []
        self.reads: list[Value] = []
        self.gives: list[Value] = []
        self.named: list[str] = []
        """What the inputs of a model are called where there are several."""

    @property
    def definition(self) -> Hashable:
        """What all instances of one block have in common."""
        written = self.frame.written
        return (self.frame.kind, self.path) if written is None else (written.span, written.name)

    @property
    def nodes(self) -> Iterator[Node]:
        for item in self.items:
            if isinstance(item, Part):
                yield from item.nodes
            else:
                yield item

    @property
    def parts(self) -> Iterator[Part]:
        """The inner instances of all depths, innermost first, and itself."""
        for item in self.items:
            if isinstance(item, Part):
                yield from item.parts
        yield self

    @property
    def results(self) -> tuple[str, ...]:
        """What its own text calls what it gives; empty for what has no name."""
        made = {node.serial: node for node in self.nodes}
        names = [self.name(made[serial].path) for serial, _ in self.gives if serial in made]
        return tuple(name if name.isidentifier() and not name[-1:].isdigit() else "" for name in names)

    def name(self, path: str) -> str:
        """A path as seen from here."""
        return path[len(self.path) + 1 :] if self.path else path

    def __repr__(self) -> str:
        return f"Part({self.frame.name} {self.path!r}, {len(self.items)} items)"


Item = Union[Node, Part]


def value(port: Port) -> Value:
    return port.node.serial, port.index


Apart = Callable[[Frame, Sequence[Node]], bool]
"""Whether a block, with its layers, is no instance in one language: its layers belong to the block around it."""


class Anatomy:
    """A model taken apart into instances."""

    def __init__(self, checked: Checked, apart: Apart) -> None:
        self.checked = checked
        self.ports: dict[Value, Port] = {
            (node.serial, i): Port(node, i) for node in checked.nodes for i in range(len(node.facts.outputs))
        }
        self.readers: dict[Value, list[Node | None]] = defaultdict(list)
        """Who reads each value, None for an output of the model."""
        for node in checked.nodes:
            for port in node.inputs:
                self.readers[value(port)].append(node)
        for output in checked.outputs:
            self.readers[value(output.port)].append(None)
        self.shapes = joint(checked)
        self.root = self.grown(dissolved(checked, apart))
        for part in self.root.parts:
            self.wire(part)

    def grown(self, instances: dict[Frame, bool]) -> Part:
        root = Part(innermost_model(self.checked), "")
        parts: dict[Frame, Part] = {}
        for node in self.checked.nodes:
            if not isinstance(node.op, Input):
                self.home(node.frame, instances, parts, root).items.append(node)
        return root

    def home(self, frame: Frame, instances: dict[Frame, bool], parts: dict[Frame, Part], root: Part) -> Part:
        """The part that what stands in `frame` belongs to, made with those around it at its first node."""
        way = [f for f in frame.outward() if instances.get(f)]
        home = root
        for inner in reversed(way):
            if inner not in parts:
                parts[inner] = Part(inner, inner.path)
                home.items.append(parts[inner])
            home = parts[inner]
        return home

    def wire(self, part: Part) -> None:
        """Find what comes in and what goes out."""
        inside = {node.serial for node in part.nodes}
        seen: set[Value] = set()
        for node in part.nodes:
            for port in node.inputs:
                read = value(port)
                if port.node.serial not in inside and read not in seen:
                    seen.add(read)
                    part.reads.append(read)
            for i in range(len(node.facts.outputs)):
                made = (node.serial, i)
                if any(reader is None or reader.serial not in inside for reader in self.readers[made]):
                    part.gives.append(made)
        if not part.path:
            part.reads = [(node.serial, 0) for node in self.checked.inputs]
            part.gives = [value(output.port) for output in self.checked.outputs]
            part.named = [re.sub(r"\W", "_", n.path) for n in self.checked.inputs] if len(part.reads) > 1 else []

    def shape(self, read: Value) -> Shape:
        return self.ports[read].shape

    def given(self, node: Node) -> tuple[Shape, ...]:
        """The input shapes of a layer; a size that differs between the uses of a shared one counts as open."""
        return self.shapes.get(node.path, node.shapes) if node.facts.weights else node.shapes


def innermost_model(checked: Checked) -> Frame:
    """The frame of the model whose body is compiled: that of its first input."""
    first = (checked.inputs or checked.nodes)[0].frame
    frames = [f for f in first.outward() if f.kind in ("model", "block")]
    return frames[0] if checked.inputs else frames[-1]


def joint(checked: Checked) -> dict[str, tuple[Shape, ...]]:
    found: dict[str, tuple[Shape, ...]] = {}
    for node in checked.nodes:
        if node.facts.weights:
            before = found.get(node.path, node.shapes)
            found[node.path] = tuple(
                Shape(m if m == n else None for m, n in zip(a, b)) for a, b in zip(node.shapes, before)
            )
    return found


def dissolved(checked: Checked, apart: Apart) -> dict[Frame, bool]:
    """The frames that could be instances of their own, and whether they can: all their layers have paths under theirs,
    and no other layer has."""
    frames: dict[Frame, list[Node]] = defaultdict(list)
    for node in checked.nodes:
        for frame in node.frame.outward():
            if is_instance(frame) or (frame.kind == "share" and frame.path):
                frames[frame].append(node)
    under = Counter(prefix for node in checked.nodes for prefix in prefixes(node.path))
    uses: dict[str, list[Frame]] = defaultdict(list)
    for frame in frames:
        uses[frame.path].append(frame)
    return {
        frame: all(node.path.startswith(frame.path + ".") for node in nodes)
        and sum(len(frames[other]) for other in uses[frame.path] if same_kind(other, frame)) == under[frame.path]
        and innermost(frame, uses)
        and any(node.facts.weights for node in nodes)
        and not apart(frame, nodes)
        and (len({str(other.kind) for other in uses[frame.path]}) == 1 or frame.kind != "share")
        for frame, nodes in frames.items()
    }


def same_kind(a: Frame, b: Frame) -> bool:
    return a.kind == b.kind and a.written is b.written


def innermost(frame: Frame, uses: dict[str, list[Frame]]) -> bool:
    """Whether no frame inside has the same path: a share of one block is the block."""
    return not any(other is not frame and frame in other.outward() for other in uses[frame.path])


def prefixes(path: str) -> Iterator[str]:
    """`a.b` and `a` for `a.b.c`."""
    while "." in path:
        path = path.rpartition(".")[0]
        yield path


def branch(item: Node | Part, home: Part) -> str:
    """`branch2`, `shortcut`: what the values are called of the branch that an item stands in."""
    frame = item.frame.parent if isinstance(item, Part) else item.frame
    while frame is not None and frame is not home.frame:
        if frame.kind == "branch":
            return f"branch{frame.turn + 1}"
        if frame.kind == "shortcut":
            return "shortcut"
        frame = frame.parent
    return ""


def key(item: Node | Part, home: Part) -> Hashable:
    """Where an item stands in the text of its block, the turns of loops included: equal in all instances."""
    frame = item.frame.parent if isinstance(item, Part) else item.frame
    span: Span = item.frame.span if isinstance(item, Part) else item.span
    way: list[Hashable] = []
    while frame is not None and frame is not home.frame:
        if frame.kind == "loop" or frame.written is not None:
            way.append((frame.span, frame.turn))
        elif frame.kind == "share":
            way.append(frame.span)
        frame = frame.parent
    return (span.source.name, span.start, span.end, tuple(way))
