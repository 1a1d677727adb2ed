"""The numbers of an exported program: parameters, buffers, tensors written into `forward`, and views of them."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from .calls import function

VIEWS = {"view", "reshape", "unsqueeze", "squeeze", "alias", "detach", "contiguous", "to", "lift_fresh_copy"}
"""Functions that hand on the numbers of a parameter as they are, in another shape."""


class Stored:
    """What is known before anything comes in, by the names of nodes; those in `still` do not learn."""

    def __init__(self, program: Any, module: nn.Module) -> None:
        signature = program.graph_signature
        constants = signature.inputs_to_lifted_tensor_constants
        held: dict[str, torch.Tensor] = {
            **{key: value for key, value in program.constants.items() if isinstance(value, torch.Tensor)},
            **dict(module.named_parameters(remove_duplicate=False)),
            **dict(module.named_buffers(remove_duplicate=False)),
        }
        self.keys: dict[str, str] = {**signature.inputs_to_parameters, **signature.inputs_to_buffers, **constants}
        self.still = {*signature.inputs_to_buffers, *constants}
        self.arrays = {name: held[key].detach() for name, key in self.keys.items()}

    def computes(self, node: Any) -> bool:
        """Whether a node makes stored numbers of stored numbers; they are known then under its name."""
        given = node.all_input_nodes
        if not given or any(n.name not in self.keys for n in given):
            return False
        still = all(n.name in self.still for n in given)
        if not still and (len(given) > 1 or function(node) not in VIEWS):
            return False
        args, kwargs = torch.fx.node.map_arg((node.args, node.kwargs), lambda n: self.arrays[n.name])
        made = node.target(*args, **kwargs)
        if not isinstance(made, torch.Tensor):
            return False
        self.arrays[node.name], self.keys[node.name] = made, self.keys[given[0].name]
        self.still |= {node.name} if still else set()
        return True
