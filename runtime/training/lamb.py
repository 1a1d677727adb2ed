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
            ways = [self.way(weight, own(weight.grad), group) for weight in weights]
            for weight, way, trust in zip(weights, ways, trusts(weights, ways)):
                own(weight).sub_(trust * way, alpha=group["lr"])
        return loss

    def way(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> Tensor:
        """Where the weight, or the share of it, should go."""
        state = self.state[weight]
        if not state:
            state |= {"step": torch.zeros(()), "mean": torch.zeros_like(weight), "square": torch.zeros_like(weight)}
        (first, second), mean, square = group["betas"], own(state["mean"]), own(state["square"])
        state["step"] += 1
        mean.lerp_(gradient, 1 - first)
        square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        count = float(state["step"])
        way = (mean / (1 - first**count)) / ((square / (1 - second**count)).sqrt() + group["eps"])
        found: Tensor = way + group["weight_decay"] * own(weight)
        return found


def trusts(weights: list[Tensor], ways: list[Tensor]) -> list[Tensor]:
    """The norm of each weight over that of its way; 1 where one is 0."""
    if not weights:
        return []
    lengths, reaches = torch.stack([x.norm() for x in [*map(own, weights), *ways]]).chunk(2)
    if parted(weights[0]):  # all are: norms of shares, which all processes add up
        squares = torch.cat([lengths, reaches]).square()
        distributed.all_reduce(squares)
        lengths, reaches = squares.sqrt().chunk(2)
    found = torch.where((lengths > 0) & (reaches > 0), lengths / reaches.clamp_min(1e-30), torch.ones_like(lengths))
    return list(found.unbind())
