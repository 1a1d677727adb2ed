"""The numbers of an exported program: parameters, buffers, tensors written into `forward`, and views of them."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from .calls import function

VIEWS = {"view", "reshape", "unsqueeze", "squeeze", "alias", "detach", "contiguous", "to", "lift_fresh_copy"}
"""Functions that hand on the numbers of a parameter as they are, in another shape."""

MADE = {"new_zeros", "new_ones", "new_full", "zeros_like", "ones_like", "full_like", "arange", "zeros", "ones", "full"}
"""Functions that make numbers of their own; of a tensor they take the sizes at most."""


def views(node: Any) -> bool:
    """Whether a node hands on all numbers in their order: `x[:, None]` takes all rows first, which torch 2.8 writes."""
    whole = function(node) == "slice" and node.meta["val"].shape == node.args[0].meta["val"].shape
    return whole or function(node) in VIEWS


class Stored:
    """What is known before anything comes in, by the names of nodes; those in `still` do not learn."""

    def __init__(self, program: Any, module: nn.Module) -> None:
        signature = program.graph_signature
        constants = signature.inputs_to_lifted_tensor_constants
        self.held: dict[str, torch.Tensor] = {
            **{key: value for key, value in program.constants.items() if isinstance(value, torch.Tensor)},
            **dict(module.named_parameters(remove_duplicate=False)),
            **dict(module.named_buffers(remove_duplicate=False)),
        }
        self.keys: dict[str, str] = {**signature.inputs_to_parameters, **signature.inputs_to_buffers, **constants}
        self.still = {*signature.inputs_to_buffers, *constants}
        self.folded: set[str] = set()
        held = {name: self.held[key].detach() for name, key in self.keys.items()}
        self.arrays = {name: array.clone() if name in self.still else array for name, array in held.items()}

    def computes(self, node: Any) -> bool:
        """Whether a node makes stored numbers of stored numbers or of sizes; they are known then under its name."""
        given = [] if function(node) in MADE else node.all_input_nodes
        if any(n.name not in self.keys for n in given) or not (given or function(node) in MADE) or drawn(node):
            return False
        still = all(n.name in self.still for n in given)
        if not still and (len(given) > 1 or not views(node)):
            return False
        args, kwargs = torch.fx.node.map_arg((node.args, node.kwargs), self.number)
        made = node.target(*args, **kwargs)
        if not isinstance(made, torch.Tensor):
            return False
        self.arrays[node.name], self.keys[node.name] = made, self.keys[given[0].name] if given else ""
        self.still |= {node.name} if still else set()
        return True

    def folds(self, node: Any) -> bool:
        """Whether a node is known, or can be computed of nothing but what is stored: weights made of other weights."""
        if node.name in self.keys:
            return True
        given = node.all_input_nodes
        if node.op != "call_function" or not given or drawn(node) or not all(map(self.folds, given)):
            return False
        args, kwargs = torch.fx.node.map_arg((node.args, node.kwargs), self.number)
        with torch.no_grad():
            self.arrays[node.name] = node.target(*args, **kwargs)
        self.keys[node.name] = self.keys[given[0].name]
        self.folded.add(node.name)
        return True

    def number(self, node: Any) -> torch.Tensor:
        """The numbers of a node; of a value that is not known something of its shape, which lies nowhere."""
        known = self.arrays.get(node.name)
        return torch.empty(1).expand(node.meta["val"].shape) if known is None else known


def drawn(node: Any) -> bool:
    """Whether chance has a hand in what a node makes."""
    return torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ())
