"""What torch makes of an operator: one rule per class, registered by the family files beside this one."""

from __future__ import annotations

from functools import singledispatch

from torch import nn

from ....compiler.ops.base import Op
from ....compiler.shape import Shape


@singledispatch
def module(op: Op, shapes: tuple[Shape, ...]) -> nn.Module | nn.Parameter:
    """A module for one use of `op` on inputs of `shapes` (written order: spatial first, channels last, no batch).

    Its `forward` takes one tensor per input, batch and channels first (N, C, D, H, W), and gives a tensor, or a tuple
    of them where the operator has several outputs. Its `state_dict` is `op.facts(shapes).weights`, name by name.
    An operator whose only weight is BARE gives that parameter; what it does is an `expression` of it.
    """
    raise NotImplementedError(f"no torch rule for `{op.word}`")
