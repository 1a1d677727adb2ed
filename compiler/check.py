"""Graph -> Checked: what can only be seen in the whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .diagnostics import Diagnostics
from .expectations import check_expectations
from .graph import Checked, Graph, Layer, Node
from .ops.base import BARE
from .ops.structure import Input
from .source import Span
from .syntax import Train


def check(
    graph: Graph, diagnostics: Diagnostics, *, cuts: Iterable[tuple[int, int]] = (), as_declared: bool = True,
    recipes: tuple[Train, ...] = (),
) -> Checked | None:  # fmt: skip
    """Find what reaches no output, weights of one path, figures that do not hold; None after an error.

    `cuts` are ranges of nodes that an `until=` left without use on purpose. Figures are held only where the model is
    `as_declared`, without parameters or input shapes from outside.
    """
    live = reaching(graph)
    nodes = tuple(node for node in graph.nodes if node.serial in live)
    unused(graph, live, list(cuts), diagnostics)
    suspicious(nodes, graph, diagnostics)
    unique_paths(nodes, diagnostics)
    whole_numbers(nodes, diagnostics)
    checked = Checked(graph, nodes, tuple(keras_order(nodes, graph)), recipes)
    if as_declared and not diagnostics.failed:
        check_expectations(checked, diagnostics)
    return None if diagnostics.failed else checked


def reaching(graph: Graph) -> set[int]:
    """The serial numbers of the nodes that reach an output."""
    live: set[int] = set()
    waiting = [output.port.node for output in graph.outputs]
    while waiting:
        node = waiting.pop()
        if node.serial not in live:
            live.add(node.serial)
            waiting.extend(port.node for port in node.inputs)
    return live


def unused(graph: Graph, live: set[int], cuts: list[tuple[int, int]], diagnostics: Diagnostics) -> None:
    """Layers and inputs that no output depends on are not part of the model."""
    for node in graph.nodes:
        if node.serial in live or any(first <= node.serial < last for first, last in cuts):
            continue
        if isinstance(node.op, Input):
            diagnostics.error(
                "unused-input", f"no output depends on the input `{node.path}`", node.span, frame=node.frame
            )
            continue
        if not graph.allows("unused-layer", node):
            diagnostics.warning(
                "unused-layer",
                f"`{node.path}` reaches no output and is left out of the model",
                node.span,
                frame=node.frame,
            )


def whole_numbers(nodes: tuple[Node, ...], diagnostics: Diagnostics) -> None:
    """Where token ids or places are wanted, no measures come in."""
    for node in nodes:
        for position in node.op.whole_inputs[: len(node.inputs)]:
            source, index = node.inputs[position]
            measures = source.facts.weights or source.op.kind == "activation"
            if measures and index not in source.op.whole_outputs:
                message = f"`{node.op.word}` takes whole numbers, `{source.path}` gives measures"
                diagnostics.error("bad-argument", message, node.span, frame=node.frame)


def unique_paths(nodes: tuple[Node, ...], diagnostics: Diagnostics) -> None:
    """Two layers of one path are an error, except the uses of one shared layer, which must agree in their weights."""
    first: dict[str, Node] = {}
    for node in nodes:
        other = first.setdefault(node.path, node)
        if other is node:
            continue
        if node.shared and other.shared:
            shared_alike(other, node, diagnostics)
        else:
            diagnostics.error(
                "duplicate-path", f"two layers have the path `{node.path}`", node.span,
                notes=(f"the first is at {other.span.place}",), help="give them different labels behind `as`",
                frame=node.frame,
            )  # fmt: skip
    bare_paths(first, diagnostics)


def bare_paths(first: Mapping[str, Node], diagnostics: Diagnostics) -> None:
    """A layer that is one bare weight has nothing inside it: in PyTorch a parameter holds no modules."""
    bare = {path for path, node in first.items() if BARE in node.facts.weights}
    for path, node in first.items() if bare else ():
        outer = path.rpartition(".")[0]
        while outer and outer not in bare:
            outer = outer.rpartition(".")[0]
        if outer:
            diagnostics.error(
                "duplicate-path", f"`{path}` cannot stand in `{outer}`, which is a weight by itself", node.span,
                notes=(f"`{outer}` is at {first[outer].span.place}",), help="give them different labels behind `as`",
                frame=node.frame,
            )  # fmt: skip


def shared_alike(first: Node, again: Node, diagnostics: Diagnostics) -> None:
    theirs = {name: weight.shape for name, weight in first.facts.weights.items()}
    ours = {name: weight.shape for name, weight in again.facts.weights.items()}
    for name in theirs.keys() | ours.keys():
        if theirs.get(name) != ours.get(name):
            diagnostics.error(
                "share-mismatch",
                f"the shared layer `{again.path}` cannot take {again.shapes[0]}: "
                f"its `{name}` was made for {first.shapes[0]}",
                again.span,
                notes=(f"first used at {outermost(first).place}, here from {outermost(again).place}",),
                frame=again.frame,
            )


def outermost(node: Node) -> Span:
    """Where the shared part around a node is used."""
    for frame in node.frame.outward():
        if frame.kind == "share":
            return frame.span
    return node.span


# --- warnings ---------------------------------------------------------------------------------------------------------


def suspicious(nodes: tuple[Node, ...], graph: Graph, diagnostics: Diagnostics) -> None:
    """What is legal and probably not meant."""
    for node in nodes:
        for code, message, argument in node.op.warnings(node.shapes):
            if not graph.allows(code, node):
                diagnostics.warning(code, message, node.spans.get(argument, node.span), frame=node.frame)
    if "default-activation" not in graph.allowed:
        default_activations(graph, diagnostics)


def default_activations(graph: Graph, diagnostics: Diagnostics) -> None:
    """The last layer with weights before an output has an activation that only `defaults:` gave it."""
    for output in graph.outputs:
        node = output.port.node
        while not node.facts.weights and len(node.inputs) == 1 and node.op.kind != "merge":
            node = node.inputs[0].node
        if "act" in node.defaulted and getattr(node.op, "act", None) is not None:
            word = node.op.act.word  # type: ignore[attr-defined]
            diagnostics.warning(
                "default-activation",
                f"the output `{output.name}` goes through `{word}`, which comes from `defaults:`",
                node.span,
                help=f"write `act=linear` here if it is not meant, or `act={word}` if it is",
                frame=node.frame,
            )


# --- order ------------------------------------------------------------------------------------------------------------


def keras_order(nodes: tuple[Node, ...], graph: Graph) -> Iterable[Layer]:
    """The rows as Keras lists them: by decreasing distance from the outputs, of one distance in the order written."""
    groups: dict[str, list[Node]] = {}
    for node in nodes:
        groups.setdefault(node.path, []).append(node)
    distance: dict[str, int] = dict.fromkeys(groups, 0)
    depths: dict[int, int] = {}
    for node in reversed(nodes):
        depth = max(depths.get(node.serial, 0), distance[node.path] if node.shared else 0)
        distance[node.path] = max(distance[node.path], depth)
        for port in node.inputs:
            source = port.node.serial
            depths[source] = max(depths.get(source, 0), depth + 1)
    order = sorted(groups, key=lambda path: (-distance[path], groups[path][0].serial))
    return (Layer(tuple(groups[path])) for path in order)
