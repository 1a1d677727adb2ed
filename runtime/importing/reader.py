"""An exported program -> layers: each node by its rule, or as the last step of a pattern that means one layer."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from ...compiler.decompile import Network, Ref
from ...compiler.frontends.arranged import Arranged, Map, first
from ...compiler.frontends.flat import from_channels_first
from ...compiler.frontends.unread import Unread, Unreadable
from ...compiler.ops.base import Op, OpError
from ...compiler.shape import Shape
from .calls import before, beside, called, function, same_steps, sizes_of, where, writes
from .stored import Stored

Rule = Callable[["Reader", Any], Any]
"""What a node becomes: one value, a list of them, or a word for what the layer behind it takes. Raises Unread."""

RULES: dict[str, Rule] = {}
"""By the name of a function in `aten`; asked when all that the node takes could be read."""

PATTERNS: dict[str, list[Rule]] = {}
"""By the last function of several that are one layer; asked before the rules, None passes on."""


def reads(*words: str) -> Callable[[Rule], Rule]:
    """Register the rule for functions."""

    def register(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(words, rule))
        return rule

    return register


def ends(*words: str) -> Callable[[Rule], Rule]:
    """Register a pattern by the functions that may be its last step."""

    def register(rule: Rule) -> Rule:
        for name in words:
            PATTERNS.setdefault(name, []).append(rule)
        return rule

    return register


PARTS = ("slice", "select", "narrow", "view", "reshape", "unflatten", "flatten", "squeeze", "unsqueeze", "transpose",
         "permute", "movedim", "split", "split_with_sizes", "chunk", "expand", "alias", "detach", "mT")  # fmt: skip
"""Functions whose result is a part of what they take, or all of it in another shape: written over, it is there too."""


class Behind(Unread):
    """What a node takes could not be read: that alone is worth telling."""


class Reader(Arranged):
    """The walk over the nodes of an exported program; `values` says what each stands for.

    `there` is the same program for inputs of another size: it tells the sizes that hang on that of an input.
    `training` says that the program is that of training, where chance may disturb what it likes.
    """

    def __init__(self, program: Any, module: nn.Module, there: Any = None, *, training: bool = False) -> None:
        from . import rules  # noqa: F401  # they register themselves

        super().__init__()
        self.program = program
        self.training = training
        self.elsewhere = sizes_of(there) if there is not None and same_steps(program, there) else {}
        self.stored = Stored(program, module)
        self.keys = self.stored.keys
        self.shapes = sizes_of(program)
        self.values: dict[str, Any] = {}
        self.lost: dict[str, Unread] = {}
        self.owners: dict[str, int] = {}
        self.classes: dict[str, str] = {}
        self.remarks: list[str] = []

    def network(self, source: str, name: str, shapes: Sequence[Shape]) -> Network:
        outputs: list[Ref] = []
        waiting = list(shapes)
        for node in self.program.graph.nodes:
            if node.op == "placeholder" and node.name not in self.keys:
                self.values[node.name] = self.entry(node, waiting.pop(0), alone=len(shapes) == 1)
            elif node.op == "call_function":
                self.note_classes(node)
                if not self.stored.computes(node):
                    self.values[node.name] = self.translate(node)
                    self.overwritten(node)
            elif node.op == "output":
                outputs = self.outputs(node, source)
        return self.build.network(name, outputs, keeps_paths=True, classes=self.classes, remarks=tuple(self.remarks))

    def entry(self, node: Any, shape: Shape, *, alone: bool) -> Map:
        """An input; among several they bear the names of the arguments."""
        return Map(self.build.input(shape, "" if alone else node.name), first(shape.rank))

    def note_classes(self, node: Any) -> None:
        """The classes of the modules that a node stands in."""
        for path, kind in (node.meta.get("nn_module_stack") or {}).values():
            self.classes[path] = str(kind).rpartition(".")[2]

    def translate(self, node: Any) -> Any:
        """What a node makes; None where it, or one before it, cannot be said. It matters if an output needs it."""
        try:
            return self.by_rule(node)
        except Behind:
            return None
        except (Unread, OpError) as wrong:
            reason = wrong.message
        except (IndexError, KeyError, TypeError, ValueError, AttributeError) as wrong:
            reason = f"it is used in a way that is not known: {type(wrong).__name__}: {wrong}"
        self.lost[node.name] = Unread(reason, f"{node.target}, in {where(node)}")
        return None

    def by_rule(self, node: Any) -> Any:
        for pattern in PATTERNS.get(function(node), ()):
            made = pattern(self, node)
            if made is not None:
                return made
        if any(self.values.get(n.name) is None and not self.stored.folds(n) for n in node.all_input_nodes):
            return None
        if node.target is operator.getitem:
            found = self.value(node.args[0])[node.args[1]]
            if found is None:
                raise Unread("its places count the border around the map")
            return found
        rule = RULES.get(function(node))
        if rule is None:
            raise Unread("the language has no counterpart")
        return rule(self, node)

    def overwritten(self, node: Any) -> None:
        """Forget the values of which a node writes over a part: `x[:, 0] = y`."""
        whole: Any = node.args[0] if writes(node) else None
        while called(whole, *PARTS) or getattr(whole, "target", None) is operator.getitem:
            whole = whole.args[0]
            if isinstance(whole.meta.get("val"), (list, tuple)):
                continue
            self.values[whole.name] = None
            self.keys.pop(whole.name, None)
            told = "it writes over a part of a value: make the parts one by one and join them with `torch.cat`"
            self.lost[whole.name] = Unread(told, f"{node.target}, in {where(node)}")

    def outputs(self, node: Any, source: str) -> list[Ref]:
        """The values that the module hands out. Unreadable with all that stands in the way."""
        found, lost = [], self.reasons(node)
        for number, out in enumerate(node.args[0]):
            value = self.values.get(out.name) if hasattr(out, "name") else None
            if isinstance(value, Map) and not value.axes:
                told = "it hands out one number for each example without an axis: end in (batch, 1)"
                lost.append(Unread(told, f"output {number}"))
            elif isinstance(value, Map) and value.order is None:
                found.append(self.settled(value).ref)
            elif isinstance(value, Map):
                lost.append(Unread("it hands out a map flattened with its channels first", f"output {number}"))
            elif not lost and out is not None:
                lost.append(Unread("it is no value of the network", f"output {number}"))
        if lost:
            raise Unreadable(source, lost)
        return found

    def reasons(self, output: Any) -> list[Unread]:
        """Every node on the way to the outputs that could not be read and stands behind none that could not."""
        found: dict[str, Unread] = {}
        seen: set[str] = set()
        waiting = [output]
        while waiting:
            node = waiting.pop()
            if node.name in seen or (node is not output and self.values.get(node.name) is not None):
                continue
            seen.add(node.name)
            if node.name in self.lost:
                found[node.name] = self.lost[node.name]
            waiting += [n for n in node.all_input_nodes if n.name not in self.keys]
        order = {node.name: place for place, node in enumerate(self.program.graph.nodes)}
        return [found[name] for name in sorted(found, key=order.__getitem__)]

    # --- what rules ask and give

    def value(self, node: Any) -> Any:
        return self.values[node.name]

    def map(self, node: Any) -> Map:
        """A value of the network. Unread for numbers and weights."""
        value = self.values.get(node.name) if hasattr(node, "name") else None
        if value is None and getattr(node, "name", None) in self.values:
            raise Behind("what it takes could not be read")
        if not isinstance(value, Map):
            raise Unread(f"it takes `{node}`, which is no value of the network")
        return value

    def first(self, node: Any) -> Map:
        return self.settled(self.map(node))

    def is_buffer(self, node: Any) -> bool:
        """Whether a node stands for numbers that do not learn."""
        return self.is_weight(node) and node.name in self.stored.still

    def is_weight(self, node: Any) -> bool:
        return hasattr(node, "name") and node.name in self.keys

    def array(self, node: Any) -> torch.Tensor:
        """The numbers of a parameter or buffer."""
        if not self.is_weight(node):
            raise Unread("its weight is computed")
        return self.stored.arrays[node.name]

    def known_shapes(self, node: Any) -> list[tuple[int, ...]]:
        """The shapes of what a node makes, at the sizes at which they are known."""
        return [known[node.name] for known in (self.shapes, self.elsewhere) if known]

    def constant(self, a: Any, b: Any) -> bool:
        """Whether one node makes a map as much larger than another's at every size."""
        found = zip(self.known_shapes(a), self.known_shapes(b))
        return len({tuple(n - m for n, m in zip(*pair)) for pair in found}) == 1

    def as_large(self, node: Any, others: Sequence[Map]) -> Map | None:
        """A value that has the size of a node at every size of the inputs: one that it is merged with, one that it
        comes from, the last one before it."""
        wanted = [shape[2:] for shape in self.known_shapes(node)]
        for name in [*(n.name for n in (*beside(node), *before(node))), *reversed(self.values)]:
            value = self.values.get(name)
            fits = isinstance(value, Map) and value.axes == first(len(wanted[0])) and value not in others
            if fits and [known[name][2:] for known in (self.shapes, self.elsewhere)] == wanted:
                return value
        return None

    def sized(self, op: Op, inputs: list[Map], node: Any) -> Map:
        """A layer with `to=`: a value that has the size of the node, or the size."""
        like = None if len({shape[2:] for shape in self.known_shapes(node)}) == 1 else self.as_large(node, inputs)
        if like is not None:
            return self.layer(op.changed(to=len(inputs)), [*inputs, like])
        return self.layer(op.changed(to=tuple(node.meta["val"].shape[2:])), inputs)

    def disturbed(self, node: Any, made: Map) -> Map:
        """A value that chance disturbs; a remark where that is not in training alone."""
        if not self.training:
            word = self.maker(made).op.word
            self.remark(f"{where(node)} draws its numbers outside of training as well; `{word}` does not")
        return made

    def remark(self, told: str) -> None:
        """What whoever imports it should know, told once."""
        if told not in self.remarks:
            self.remarks.append(told)

    def layer(self, op: Op, inputs: list[Map], weights: Mapping[str, Any] = {}, axes: Any = None) -> Map:
        """A layer with weights by their nodes; its path is what their keys have in common."""
        given = {name: node for name, node in weights.items() if node is not None}
        keys = [self.keys[node.name] for node in given.values() if self.is_weight(node)]
        for node in given.values():
            if node.name in self.stored.folded:
                self.remark(f"`{self.keys[node.name]}` is the source of a weight; here the {op.word} learns the weight")
        arrays = {name: self.array(node).numpy() for name, node in given.items()}
        order = inputs[0].order if inputs else None
        if order is not None:
            arrays = {key: reordered(key, array, order, op) for key, array in arrays.items()}
        wanted = op.facts(tuple(self.shape(m) for m in inputs)).weights
        arrays = {name: fitted(array, wanted[name].shape) for name, array in arrays.items()}
        path = keys[0] if list(given) == [""] else keys[0].rpartition(".")[0] if keys else ""
        path = path.removesuffix(".parametrizations.weight")
        owner = self.owners.get(keys[0]) if keys else None
        ref = self.build.add(op, [m.ref for m in inputs], path, arrays, owner)
        if keys:
            self.owners.setdefault(keys[0], ref.layer)
        return Map(ref, axes or first(self.build.shape(ref).rank), order if op.word == "batchnorm" else None)


def fitted(array: Any, shape: tuple[int, ...]) -> Any:
    """Weights in the shape that is wanted, where they differ in axes of 1 alone."""
    sizes = [[n for n in of if n != 1] for of in (array.shape, shape)]
    return array.reshape(shape) if sizes[0] == sizes[1] else array


def reordered(key: str, array: Any, order: Shape, op: Op) -> Any:
    """Weights of a layer on a map flattened with its channels first: a number for each value, or a matrix behind it."""
    if op.word == "batchnorm":
        return from_channels_first(array[None], order)[0]
    return from_channels_first(array, order) if key == "weight" else array
