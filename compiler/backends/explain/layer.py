"""Checked + the name of a layer -> everything there is to say about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...blocks import Blocks
from ...fault import did_you_mean
from ...figures import grouped
from ...graph import Checked, Layer, Node
from ...ops.record import Record
from ...receptive import receptive_fields
from ...render import way
from ...shape import total
from ...values import show
from .arithmetic import Step, sizes
from .counts import field, macs, parameters, written


class UnknownLayerError(Exception):
    """There is no layer of this name; the text says which one may be meant."""


def explain_layer(checked: Checked, name: str) -> str:
    """The arithmetic of a layer, or what a part holds. UnknownLayerError where the network has neither."""
    layers = {layer.name: layer for layer in checked.layers}
    if name in layers:
        return "\n".join(layer_lines(checked, layers[name]))
    inner = [layer for layer in checked.layers if layer.name.startswith(f"{name}.")]
    if inner:
        return "\n".join(part_lines(name, inner))
    raise UnknownLayerError(f"{checked.name} has no layer `{name}`{hint(name, checked)}")


def named(checked: Checked, name: str) -> Layer:
    """The layer of that name. UnknownLayerError where there is none."""
    for layer in checked.layers:
        if layer.name == name:
            return layer
    raise UnknownLayerError(f"{checked.name} has no layer `{name}`{hint(name, checked)}")


def hint(name: str, checked: Checked) -> str:
    """Names that end alike, the nearest name, or where names are listed."""
    names = [layer.name for layer in checked.layers]
    ends = [known for known in names if known.endswith(f".{name}")]
    if ends:
        more = f" and {len(ends) - 3} more" if len(ends) > 3 else ""
        return f": there is {', '.join(f'`{known}`' for known in ends[:3])}{more}"
    return f": {did_you_mean(name, names) or '`cnnc summary` lists them'}"


def layer_lines(checked: Checked, layer: Layer) -> Iterator[str]:
    node = layer.node
    fields = receptive_fields(checked)
    yield f"{layer.name}: {call(node)}"
    yield f"  {node.type}, {summary_line(node)}"
    yield from section("written", written_at(node))
    yield from section("values", wiring(checked, layer))
    for use, one in enumerate(layer.nodes, 1):
        title = "shape" if len(layer.nodes) == 1 else f"shape of use {use}"
        yield from section(title, sizes(one.op, one.shapes, one.facts.output))
    yield from section("parameters", parameters(node))
    yield from section("multiply-accumulates (MACs)", [macs(one) for one in layer.nodes])
    yield from section("receptive field", field(node, fields))


def call(node: Node) -> str:
    """The layer with the arguments it was given, evaluated."""
    told = [f"{name}={argument(value)}" for name, value in node.op.told() if value is not None]
    return f"{node.op.word} {', '.join(told)}".strip()


def argument(value: object) -> str:
    """A size of several dimensions, an activation or an initialiser is written as in a file."""
    if isinstance(value, Record):
        return written(value)
    if isinstance(value, tuple) and type(value) is tuple and value and all(type(n) is int for n in value):
        return "x".join(map(str, value))
    return show(value)


def summary_line(node: Node) -> str:
    """The first sentence of the operator's documentation."""
    doc = " ".join((node.op.__doc__ or "").split("\n\n")[0].split())
    return doc[:1].lower() + doc[1:].rstrip(".")


def written_at(node: Node) -> Iterator[Step]:
    yield Step("at", node.span.place, " ".join(node.span.text.split()))
    for step in way(node.frame):
        yield Step("", step)
    if node.defaulted:
        yield Step("", f"by `defaults:`: {', '.join(sorted(node.defaulted))}")


def wiring(checked: Checked, layer: Layer) -> Iterator[Step]:
    """What it takes and who takes what it makes."""
    for node in layer.nodes:
        for port in node.inputs:
            yield Step("takes", str(port.shape), f"from `{port.node.path}`")
        for shape in node.facts.outputs:
            yield Step("makes", str(shape))
    own = {node.serial for node in layer.nodes}
    takers = [node.path for node in checked.nodes if any(port.node.serial in own for port in node.inputs)]
    outputs = [f"output `{output.name}`" for output in checked.outputs if output.port.node.serial in own]
    yield Step("read by", ", ".join([*(f"`{path}`" for path in dict.fromkeys(takers)), *outputs]))


def part_lines(name: str, layers: list[Layer]) -> Iterator[str]:
    """A part of the network: the block it is an instance of, its layers and their sums."""
    frames = {frame.path: frame for layer in layers for frame in Blocks().around(layer.node.frame)}
    frame = frames.get(name)
    if frame is None:
        yield f"{name}: {len(layers)} layers"
    else:
        bound = ", ".join(f"{key}={show(value)}" for key, value in frame.bindings)
        yield f"{name}: {frame.kind} `{frame.name}({bound})`, {len(layers)} layers"
        yield from section("written", [Step("called at", frame.span.place, " ".join(frame.span.text.split()))])
    rows = (Step(layer.name, layer.node.type, str(layer.node.facts.output)) for layer in layers)
    yield from section("layers", rows)
    params = sum(layer.node.facts.params for layer in layers)
    macs = total(layer.macs for layer in layers)
    yield from section("together", [Step("parameters", grouped(params)), Step("MACs", grouped(macs))])


def section(title: str, steps: Iterable[Step]) -> Iterator[str]:
    """A heading and its steps in columns."""
    steps = list(steps)
    wide = max((len(step.title) for step in steps), default=0)
    noted = [len(step.formula) for step in steps if step.note and len(step.formula) < 60]
    far = max(noted, default=0)
    yield f"\n{title}"
    for name, formula, note in steps:
        yield f"  {name:<{wide}}  {formula:<{far if note else 0}}{f'   {note}' * bool(note)}".rstrip()
