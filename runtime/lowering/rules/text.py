"""From tokens (N, L) of whole numbers to maps (N, C, L)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ....compiler.ops import text as ops
from ....compiler.shape import Shape
from .table import module


class Embedding(nn.Embedding):
    """A trained vector for each token, channels first."""

    def forward(self, tokens: Tensor) -> Tensor:
        return super().forward(tokens).mT


@module.register
def embedding(op: ops.Embedding, shapes: tuple[Shape, ...]) -> nn.Module:
    return Embedding(op.vocabulary, op.width)


class OneHot(nn.Module):
    """A vector of zeros with a 1 at the number of each token, channels first; zeros alone for other numbers."""

    numbers: Tensor
    like: Tensor

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.register_buffer("numbers", torch.arange(depth)[:, None], persistent=False)
        # carries the number type of the network, which whole numbers cannot tell
        self.register_buffer("like", torch.zeros(()), persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        return (tokens[:, None] == self.numbers).to(self.like.dtype)


@module.register
def one_hot(op: ops.OneHot, shapes: tuple[Shape, ...]) -> nn.Module:
    return OneHot(op.depth)
