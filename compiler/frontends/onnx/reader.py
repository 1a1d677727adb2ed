"""ONNX -> layers: each node by its rule, or as part of a pattern that means one layer."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...decompile.network import Network, Ref
from ...ops.base import Op, OpError
from ...shape import Shape
from ..arranged import Arranged
from ..unread import Unread, Unreadable
from .folding import computed, folded, to_real
from .layout import channels_last
from .paths import keepable, path_of
from .source import Array, Graph, View, opened
from .values import Lost, Map, Sizes, Value, first, last, whole
from .ways import ATTENTION, way

Rule = Callable[["Reader", View], Any]
"""What a node becomes: one value or a list of them. Raises Unread."""

RULES: dict[str, list[Rule]] = {}
"""By kind of node; the rules are tried in order, None passes on to the next."""


def reads(*kinds: str) -> Callable[[Rule], Rule]:
    """Register a rule for nodes of these kinds, behind those that are there."""

    def register(rule: Rule) -> Rule:
        for kind in kinds:
            RULES.setdefault(kind, []).append(rule)
        return rule

    return register


def read(path: str | os.PathLike[str]) -> Network:
    """The network of an ONNX file. Raises Unreadable with all nodes that have no counterpart."""
    return Reader(opened(path)).network(Path(path))


class Reader(Arranged):
    """The walk over the nodes; `values` says what every name stands for."""

    def __init__(self, graph: Graph) -> None:
        from . import rules  # noqa: F401  # they register themselves

        super().__init__()
        self.graph = graph
        self.values: dict[str, Value] = {}
        self.owners: dict[str, int] = {}
        self.batches: set[int] = set()
        self.turned = False
        self.counts: set[str] = set()

    def network(self, path: Path) -> Network:
        idle: list[str] = []
        for declared in self.graph.inputs:
            if declared.name in self.graph.users or declared.name in self.graph.outputs:
                self.declare(declared)
            else:  # tf2onnx leaves behind what it has folded
                idle.append(f"the input `{declared.name}` is left out: no node reads it")
        for view in self.graph.nodes:
            self.translate(view)
        outputs, lost = self.outputs()
        if lost:
            raise Unreadable(str(path), lost)
        name = self.graph.name if len(self.graph.name) > 2 and self.graph.name != "main_graph" else path.stem
        found = self.build.network(name, outputs)
        named = [layer.path for layer in found.layers if layer.facts.weights and layer.shares is None]
        kept = keepable(named, self.graph.producer)
        return Network(found.name, found.layers, found.outputs, keeps_paths=kept, remarks=tuple(idle))

    def declare(self, declared: Any) -> None:
        """An input: batch and channels first, or whole numbers; with its channels last where it is taken so."""
        dims = [d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else None
                for d in declared.type.tensor_type.shape.dim]  # fmt: skip
        if len(dims) < 2:
            self.values[declared.name] = Lost(Unread("an input has a batch and channels", f"input `{declared.name}`"))
            return
        if dims[0] is not None:
            self.batches.add(dims[0])
        if channels_last(self.graph, declared.name, len(dims) - 2):
            self.turned = True
            shape = Shape(dims[1:])
            self.values[declared.name] = Map(self.build.input(shape, declared.name), last(shape.rank))
            return
        shape = Shape((*dims[2:], dims[1]))
        self.values[declared.name] = Map(self.build.input(shape, declared.name), first(shape.rank))

    def outputs(self) -> tuple[list[Ref], list[Unread]]:
        """The outputs, and what stands in the way of those that are lost."""
        refs, lost = [], []
        for name in self.graph.outputs:
            try:
                value = self.in_order(self.map(name))
                kept = self.turned and value.axes == last(len(value.axes) - 1)
                refs.append((value if kept else self.settled(value)).ref)
            except Unread as wrong:
                lost.append(wrong)
        return refs, self.reasons(lost) if lost else []

    def reasons(self, lost: list[Unread]) -> list[Unread]:
        """With an output lost, every node on the way to it that could not be read, not only the first met."""
        found: list[Unread] = []
        seen: set[str] = set()
        waiting = [name for name in self.graph.outputs if isinstance(self.values.get(name), Lost)]
        while waiting:
            name = waiting.pop()
            value, view = self.values.get(name), self.graph.makers.get(name)
            if name in seen or not isinstance(value, Lost):
                continue
            seen.add(name)
            behind = [n for n in view.inputs if isinstance(self.values.get(n), Lost)] if view is not None else []
            waiting += [n for n in behind if not self.of_numbers(n)] or behind
            if not behind:
                found.append(value.reason)
        return self.attending() + list(dict.fromkeys(found or lost))

    def attending(self) -> list[Unread]:
        """With a node lost, the first that multiplies two values by each other: nothing around it could be read."""
        for view in self.graph.nodes:
            if view.kind == "MatMul" and not any(self.graph.is_stored(n) or self.of_numbers(n) for n in view.inputs):
                return [Unread(ATTENTION, str(view))]
        return []

    def of_numbers(self, name: str) -> bool:
        """Whether a value is computed of stored numbers alone; it is read with the layer that takes it."""
        view = self.graph.makers.get(name)
        return view is not None and all(self.graph.is_stored(n) for n in view.inputs if n)

    def translate(self, view: View) -> None:
        """The values that a node makes, from the first rule that knows it."""
        if folded(self.graph, view) or (not view.attributes.get("domain") and self.counted(view)):
            return
        try:
            made = self.by_rule(view)
        except Unread as wrong:
            made = Lost(wrong if wrong.node else Unread(wrong.message, str(view)))
        except OpError as wrong:
            made = Lost(Unread(wrong.message, str(view)))
        except (LookupError, TypeError, ValueError) as wrong:
            made = Lost(Unread(f"it is not as ONNX lays it out ({type(wrong).__name__}: {wrong})", str(view)))
        values = made if isinstance(made, list) else [made]
        for name, value in zip(view.outputs, values):
            self.values[name] = value

    def counted(self, view: View) -> bool:
        """Compute a node of known sizes, from where they become numbers with a point on; its output is known then."""
        sizes = [value for name in view.inputs if isinstance(value := self.values.get(name), Sizes)]
        begun = bool(sizes) and to_real(view) and all(None not in value.items for value in sizes)
        if not begun and self.counts.isdisjoint(view.inputs):
            return False
        try:
            made = computed(view, [self.fixed(name) for name in view.inputs if name])
        except Unread:
            return False
        if made is not None:
            self.graph.constants[view.outputs[0]] = made
            self.counts.add(view.outputs[0])
        return made is not None

    def by_rule(self, view: View) -> Any:
        if "domain" in view.attributes:
            raise Unread(f"operators of the domain `{view.attributes['domain']}` are not known{way(view)}")
        for rule in RULES.get(view.kind, ()):
            made = rule(self, view)
            if made is not None:
                return made
        for name in view.inputs:
            value = self.values.get(name)
            if isinstance(value, Lost):
                raise value.reason
        raise Unread(f"the operator has no counterpart{way(view)}")

    # --- what rules ask

    def value(self, name: str) -> Value:
        if name not in self.values and self.graph.is_stored(name):
            return Lost(Unread(f"it computes with the stored numbers `{name}` in a way that no layer does"))
        return self.values.get(name, Lost(Unread(f"`{name}` is not made by any node")))

    def map(self, name: str) -> Map:
        """A value of the network. Unread where the name stands for something else."""
        value = self.value(name)
        if isinstance(value, Lost):
            raise value.reason
        if isinstance(value, Sizes) or self.graph.is_stored(name):
            raise Unread(f"it takes `{name}`, which is no value of the network")
        return value

    def is_map(self, name: str) -> bool:
        return isinstance(self.values.get(name), Map)

    def fixed(self, name: str) -> Array:
        """Numbers that are known. Unread where they are computed."""
        found = self.graph.fixed(name)
        if found is not None:
            return found
        value = self.values.get(name)
        if isinstance(value, Sizes) and None not in value.items:
            return np.array(value.items if not value.scalar else value.items[0], np.int64)
        raise Unread(f"`{name}` must be known, and is computed")

    def whole(self, view: View, attribute: str, position: int) -> list[int] | None:
        """Whole numbers that older operators have as an attribute, newer ones as an input; None where left out."""
        if attribute in view.attributes:
            return whole(view.attributes[attribute])
        name = self.optional(view, position)
        return whole(self.fixed(name)) if name else None

    def sizes(self, name: str) -> list[int | None]:
        """Sizes, written down or computed from shapes; none where they are neither."""
        value, found = self.values.get(name), self.graph.fixed(name)
        if isinstance(value, Sizes):
            return list(value.items)
        return [] if found is None else list(whole(found))

    def optional(self, view: View, position: int) -> str:
        """The name of an input, empty where it is left out."""
        return view.inputs[position] if position < len(view.inputs) else ""

    def first(self, name: str) -> Map:
        """A value with its channels first, as windows want it."""
        return self.settled(self.map(name))

    # --- what rules give

    def layer(
        self, op: Op, inputs: Sequence[Map], view: View, weights: Mapping[str, str | Array] = {}
    ) -> Map:  # fmt: skip
        """A layer on maps with their channels first; `weights` are names of initialisers, or numbers made of them."""
        names = [name for name in weights.values() if isinstance(name, str)]
        arrays = {key: self.fixed(name) if isinstance(name, str) else name for key, name in weights.items()}
        owner = self.owners.get(names[0]) if names else None
        path = path_of(view.name, [*names, *map(self.graph.original, names)])
        ref = self.build.add(op, [m.ref for m in inputs], path, arrays, owner)
        if names:
            self.owners.setdefault(names[0], ref.layer)
        return Map(ref, first(self.build.shape(ref).rank))

    def rewritten(self, value: Map, op: Op, weights: Mapping[str, Array], path: str = "") -> Map:
        """The layer that made a value as another one with more weights, from the same inputs."""
        layer = self.maker(value)
        wanted = op.facts(tuple(map(self.build.shape, layer.inputs))).weights
        kept = {name: array for name, array in layer.weights.items() if name in wanted}
        ref = self.build.add(op, layer.inputs, path or layer.path, {**kept, **weights})
        return Map(ref, value.axes, value.order)
