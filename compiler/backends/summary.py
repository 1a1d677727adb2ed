"""Checked -> the summary, as Keras prints it and as JSON.

The rules of the text (columns, their widths, when `Connected to` appears) are those of keras.utils.summary_utils, 3.15.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from shutil import get_terminal_size
from typing import Any, NamedTuple

from ..blocks import Blocks
from ..census import NONE, Paths, trained
from ..colour import bold, painted
from ..figures import grouped, memory
from ..graph import Checked, Layer, Port
from ..shape import Shape, total
from ..source import Frame, Span
from ..table import Column, boxed, fitted

FLOAT = 4
"""Bytes of one parameter: Keras's sizes are those of float32."""

PLAIN = (("Layer (type)", 0.45), ("Output Shape", 0.80), ("Param #", 1.0))
CONNECTED = (("Layer (type)", 0.3), ("Output Shape", 0.56), ("Param #", 0.74), ("Connected to", 1.0))
"""Headings, and where each column ends as a share of the line."""

LENGTHS = {PLAIN: 88, CONNECTED: 108}
"""How long a line gets in a wide terminal."""


class Link(NamedTuple):
    """A value a row takes: output `output` of use `use` of the row `name`."""

    name: str
    use: int
    output: int

    def __str__(self) -> str:
        return f"{self.name}[{self.use}][{self.output}]"


class Row(NamedTuple):
    """One line of the summary: a layer, or a block that is shown as one."""

    name: str
    type: str
    shapes: tuple[Shape, ...]
    params: int
    trainable: int
    macs: int | None
    links: tuple[Link, ...]
    span: Span

    @property
    def marked(self) -> str:
        """Keras's column `Trainable`."""
        return "-" if not self.params else "Y" if self.trainable else "N"


class Unit:
    """The layers that share a row: one, or those of a folded block. `outlets` are the values that leave a block."""

    __slots__ = ("frame", "layers", "outlets")

    def __init__(self, frame: Frame | None) -> None:
        self.frame = frame
        self.layers: list[Layer] = []
        self.outlets: dict[tuple[str, int], tuple[int, Port]] = {}

    @property
    def name(self) -> str:
        return self.layers[0].name if self.frame is None else self.frame.path

    def let_out(self, port: Port) -> int:
        """The number of a value among those that leave the block; all uses of a shared layer count as one."""
        key = (port.node.path, port.index)
        number = self.outlets.get(key, (len(self.outlets), port))[0]
        self.outlets[key] = number, port
        return number


class Units:
    """The rows to be, and how their values are numbered."""

    def __init__(self, checked: Checked, depth: int | None) -> None:
        self.units: dict[str, Unit] = {}
        self.owner: list[Unit | None] = [None] * (1 + max((node.serial for node in checked.nodes), default=0))
        self.use: dict[int, int] = {}
        blocks = Blocks()
        for layer in checked.layers:
            frame = blocks.folded(layer.node.frame, depth)
            unit = self.units.setdefault(layer.name if frame is None else f"{frame.path}.", Unit(frame))
            unit.layers.append(layer)
            for use, node in enumerate(layer.nodes):
                self.owner[node.serial] = unit
                if use:
                    self.use[node.serial] = use

    def link(self, port: Port, taker: Unit | None) -> Link | None:
        """How `taker` names the value; None where a folded block feeds itself."""
        unit = self.owner[port.node.serial]
        assert unit is not None, f"{port.node} reaches no output, yet is read"
        if unit is taker and unit.frame is not None:
            return None
        number = port.index if unit.frame is None else unit.let_out(port)
        return Link(unit.name, self.use.get(port.node.serial, 0), number)

    def links(self, unit: Unit) -> tuple[Link, ...]:
        ports = (port for layer in unit.layers for node in layer.nodes for port in node.inputs)
        links = [link for port in ports if (link := self.link(port, unit))]
        return tuple(links if unit.frame is None else dict.fromkeys(links))


def learning(layers: Iterable[Layer], frozen: Paths) -> int:
    """The parameters that are trained."""
    return sum(trained(layers, frozen).values())


def layer_row(layer: Layer, links: tuple[Link, ...], frozen: Paths) -> Row:
    facts = layer.node.facts
    return Row(
        layer.name,
        layer.node.type,
        layer.nodes[-1].facts.outputs,
        facts.params,
        learning([layer], frozen),
        layer.macs,
        links,
        layer.node.span,
    )


def block_row(unit: Unit, frame: Frame, links: tuple[Link, ...], frozen: Paths) -> Row:
    return Row(
        frame.path,
        "Sequential" if frame.kind == "sequential" else frame.name,
        tuple(port.shape for _, port in unit.outlets.values()),
        sum(layer.node.facts.params for layer in unit.layers),
        learning(unit.layers, frozen),
        total(layer.macs for layer in unit.layers),
        links,
        frame.span,
    )


def summary_rows(checked: Checked, depth: int | None = None, frozen: Paths = NONE) -> list[Row]:
    """The rows in Keras's order. With `depth`, block instances nested that deep are folded into one row each, which
    stands where its first layer would."""
    units = Units(checked, depth)
    linked = [(unit, units.links(unit)) for unit in units.units.values()]
    for output in checked.outputs:
        units.link(output.port, None)
    return [
        layer_row(unit.layers[0], links, frozen) if unit.frame is None else block_row(unit, unit.frame, links, frozen)
        for unit, links in linked
    ]


def is_sequence(rows: list[Row]) -> bool:
    """Whether the rows are a plain chain: one value in at most, one row at the end."""
    read = {link.name for row in rows for link in row.links}
    return all(len(row.links) < 2 for row in rows) and sum(row.name not in read for row in rows) < 2


def summary_text(
    checked: Checked,
    depth: int | None = None,
    width: int | None = None,
    *,
    inputs: bool = True,
    trainable: bool = False,
    color: bool = False,
    frozen: Paths = NONE,
) -> str:
    """The text of `model.summary(line_length=width, show_trainable=trainable)`.

    `width` None asks the terminal, 80 columns where there is none. `inputs=False` leaves out the rows of the inputs, as
    Keras does for its Sequential models. `frozen` weights count as not trainable, as after `layer.trainable = False`.
    """
    rows = summary_rows(checked, depth, frozen)
    sequence = is_sequence(rows)
    if not inputs:
        rows = [row for row in rows if row.type != "InputLayer"]
    columns = layout(sequence, width, trainable, color)
    lines = [bold(f'Model: "{checked.name}"', color)]
    lines += boxed(columns, (row_cells(row, sequence, trainable) for row in rows))
    lines += totals(checked, color, frozen)
    return "\n".join(lines)


def layout(sequence: bool, width: int | None, trainable: bool, color: bool) -> list[Column]:
    """The columns, as wide as Keras would make them."""
    heads = PLAIN if sequence else CONNECTED
    titles = [title for title, _ in heads]
    ends = [end for _, end in heads]
    longest = LENGTHS[heads]
    if trainable:
        titles.append("Trainable")
        ends = [end * 0.90 for end in ends] + [1.0]
        longest += 12
    line = width or min(longest, get_terminal_size().columns - 4)
    stops = [int(end * line) for end in ends]
    widths = [stop - start for start, stop in zip([0, *stops[:-1]], stops, strict=True)]
    return [
        Column(title, size, ALIGN.get(title, "<"), paint(title) if color else None)
        for title, size in zip(titles, fitted(widths, line), strict=True)
    ]


def row_cells(row: Row, sequence: bool, trainable: bool) -> list[str]:
    cells = [f"{row.name} ({row.type})", shape_text(row.shapes), grouped(row.params)]
    if not sequence:
        cells.append(", ".join(map(str, row.links)) or "-")
    if trainable:
        cells.append(row.marked)
    return cells


def shape_text(shapes: tuple[Shape, ...]) -> str:
    """`(None, 224, 224, 3)`, for several outputs a list of them."""
    texts = [f"({', '.join(map(str, (None, *shape)))}{',' * (not shape)})" for shape in shapes]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def totals(checked: Checked, color: bool, frozen: Paths) -> Iterator[str]:
    trained = learning(checked.layers, frozen)
    for title, count in (
        (" Total params: ", checked.params),
        (" Trainable params: ", trained),
        (" Non-trainable params: ", checked.params - trained),
    ):
        yield f"{bold(title, color)}{painted(grouped(count), GREEN, color)} ({memory(count * FLOAT)})"


BLUE, GREEN, CYAN = "38;5;33", "38;5;34", "38;5;45"
"""Keras's colours of types, of numbers and of `None`, as the terminal is told them."""

ALIGN = {"Param #": ">", "Trainable": "^"}
COLORED = {
    "Layer (type)": ((r"(?<=\()[^()]+", BLUE),),
    "Output Shape": ((r"\d+", GREEN), (r"None", CYAN)),
    "Param #": ((r"\S+", GREEN),),
    "Connected to": ((r"(?<=\[)\d+(?=\])", GREEN),),
}
"""What is coloured in each column."""


def paint(title: str) -> Callable[[str], str]:
    """Colours one line of a cell of the column."""
    codes = dict(enumerate((codes for _, codes in COLORED.get(title, ())), 1))
    pattern = re.compile("|".join(f"({pattern})" for pattern, _ in COLORED.get(title, ())) or "$^")
    return lambda text: pattern.sub(lambda found: painted(found[0], codes[found.lastindex or 1]), text)


def summary_dict(checked: Checked, depth: int | None = None, frozen: Paths = NONE) -> dict[str, Any]:
    """What `summary --json` prints: shapes with the batch first, None for an open size."""
    trained = learning(checked.layers, frozen)
    return {
        "model": checked.name,
        "file": checked.file,
        "inputs": [{"name": node.path, "shape": batched(node.facts.output)} for node in checked.inputs],
        "outputs": [{"name": name, "shape": batched(port.shape)} for name, port in checked.outputs],
        "layers": [row_dict(row) for row in summary_rows(checked, depth, frozen)],
        "total_params": checked.params,
        "trainable_params": trained,
        "non_trainable_params": checked.params - trained,
        "macs": checked.macs,
    }


def batched(shape: Shape) -> list[int | None]:
    return [None, *shape]


def row_dict(row: Row) -> dict[str, Any]:
    shapes = [batched(shape) for shape in row.shapes]
    return {
        "name": row.name,
        "type": row.type,
        "output_shape": shapes[0] if len(shapes) == 1 else shapes,
        "params": row.params,
        "trainable_params": row.trainable,
        "macs": row.macs,
        "inputs": [link.name for link in row.links],
        "file": row.span.source.name,
        "line": row.span.line,
    }


def summary_json(checked: Checked, depth: int | None = None, frozen: Paths = NONE) -> str:
    """`summary_dict` as text, one layer in a line."""
    told = summary_dict(checked, depth, frozen)
    layers = ",\n".join("  " + json.dumps(layer) for layer in told.pop("layers"))
    fields = [f' "{key}": {json.dumps(value)}' for key, value in told.items()]
    fields.insert(4, f' "layers": [\n{layers}\n ]')
    return "{\n" + ",\n".join(fields) + "\n}"
