"""LAMB, which torch has not: Large Batch Optimization for Deep Learning (You et al., 2019), algorithm 2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, distributed
from torch.optim import Optimizer

from ..devices.portions import own, parted


class Lamb(Optimizer):
    """The step of Adam, with the decay of the weights in it, is as long as the rate times the norm of the weight."""

    def __init__(self, params: Any, lr: float, betas: tuple[float, float], eps: float) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Move all weights that have a gradient."""
        loss = closure() if closure is not None else None
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if not weights:
                continue
            ways = self.ways(weights, group)
            torch._foreach_mul_(ways, trusts(weights, ways))
            torch._foreach_add_(list(map(own, weights)), ways, alpha=-group["lr"])
        return loss

    def ways(self, weights: list[Tensor], group: dict[str, Any]) -> list[Tensor]:
        """Where each weight, or the share of it, should go."""
        states = [self.remembered(weight) for weight in weights]
        means, squares = ([own(state[name]) for state in states] for name in ("mean", "square"))
        gradients, (first, second) = [own(weight.grad) for weight in weights], group["betas"]
        torch._foreach_lerp_(means, gradients, 1 - first)
        torch._foreach_mul_(squares, second)
        torch._foreach_addcmul_(squares, gradients, gradients, value=1 - second)
        counts = [float(state["step"]) for state in states]
        found = torch._foreach_div(means, [1 - first**count for count in counts])
        below = torch._foreach_div(squares, [1 - second**count for count in counts])
        torch._foreach_sqrt_(below)
        torch._foreach_add_(below, group["eps"])
        torch._foreach_div_(found, below)
        torch._foreach_add_(found, list(map(own, weights)), alpha=group["weight_decay"])
        return list(found)

    def remembered(self, weight: Tensor) -> dict[str, Any]:
        """What is known of a weight from the steps before, and of this one its number."""
        state: dict[str, Any] = self.state[weight]
        if not state:
            state |= {"step": torch.zeros(()), "mean": torch.zeros_like(weight), "square": torch.zeros_like(weight)}
        state["step"] += 1
        return state


def trusts(weights: list[Tensor], ways: list[Tensor]) -> list[Tensor]:
    """The norm of each weight over that of its way; 1 where one is 0."""
    lengths, reaches = torch.stack(list(torch._foreach_norm([*map(own, weights), *ways]))).chunk(2)
    if parted(weights[0]):  # all are: norms of shares, which all processes add up
        squares = torch.cat([lengths, reaches]).square()
        distributed.all_reduce(squares)
        lengths, reaches = squares.sqrt().chunk(2)
    found = torch.where((lengths > 0) & (reaches > 0), lengths / reaches.clamp_min(1e-30), torch.ones_like(lengths))
    return list(found.unbind())
