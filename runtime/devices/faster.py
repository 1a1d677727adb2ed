"""`--compile`: the network through torch.compile, which writes and builds kernels for it at the first steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from ...compiler.diagnostics import UserError

MODES = {"default": "default", "graphs": "reduce-overhead", "tune": "max-autotune"}
"""Our words and torch's: `graphs` records CUDA graphs, which pays where steps are short, `tune` tries kernels."""
RECORDED = ("graphs", "tune")
"""Those that record CUDA graphs."""


def compiled(module: nn.Module, mode: str | None) -> Any:
    """The network as it is, or compiled; its weights are the same. Two sizes of batches are two programs."""
    if mode is None:
        return module
    if mode not in MODES:
        raise UserError(f"there is no `{mode}` of torch.compile, only {', '.join(f'`{m}`' for m in MODES)}")
    return torch.compile(module, dynamic=False, mode=MODES[mode])


def require_whole(mode: str | None, split: int, kind: str) -> None:
    """UserError where recorded graphs would write the gradients of a part of a batch over those of the part before."""
    if mode in RECORDED and split > 1 and kind == "cuda":
        raise UserError(
            f"`--compile {mode}` records CUDA graphs, which do not add up the gradients of the parts of a batch: "
            f"leave out `split={split}`, or take `--compile default`"
        )


@contextmanager
def compiler_needed() -> Iterator[None]:
    """Inside, a compiler that gives up is told in words."""
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
            raise
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise UserError(f"torch.compile gave up: {said}; without `--compile` it goes on") from error
