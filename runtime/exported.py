"""PyTorch modules -> layers, by way of torch.export: what `cnnc import package.module:factory` reads."""

from __future__ import annotations

import importlib
import operator
import os
import sys
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ..compiler.decompile import Network, Ref
from ..compiler.diagnostics import UserError
from ..compiler.frontends.arranged import Arranged, Map, first
from ..compiler.frontends.flat import from_channels_first
from ..compiler.frontends.unread import Unread, Unreadable
from ..compiler.ops.base import Op, OpError
from ..compiler.shape import Shape
from .aten import RULES

BATCH = 2
"""Examples in the batch that is sent through: more than one, so that nothing takes it for a constant."""


def read_factory(name: str, shape: Shape) -> Network:
    """The network of `package.module:factory`, found from the working directory. UserError where there is none."""
    where, _, factory = name.partition(":")
    sys.path.insert(0, os.getcwd())
    try:
        made = getattr(importlib.import_module(where), factory)
    except ImportError as wrong:
        raise UserError(f"{name}: {wrong}") from None
    except AttributeError:
        raise UserError(f"{name}: the module `{where}` has no `{factory}`") from None
    finally:
        sys.path.pop(0)
    module = made if isinstance(made, nn.Module) else called(made, name)
    return read_module(module, shape, name, type(module).__name__ if isinstance(made, nn.Module) else factory)


def called(made: Any, name: str) -> nn.Module:
    """The module that a factory makes without arguments."""
    try:
        module = made()
    except Exception as wrong:
        raise UserError(f"{name}: called without arguments it raises {type(wrong).__name__}: {wrong}") from None
    if not isinstance(module, nn.Module):
        raise UserError(f"{name}: it gives a `{type(module).__name__}`, no torch.nn.Module")
    return module


def read_module(module: nn.Module, shape: Shape, source: str, name: str) -> Network:
    """The network of a module in evaluation mode, for an input of this shape (channels last, without the batch)."""
    if None in shape:
        raise UserError(f"{source}: torch.export needs a known input size, found {shape}")
    example = torch.zeros(BATCH, shape[-1] or 1, *(n or 1 for n in shape[:-1]))
    try:
        program = torch.export.export(module.eval(), (example,))
    except Exception as wrong:
        lines = str(wrong).strip().splitlines() or [type(wrong).__name__]
        raise UserError(f"{source}: torch.export cannot follow it with an input of {shape}: {lines[0]}") from None
    return Reader(program, module).network(source, name, shape)


class Reader(Arranged):
    """The walk over the nodes of an exported program; `values` says what each stands for."""

    def __init__(self, program: Any, module: nn.Module) -> None:
        super().__init__()
        self.program = program
        self.arrays = {**dict(module.named_parameters(remove_duplicate=False)),
                       **dict(module.named_buffers(remove_duplicate=False))}  # fmt: skip
        signature = program.graph_signature
        self.keys = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
        self.values: dict[str, Any] = {}
        self.lost: list[Unread] = []
        self.owners: dict[str, int] = {}
        self.classes: dict[str, str] = {}

    def network(self, source: str, name: str, shape: Shape) -> Network:
        outputs: list[Ref] = []
        for node in self.program.graph.nodes:
            if node.op == "placeholder" and node.name not in self.keys:
                self.values[node.name] = Map(self.build.input(shape), first(shape.rank))
            elif node.op == "call_function":
                self.note_classes(node)
                self.values[node.name] = self.translate(node)
            elif node.op == "output":
                outputs = self.outputs(node.args[0])
        if self.lost:
            raise Unreadable(source, self.lost)
        return self.build.network(name, outputs, keeps_paths=True, classes=self.classes)

    def note_classes(self, node: Any) -> None:
        """The classes of the modules that a node stands in."""
        for path, kind in (node.meta.get("nn_module_stack") or {}).values():
            self.classes[path] = str(kind).rpartition(".")[2]

    def translate(self, node: Any) -> Any:
        """What a node makes; None where it, or one before it, cannot be said."""
        taken = [self.values.get(n.name) for n in node.all_input_nodes if n.name not in self.keys]
        if any(value is None for value in taken):
            return None
        if node.target is operator.getitem:
            return self.value(node.args[0])[node.args[1]]
        word = str(node.target).split(".")[1].rstrip("_") if "aten." in str(node.target) else str(node.target)
        stack = list((node.meta.get("nn_module_stack") or {"": ("", "")}).values())
        place = f"{node.target}, in `{stack[-1][0]}`"
        try:
            if word not in RULES:
                raise Unread("the language has no counterpart")
            return RULES[word](self, node)
        except (Unread, OpError) as wrong:
            self.lost.append(Unread(wrong.message, place))
            return None

    def outputs(self, made: Any) -> list[Ref]:
        found = []
        for node in made:
            value = self.values.get(node.name) if node is not None else None
            if isinstance(value, Map):
                if value.order is not None:
                    self.lost.append(Unread("it hands out a map flattened with its channels first", node.name))
                found.append(self.settled(value).ref)
        return found

    # --- what rules ask and give

    def value(self, node: Any) -> Any:
        return self.values[node.name]

    def map(self, node: Any) -> Map:
        """A value of the network. Unread for numbers and weights."""
        value = self.values.get(node.name) if hasattr(node, "name") else None
        if not isinstance(value, Map):
            raise Unread(f"it takes `{node}`, which is no value of the network")
        return value

    def first(self, node: Any) -> Map:
        return self.settled(self.map(node))

    def is_weight(self, node: Any) -> bool:
        return hasattr(node, "name") and node.name in self.keys

    def array(self, node: Any) -> torch.Tensor:
        """The numbers of a parameter or buffer."""
        if not self.is_weight(node):
            raise Unread("its weight is computed")
        return self.arrays[self.keys[node.name]].detach()

    def layer(self, op: Op, inputs: list[Map], weights: Mapping[str, Any] = {}, axes: Any = None) -> Map:
        """A layer with weights by their nodes; its path is what their keys have in common."""
        given = {name: node for name, node in weights.items() if node is not None}
        keys = [self.keys[node.name] for node in given.values() if self.is_weight(node)]
        arrays = {name: self.array(node).numpy() for name, node in given.items()}
        if inputs and inputs[0].order is not None and "weight" in arrays:
            arrays["weight"] = from_channels_first(arrays["weight"], inputs[0].order)
        path = keys[0] if list(given) == [""] else keys[0].rpartition(".")[0] if keys else ""
        owner = self.owners.get(keys[0]) if keys else None
        ref = self.build.add(op, [m.ref for m in inputs], path, arrays, owner)
        if keys:
            self.owners.setdefault(keys[0], ref.layer)
        return Map(ref, axes or first(self.build.shape(ref).rank))
