"""Activations: as functions for `act=`, as modules for layers of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatch

from torch import Tensor

from ...compiler.ops.base import Op


@singledispatch
def function(op: Op) -> Callable[[Tensor], Tensor]:
    """The function that `act=op` applies to a tensor (N, C, D, H, W)."""
    raise NotImplementedError(f"no torch function for `{op.word}`")
