"""How a node comes into the graph, under which path, and how its value is named."""

from __future__ import annotations

from typing import Any

from . import syntax as s
from .expansion import Expansion
from .fault import Fault
from .graph import Node, Port
from .limits import VALUES
from .ops.base import Facts, Maker, Op, OpError
from .ops.structure import Input
from .place import Place
from .shape import Shape
from .source import Span
from .values import POISON, Poisoned, Several, describe


class Nodes(Expansion):
    """Nodes, their paths and the names of their values."""

    def add(
        self,
        op: Op,
        inputs: tuple[Port, ...],
        span: Span,
        place: Place,
        path: str,
        spans: dict[str, Span],
        defaulted: frozenset[str],
    ) -> Any:
        """A new node; its value, or Several where it has more outputs."""
        self.budget.layer(span)
        try:
            if op.whole_inputs:
                op, inputs = completed(op, inputs)
            facts, new = self.seen.facts(op, tuple([p.node.facts.outputs[p.index] for p in inputs]))
        except OpError as wrong:
            raise Fault(
                wrong.code, wrong.message, spans.get(wrong.arg or "", span), label=wrong.label, help=wrong.help
            ) from None
        if new:
            check_sizes(op, facts, span)
        node = Node(
            len(self.nodes),
            op,
            inputs,
            facts,
            path,
            span,
            place.frame,
            shared=place.shared,
            spans=spans,
            defaulted=defaulted,
        )
        self.nodes.append(node)
        if type(op) is Input:
            self.inputs.append(node)
        result = Port(node, 0) if len(facts.outputs) == 1 else Several(Port(node, i) for i in range(len(facts.outputs)))
        self.found[path] = result
        return result

    def path(self, label: s.Label | None, name: str | None, kind: str, place: Place) -> str:
        """The path of a call: its label, the name it is put aside under, or its kind with a number."""
        if label is not None:
            return self.label_path(label, place) or ""
        if name is not None:
            return place.paths.named(name)
        return place.paths.auto(kind)

    def label_path(self, label: s.Label | None, place: Place) -> str | None:
        if label is None:
            return None
        if label.target is not None:
            return place.paths.named(self.target_name(label.target, place))
        parts = [p if isinstance(p, str) else written(self.evaluate(p, place.scope), p) for p in label.parts]
        return place.paths.exact("".join(parts))

    def name_value(self, label: s.Label | None, value: Any, place: Place) -> None:
        """Bind what `as name` names; a string is a path only."""
        if label is not None and label.target is not None:
            self.bind_target(label.target, value, place, "value")


def completed(op: Op, inputs: tuple[Port, ...]) -> tuple[Op, tuple[Port, ...]]:
    """The operator and its inputs as they follow from what made them."""
    makers = tuple(Maker(port.node.op, port.node.shapes, port.shape) for port in inputs)
    op, further = op.completed(makers)
    return op, (*inputs, *(inputs[i].node.inputs[j] for i, j in further))


def check_sizes(op: Op, facts: Facts, span: Span) -> None:
    """No map without places, none beyond all memory."""
    for shape in facts.outputs:
        if any(n is not None and n < 1 for n in shape):
            raise Fault("window-too-large", f"nothing is left: `{op.word}` would give {shape}", span)
        if (shape.size or 0) > VALUES:
            raise Fault("limit", f"a map of more than {VALUES:,} values: {shape}", span)
    for weight in facts.weights.values():
        if weight.size > VALUES:
            raise Fault("limit", f"a weight of more than {VALUES:,} values: {Shape(weight.shape)}", span)


def written(value: Any, expr: s.Expr) -> str:
    """A value inside a label."""
    if value is POISON:
        raise Poisoned
    if isinstance(value, bool) or not isinstance(value, (int, str, float)):
        raise Fault("type", f"a number or string is wanted in a path, found {describe(value)}", expr.span)
    return str(value)
