"""Checked -> Report: every figure of the network by layer and by part, a tree along the dotted paths."""

from __future__ import annotations

from collections.abc import Iterator

from ...blocks import Blocks
from ...census import NONE, Paths, trained
from ...graph import Checked, Layer
from ...receptive import Field, receptive_fields, widest
from ...source import Span
from . import memory
from .memory import Memory, Values


class Figures:
    """Sums over layers. `values` are the numbers the layers write for one example; None where a size is open."""

    __slots__ = ("layers", "macs", "params", "trainable", "values")

    def __init__(self) -> None:
        self.layers = 0
        self.params = 0
        self.trainable = 0
        self.macs: int | None = 0
        self.values: int | None = 0

    def add(self, layer: Layer, frozen: Paths) -> None:
        facts = layer.node.facts
        self.layers += 1
        self.params += facts.params
        self.trainable += sum(trained([layer], frozen).values())
        self.macs = _sum(self.macs, layer.macs)
        for node in layer.nodes:
            for shape in () if memory.is_view(node, True) else node.facts.outputs:
                self.values = _sum(self.values, shape.size)


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


class Line:
    """One line of the report: a layer, or a part of the network with its lines inside.

    A part is a block instance, whose `type` is the name of the block, or what shares the first half of its paths, whose
    type is empty (`layer1` over `layer1.0` and `layer1.1`).
    """

    __slots__ = ("family", "field", "figures", "layer", "lines", "name", "path", "shape", "span", "type")

    def __init__(self, name: str, path: str, span: Span) -> None:
        self.name = name
        self.path = path
        self.span = span
        self.type = ""
        self.family = ""
        self.layer: Layer | None = None
        self.lines: dict[str, Line] = {}
        self.figures = Figures()
        self.shape = ""
        self.field: Field | None = None

    def take(self, layer: Layer, field: Field, frozen: Paths) -> None:
        """Count a layer in; the last one tells the shape and the receptive field."""
        self.figures.add(layer, frozen)
        self.shape = ", ".join(map(str, layer.nodes[-1].facts.outputs))
        self.field = field

    @property
    def place(self) -> str:
        return f"{self.span.source.name}:{self.span.line}"


class Report:
    """The figures of a network. `root` is the model itself, its `lines` stand in the written order.

    Weights in `frozen` do not count as trained.
    """

    def __init__(self, checked: Checked, batch: int, frozen: Paths = NONE) -> None:
        self.checked = checked
        self.batch = batch
        self.frozen = frozen
        self.fields = receptive_fields(checked)
        self.root = tree(checked, self.fields, frozen)
        self.values: Values = memory.values(checked)

    @property
    def figures(self) -> Figures:
        return self.root.figures

    @property
    def field(self) -> Field:
        """The largest that is a part of the input."""
        return widest(self.fields.values())

    @property
    def tensors(self) -> int:
        """Weights that are trained, kernels and biases apart."""
        return len(trained(self.checked.layers, self.frozen))

    def inference(self, width: int) -> Memory:
        return memory.inference(self.checked, self.values, self.batch, width)

    def training(self, width: int) -> Memory:
        return memory.training(self.checked, self.figures.trainable, self.values, self.batch, width)


def tree(checked: Checked, fields: dict[int, Field], frozen: Paths) -> Line:
    """The lines of all layers, in the written order, under those of the parts that hold them."""
    root = Line(checked.name, "", checked.graph.span)
    blocks = Blocks()
    for layer in sorted(checked.layers, key=lambda layer: layer.node.serial):
        instances = {frame.path: frame for frame in blocks.around(layer.node.frame)}
        field = fields[layer.nodes[-1].serial]
        line = root
        line.take(layer, field, frozen)
        *parts, name = layer.name.split(".")
        for part in parts:
            path = f"{line.path}.{part}".lstrip(".")
            line = _part(line, part, path, layer, frozen)
            if path in instances:
                line.type, line.span = instances[path].name, instances[path].span
            line.take(layer, field, frozen)
        _leaf(line, name, layer, field, frozen)
    return root


def _part(line: Line, name: str, path: str, layer: Layer, frozen: Paths) -> Line:
    """The line of a part, made at its first layer. A layer of that very path (a labelled merge) moves into it."""
    part = line.lines.get(name)
    if part is None:
        part = line.lines[name] = Line(name, path, layer.node.span)
    elif part.layer is not None:
        merge, part = part, Line(name, path, part.span)
        assert merge.layer is not None
        assert merge.field is not None
        line.lines[name] = part
        part.lines[""] = merge
        part.take(merge.layer, merge.field, frozen)
    return part


def _leaf(line: Line, name: str, layer: Layer, field: Field, frozen: Paths) -> None:
    leaf = Line(name, layer.name, layer.node.span)
    leaf.layer, leaf.type, leaf.family = layer, layer.node.type, layer.node.op.family
    leaf.take(layer, field, frozen)
    if name not in line.lines:
        line.lines[name] = leaf
        return
    part = line.lines[name]
    part.lines[""] = leaf
    part.take(layer, field, frozen)


def walk(root: Line, depth: int | None = None) -> Iterator[tuple[int, Line]]:
    """The lines below `root` from top to bottom, each with how deep it lies, from 0; deeper ones than `depth` not."""
    waiting = [(0, line) for line in reversed(root.lines.values())]
    while waiting:
        level, line = waiting.pop()
        yield level, line
        if depth is None or level + 1 < depth:
            waiting += [(level + 1, inner) for inner in reversed(line.lines.values())]
