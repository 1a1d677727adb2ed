"""A torch module whose weights are those of the operator's facts, by construction."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ....compiler.ops.base import Weight


class Weighted(nn.Module):
    """Holds an unfilled parameter or buffer for each weight; `weight` and `bias` are None where there is none."""

    weight: Tensor | None
    bias: Tensor | None

    def __init__(self, weights: Mapping[str, Weight]) -> None:
        super().__init__()
        for name, weight in weights.items():
            if weight.trainable:
                self.register_parameter(name, nn.Parameter(torch.empty(weight.shape)))
            else:
                self.register_buffer(name, torch.empty(weight.shape))
        for name in ("weight", "bias"):
            if name not in weights:
                self.register_parameter(name, None)


def per_channel(x: Tensor, like: Tensor) -> Tensor:
    """A vector of one number for each channel, shaped to meet the channels of `like` (N, C, ...)."""
    return x.reshape(-1, *[1] * (like.dim() - 2))
