"""LAMB, which torch has not: Large Batch Optimization for Deep Learning (You et al., 2019), algorithm 2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


class Lamb(Optimizer):
    """The step of Adam, with the decay of the weights in it, is as long as the rate times the norm of the weight."""

    def __init__(self, params: Any, lr: float, betas: tuple[float, float], eps: float) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Move all weights that have a gradient."""
        loss = closure() if closure is not None else None
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self.move(weight, weight.grad, group)
        return loss

    def move(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state |= {"step": torch.zeros(()), "mean": torch.zeros_like(weight), "square": torch.zeros_like(weight)}
        (first, second), mean, square = group["betas"], state["mean"], state["square"]
        state["step"] += 1
        mean.lerp_(gradient, 1 - first)
        square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
        count = float(state["step"])
        way = (mean / (1 - first**count)) / ((square / (1 - second**count)).sqrt() + group["eps"])
        way = way + group["weight_decay"] * weight
        length, reach = weight.norm(), way.norm()
        trust = torch.where((length > 0) & (reach > 0), length / reach.clamp_min(1e-30), torch.ones_like(length))
        weight.sub_(trust * way, alpha=group["lr"])
