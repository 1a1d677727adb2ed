"""Checked -> the table of feature maps that papers and lectures give: maps, sizes, windows and activations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import singledispatch
from typing import NamedTuple

from ...graph import Checked, Node
from ...ops.base import Op
from ...ops.conv import SlidConvolution
from ...ops.conv_transpose import ConvTranspose
from ...ops.geometry import Sizes
from ...ops.pool import Pool
from ...ops.record import Record
from ...shape import Shape
from ...values import show
from . import memory

HEADS = ("Layer", "Type", "Maps", "Size", "Kernel", "Stride", "Activation")
NUMBERS = (2,)
"""Columns that stand to the right."""

NOTHING = "-"


class Row(NamedTuple):
    """One line of the table, as text; `maps` are neurons where there is no size."""

    layer: str
    type: str
    maps: str
    size: str
    kernel: str
    stride: str
    activation: str


@singledispatch
def window(op: Op, x: Shape) -> tuple[Sizes, Sizes]:
    """Kernel and stride by dimension; empty where an operator has no window."""
    return (), ()


@window.register
def _(op: SlidConvolution, x: Shape) -> tuple[Sizes, Sizes]:
    over = op.sliding(x)
    return over.size, over.stride


@window.register
def _(op: Pool, x: Shape) -> tuple[Sizes, Sizes]:
    over = op.sliding(x)
    return over.size, over.stride


@window.register
def _(op: ConvTranspose, x: Shape) -> tuple[Sizes, Sizes]:
    over = op.enlarging(x)
    return over.size, over.stride


def maps_rows(checked: Checked) -> Iterator[Row]:
    """The rows in the written order.

    An activation that alone reads a layer stands in its row; what only relabels values, as `flatten`, has none.
    """
    nodes = sorted((layer.nodes[0] for layer in checked.layers), key=lambda node: node.serial)
    behind = followers(checked)
    folded = {node.serial for node in behind.values()}
    for node in nodes:
        if node.serial not in folded and not memory.is_view(node, True):
            yield row(node, behind.get(node.serial))


def followers(checked: Checked) -> dict[int, Node]:
    """The activation behind a layer, by the serial number of the layer, where it stands apart and reads it alone."""
    read = Counter(port.node.serial for node in checked.nodes for port in node.inputs)
    read.update(output.port.node.serial for output in checked.outputs)
    bare = (node for node in checked.nodes if is_bare(node))
    return {before.serial: node for node in bare if takes_activation(before := node.inputs[0].node, read)}


def takes_activation(node: Node, read: Mapping[int, int]) -> bool:
    """Whether an activation behind the node goes into its row."""
    return bool(node.inputs) and read[node.serial] == 1 and not is_bare(node) and not activation(node)


def is_bare(node: Node) -> bool:
    """Whether the node is an activation and no more."""
    return node.op.kind == "activation" and not node.facts.weights


def activation(node: Node) -> str:
    act = getattr(node.op, "act", None)
    return "" if act is None else spelled(act)


def spelled(record: Record) -> str:
    """`leaky_relu(0.1)`"""
    told = ", ".join(show(value) for _, value in record.told())
    return f"{record.word}({told})" if told else record.word


def row(node: Node, follower: Node | None) -> Row:
    made = node.facts.output
    kernel, stride = window(node.op, node.shapes[0]) if node.inputs else ((), ())
    act = activation(node) if follower is None else spelled(follower.op)
    return Row(
        node.path,
        node.type,
        "?" if made.channels is None else f"{made.channels:,}",
        times(made.spatial) or NOTHING,
        times(kernel) or NOTHING,
        (str(stride[0]) if len(set(stride)) == 1 else times(stride)) or NOTHING,
        act or NOTHING,
    )


def times(sizes: tuple[int | None, ...]) -> str:
    return "x".join("?" if n is None else str(n) for n in sizes)


def maps_table(checked: Checked) -> str:
    """The table as text."""
    rows = [HEADS, *maps_rows(checked)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADS))]
    lines = [drawn(row, widths) for row in rows]
    return "\n".join([lines[0], "─" * max(map(len, lines)), *lines[1:]])


def drawn(row: tuple[str, ...], widths: list[int]) -> str:
    texts = (
        text.rjust(n) if i in NUMBERS else text.ljust(n) for i, (text, n) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join(texts).rstrip()
