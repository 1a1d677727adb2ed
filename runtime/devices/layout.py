"""How maps lie in memory."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

Module = TypeVar("Module", bound=nn.Module)


def laid_out(module: Module) -> Module:
    """With kernels over two dimensions in channels-last order, which maps then keep: faster on every device."""
    for weight in module.parameters():
        if weight.ndim == 4:  # volumes, in the same network, have kernels of another rank
            weight.data = weight.data.to(memory_format=torch.channels_last)
    return module


@torch.no_grad()
def arrange(optimizer: Optimizer) -> None:
    """What an optimizer remembers for each number of a weight lies as the weight does: fused steps go through both side
    by side. A run whose weights were split left it in rows."""
    for weight, remembered in optimizer.state.items():
        for name, value in remembered.items():
            if isinstance(value, Tensor) and value.shape == weight.shape and value.stride() != weight.stride():
                remembered[name] = torch.empty_like(weight, dtype=value.dtype).copy_(value)
