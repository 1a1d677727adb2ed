"""Checked -> the configuration of a Keras 3 functional model, as `config.json` of a `.keras` archive has it.

Each layer is what its row of the source says, as data; `stands_for` says in layers that Keras has what the source
brings as classes of its own. What Keras lacks is refused by name. A `sequential` is no layer here: its layers are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ....diagnostics import UserError
from ....graph import Checked, Node
from ....keras_layout import Variable, kept
from ....ops.base import OpError
from ....ops.structure import Input
from ....shape import Shape
from ..parts import Anatomy
from . import stands_for as rules
from .placed import Numbers, Placed, Tensor, stands_for
from .row import Row


class Entry:
    """A layer or operation of the model, and its calls: what each takes."""

    def __init__(self, kind: str, name: str, config: dict[str, Any]) -> None:
        self.kind = kind
        self.name = name
        self.config = config
        self.calls: list[tuple[list[Any], dict[str, Any]]] = []
        self.keeps: dict[str, Variable] = {}
        """Its variables in order, by the keys of our weights."""

    @property
    def bare(self) -> bool:
        """Whether it is an operation, which is no layer."""
        return self.kind.startswith("ops.")

    @property
    def class_name(self) -> str:
        return self.kind.rpartition(".")[2]

    def as_dict(self) -> dict[str, Any]:
        module = f"keras.src.{self.kind.rpartition('.')[0]}" if self.bare else "keras.layers"
        return {
            "module": module, "class_name": self.class_name, "config": {"name": self.name, **self.config},
            "registered_name": None, "name": self.name,
            "inbound_nodes": [{"args": said(args), "kwargs": more} for args, more in self.calls],
        }  # fmt: skip


RULES = (rules,)
"""The modules whose rules are in the table."""

INSTEAD = "write .weights.h5 for the model that `cnnc emit keras` gives, which brings classes of its own"

SHOWN = 5
"""How many layers that Keras lacks are named."""


class Described(NamedTuple):
    """`config` describes the model; `layers` are its layers in the order in which Keras lists them, and keeps their
    weights: the class of each, its name, and its variables by the keys of our weights."""

    config: dict[str, Any]
    layers: tuple[tuple[str, str, dict[str, Variable]], ...]


def described(checked: Checked) -> Described:
    """The model for Keras; UserError, with their places, for layers that Keras lacks."""
    return Writing(checked).described()


class Writing:
    def __init__(self, checked: Checked) -> None:
        self.checked = checked
        self.anatomy = Anatomy(checked, lambda frame, nodes: True)
        self.entries: dict[str, Entry] = {}
        self.values: dict[tuple[int, int], Tensor] = {}
        self.taken = {node.path for node in checked.nodes}
        self.inputs = [self.input(node) for node in checked.inputs]
        self.refused: list[str] = []

    def described(self) -> Described:
        for node in self.checked.nodes:
            if not isinstance(node.op, Input):
                self.layer(node)
        if self.refused:
            raise UserError(lacking(self.checked.name, self.refused))
        outputs = [self.values[output.port.node.serial, output.port.index] for output in self.checked.outputs]
        self.keep()
        ordered = [entry for entry in in_keras_s_order(self.entries, outputs) if not entry.bare]
        layers = tuple((entry.class_name, entry.name, entry.keeps) for entry in ordered)
        return Described(self.config(outputs), layers)

    def keep(self) -> None:
        """The weights of our layers, but for those that lie in layers of their own, are the layer's of that name."""
        apart = {key for entry in self.entries.values() for key in entry.keeps}
        for layer in self.checked.layers:
            own = kept(layer)
            if own and not apart.intersection(own):
                self.entries[layer.name].keeps.update(own)

    def config(self, outputs: Sequence[Tensor]) -> dict[str, Any]:
        def places(tensors: Sequence[Tensor]) -> Any:
            found = [[tensor.name, tensor.call, tensor.index] for tensor in tensors]
            return found[0] if len(found) == 1 else found

        inner = {
            "name": self.checked.name, "trainable": True,
            "layers": [entry.as_dict() for entry in self.entries.values()],
            "input_layers": places(self.inputs), "output_layers": places(outputs),
        }  # fmt: skip
        return {
            "module": "keras.src.models.functional", "class_name": "Functional", "config": inner,
            "registered_name": "Functional",
        }  # fmt: skip

    def input(self, node: Node) -> Tensor:
        dtype = "int32" if node in self.checked.looked_up else "float32"
        shape = node.facts.output
        entry = Entry("layers.InputLayer", node.path, {"batch_shape": [None, *shape], "dtype": dtype})
        self.entries[node.path] = entry
        self.values[node.serial, 0] = Tensor(node.path, 0, 0, shape, dtype)
        return self.values[node.serial, 0]

    def layer(self, node: Node) -> None:
        to = Row(node, self.anatomy.root, self.anatomy)
        tensors = [self.values[port.node.serial, port.index] for port in node.inputs]
        try:
            made = stands_for(node.op, Placed(to, tensors, self.put))
        except OpError as wrong:
            self.refused.append(f"{node.path} at {node.span.place}: {wrong.message}")
            made = Tensor(node.path, 0, 0, node.facts.outputs[0])  # so that those behind it are told too
        given = [made._replace(index=i) for i in range(len(node.facts.outputs))] if isinstance(made, Tensor) else made
        for index, (tensor, shape) in enumerate(zip(given, node.facts.outputs)):
            self.values[node.serial, index] = tensor._replace(shape=shape)

    def put(self, kind: str, name: str, config: dict[str, Any], args: list[Any], shape: Shape, **more: Any) -> Tensor:
        """One call of a layer, which is made at its first; `keeps` are its variables by the keys of our weights."""
        keeps = more.pop("keeps", {})
        if name not in self.entries:
            self.entries[name] = Entry(kind, name, config)
            self.entries[name].keeps.update(keeps)
        entry = self.entries[name]
        entry.calls.append((args, more))
        return Tensor(name, len(entry.calls) - 1, 0, shape)


def lacking(name: str, refused: list[str]) -> str:
    more = [f"and {len(refused) - SHOWN} more"] if len(refused) > SHOWN else []
    lines = "".join(f"\n  {line}" for line in refused[:SHOWN] + more)
    return f"`{name}` has layers that a .keras file cannot name:{lines}\n{INSTEAD}"


def said(args: Any) -> Any:
    """Arguments with their tensors as Keras refers to them."""
    if isinstance(args, list):
        return [said(arg) for arg in args]
    if isinstance(args, Numbers):
        return {"class_name": "__numpy__", "config": {"value": args.value, "dtype": args.dtype}}
    if not isinstance(args, Tensor):
        return args
    place = [args.name, args.call, args.index]
    config = {"shape": [None, *args.shape], "dtype": args.dtype, "keras_history": place}
    return {"class_name": "__keras_tensor__", "config": config}


# --- Keras's order ----------------------------------------------------------------------------------------------------


def tensors(args: Any) -> Iterator[Tensor]:
    if isinstance(args, Tensor):
        yield args
    elif isinstance(args, list):
        for arg in args:
            yield from tensors(arg)


def in_keras_s_order(entries: dict[str, Entry], outputs: Sequence[Tensor]) -> list[Entry]:
    """By distance from the outputs, then as a search from the outputs meets them: `map_graph` of keras.src.ops."""
    met, order = searched(entries, outputs)
    depths: dict[tuple[str, int], int] = {}
    own: dict[str, int] = {}
    for name, call in reversed(order):
        depth = max(depths.get((name, call), 0), own.get(name, 0))
        own[name] = depths[name, call] = depth
        for tensor in taken(entries[name], call):
            before = (tensor.name, tensor.call)
            depths[before] = max(depth + 1, depths.get(before, 0))
    return sorted((entries[name] for name in own), key=lambda entry: (-own[entry.name], met[entry.name]))


def taken(entry: Entry, call: int) -> list[Tensor]:
    return list(tensors(entry.calls[call][0])) if entry.calls else []


def searched(entries: dict[str, Entry], outputs: Sequence[Tensor]) -> tuple[dict[str, int], list[tuple[str, int]]]:
    """When each entry is met first, and all calls behind what they take."""
    met: dict[str, int] = {}
    order: dict[tuple[str, int], None] = {}
    for output in outputs:
        waiting = [((output.name, output.call), False)]
        while waiting:
            key, left = waiting.pop()
            if left:
                order.setdefault(key)
            elif key not in order:
                met.setdefault(key[0], len(met))
                waiting.append((key, True))
                waiting += [((t.name, t.call), False) for t in reversed(taken(entries[key[0]], key[1]))]
    return met, list(order)
