"""What a part of the picture says, as lines of text, each in the colour of a family of operators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ...graph import Checked, Node
from ...ops.base import Op
from ...ops.record import Record
from ...shape import Shape, total
from .tree import Box, Cell, Part, sources


class Family(NamedTuple):
    """A colour and its name in the legend. `fill` carries black text, `line` is its darker twin."""

    name: str
    fill: str
    line: str


CONVOLUTION = Family("convolution", "#cfe3f5", "#2f6fa8")
POOLING = Family("pooling", "#f9d9c4", "#b4541a")
NORMALIZATION = Family("normalization", "#e9e4f3", "#7864a6")
ACTIVATION = Family("activation", "#fbf0c0", "#a3820c")
DENSE = Family("dense", "#c9ead9", "#1d8261")
MERGE = Family("merge", "#f3cfe0", "#a83d75")
RESIZING = Family("resizing", "#d3f0f5", "#23838f")
INPUT = Family("input, output", "#4b5563", "#1f2937")
OTHER = Family("other", "#ececec", "#6b7280")
BLOCK = Family("block", "#ffffff", "#374151")
"""Light tints after Okabe and Ito, told apart also by colour-blind readers; the words say the same."""

FAMILIES = {
    "convolution": CONVOLUTION,
    "pooling": POOLING,
    "normalization": NORMALIZATION,
    "activation": ACTIVATION,
    "dense": DENSE,
    "merge": MERGE,
    "resizing": RESIZING,
    "resize": RESIZING,
}

SAID = frozenset({"stride", "dilation", "groups", "multiplier", "slope", "drop", "mode", "axis"})
"""Arguments given by name that a picture shows; those given by position it shows anyway."""

LONGEST = 44
"""Characters of one line of text, at most."""


class Line(NamedTuple):
    """One line in a node."""

    text: str
    family: Family


def family(op: Op) -> Family:
    return INPUT if op.word == "input" else FAMILIES.get(op.family, OTHER)


def cut(text: str, most: int = LONGEST) -> str:
    """Printable, on one line, not too long."""
    clean = "".join(c if c.isprintable() else "?" for c in text)
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def cell_lines(cell: Cell) -> tuple[Line, ...]:
    """The layers of a cell, one line each, `act=` on a line of its own."""
    return tuple(line for node in cell.nodes for line in node_lines(node))


def node_lines(node: Node) -> Iterator[Line]:
    if node.op.word == "input":
        yield Line(cut(f"{node.path} {node.facts.output}"), INPUT)
        return
    yield Line(cut(call(node)), family(node.op))
    act = getattr(node.op, "act", None)
    if isinstance(act, Op):
        yield Line(cut(_record(act)), ACTIVATION)


def call(node: Node) -> str:
    """A layer as it would be written, without what a picture does not need: `conv 64, 3x3 /2`."""
    words, step = [], ""
    for name, value in node.op.told():
        text = _value(value, node.op.fields[name].type, node.shapes, name)
        if not text or not (node.op.fields[name].position or name in SAID):
            continue
        if name == "stride":
            step = f" /{text}"
        else:
            words.append(text if node.op.fields[name].position else f"{name}={text}")
    return f"{node.op.word} {', '.join(words)}".rstrip() + step


def _value(value: Any, type_: str, shapes: tuple[Shape, ...], name: str) -> str:
    """One argument; nothing for what the wiring shows."""
    if value is None or ("Operand" in type_ and isinstance(value, int)):
        return ""
    if isinstance(value, Record):
        return _record(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if type_.startswith("Sizes") and isinstance(value, tuple):
        return _sizes(value, shapes, whole=name != "stride")
    return _pairs(value) if type_.startswith("Pairs") else _plain(value)


def _pairs(pairs: Any) -> str:
    """Places to add or take: one number where all are the same."""
    numbers = {n for pair in pairs for n in pair} if isinstance(pairs, tuple) else set()
    return str(numbers.pop()) if len(numbers) == 1 else _plain(pairs)


def _sizes(sizes: tuple[int, ...], shapes: tuple[Shape, ...], whole: bool) -> str:
    """`3x3`; a stride that is the same everywhere as one number."""
    if len(set(sizes)) == 1 and not whole:
        return str(sizes[0])
    if len(sizes) == 1 and shapes:
        sizes = sizes * max(1, shapes[0].rank)
    return "x".join(map(str, sizes))


def _plain(value: Any) -> str:
    if isinstance(value, tuple) and type(value) is tuple:
        return "…" if len(value) > 4 else "(" + ", ".join(_plain(v) for v in value) + ")"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _record(record: Record) -> str:
    told = [_plain(value) for _, value in record.told() if value is not None]
    return f"{record.word} {', '.join(told)}".strip()


def params(part: Part) -> int:
    """The parameters of one of the equal parts that this one stands for."""
    if isinstance(part, Cell):
        return sum(node.facts.params for node in part.nodes)
    return sum(params(inner) * inner.copies for inner in part.parts)


def macs(part: Part) -> int | None:
    """Its multiply-accumulates; None where a size is open."""
    if isinstance(part, Cell):
        return total(node.facts.macs for node in part.nodes)
    return total(None if (m := macs(inner)) is None else m * inner.copies for inner in part.parts)


def weight_line(part: Part) -> str:
    """`3 x 73,984 params`; nothing where there are none."""
    count = params(part)
    if not count:
        return ""
    times = f"{part.copies} x " if part.copies > 1 else ""
    return f"{times}{count:,} params"


def title(box: Box) -> str:
    """`basic`; for a stretch of layers `37 layers`."""
    if box.title:
        return cut(box.title)
    return f"{sum(1 for _ in box.nodes)} layers" if box.kind == "series" else ""


def place(box: Box) -> str:
    """The path of the instance, or those of the first and last: `layer1.1 … 2`; for `basic3` just the number."""
    first, last = (_short(path, box.title) for path in (box.path, box.last or box.path))
    if first == last:
        return cut(first)
    stem, _, end = last.rpartition(".")
    return cut(f"{first} … {end if stem and first.startswith(stem + '.') else last}")


def _short(path: str, title_: str) -> str:
    rest = path[len(title_) :]
    return rest if path.startswith(title_) and (not rest or rest.isdecimal()) else path


def shape_line(part: Part) -> str:
    """What goes in and what comes out: `56x56x64 → 28x28x128`."""
    entering = next(sources(part), None)
    return f"{entering.shape} → {out_shape(part)}" if entering else str(out_shape(part))


def out_shape(part: Part) -> Shape:
    """The shape of the last value of a part."""
    if isinstance(part, Box) and part.kind == "series":
        return out_shape(part.parts[-1])
    return part.nodes[-1].facts.outputs[0]


def shared_paths(checked: Checked) -> dict[str, int]:
    """The layers that are used several times, by path, with the number of uses."""
    return {layer.name: len(layer.nodes) for layer in checked.layers if len(layer.nodes) > 1}


def used_families(parts: Iterable[Part]) -> list[Family]:
    """The families that show up in cells, in the order of the legend."""
    order = [CONVOLUTION, POOLING, NORMALIZATION, ACTIVATION, DENSE, MERGE, RESIZING, OTHER]
    seen = {line.family for part in parts if isinstance(part, Cell) for line in cell_lines(part)}
    return [f for f in order if f in seen]
