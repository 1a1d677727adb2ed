"""How maps lie in memory."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

Module = TypeVar("Module", bound=nn.Module)


def laid_out(module: Module) -> Module:
    """With kernels over two dimensions in channels-last order, which maps then keep: faster on every device."""
    if any(p.ndim == 4 for p in module.parameters()):
        return module.to(memory_format=torch.channels_last)
    return module
