"""What makes one value of several."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor, nn
from torch.nn import functional

from ....compiler.ops import merge as ops
from ....compiler.shape import Shape
from .dropout import keep_examples
from .reshape import stored, written
from .table import module

Pair = Callable[[Tensor, Tensor], Tensor]


def raised(x: Tensor, dims: int) -> Tensor:
    """A vector (N, C) as a map of one place, beside maps of `dims` axes."""
    return x if x.dim() == dims else x.reshape(*x.shape, *[1] * (dims - x.dim()))


class Reduced(nn.Module):
    """All values, pair after pair."""

    def __init__(self, pair: Pair) -> None:
        super().__init__()
        self.pair = pair

    def forward(self, *values: Tensor) -> Tensor:
        dims = max(x.dim() for x in values)
        return reduce(self.pair, [raised(x, dims) for x in values])

    def extra_repr(self) -> str:
        return str(self.pair.__name__)


class Average(Reduced):
    """The mean of all values."""

    def __init__(self) -> None:
        super().__init__(torch.add)

    def forward(self, *values: Tensor) -> Tensor:
        return super().forward(*values) / len(values)


PAIRS: dict[type[ops.Merge], Pair] = {
    ops.Add: torch.add,
    ops.Subtract: torch.sub,
    ops.Multiply: torch.mul,
    ops.Maximum: torch.maximum,
    ops.Minimum: torch.minimum,
}


@module.register
def merge(op: ops.Merge, shapes: tuple[Shape, ...]) -> nn.Module:
    return Reduced(PAIRS[type(op)])


@module.register
def average(op: ops.Average, shapes: tuple[Shape, ...]) -> nn.Module:
    return Average()


class DroppingAdd(Reduced):
    """A sum whose last operand is left out for a share of the examples in training."""

    def __init__(self, p: float) -> None:
        super().__init__(torch.add)
        self.p = p

    def forward(self, *values: Tensor) -> Tensor:
        *others, last = values
        return super().forward(*others, keep_examples(last, self.p) if self.training else last)


@module.register
def add(op: ops.Add, shapes: tuple[Shape, ...]) -> nn.Module:
    return DroppingAdd(op.drop) if op.drop else Reduced(torch.add)


class ScaledAdd(Reduced):
    """A sum whose last operand is multiplied by a number."""

    def __init__(self, factor: float) -> None:
        super().__init__(torch.add)
        self.factor = factor

    def forward(self, *values: Tensor) -> Tensor:
        *others, last = values
        return super().forward(*others, last * self.factor)


@module.register
def scaled_add(op: ops.ScaledAdd, shapes: tuple[Shape, ...]) -> nn.Module:
    return ScaledAdd(op.factor)


class Concat(nn.Module):
    """All values one behind the other along an axis of (N, C, D, H, W)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, *values: Tensor) -> Tensor:
        return torch.cat(values, self.dim)


def axis_of(op: ops.Concat, x: Shape) -> int:
    """The axis that grows, in (N, C, D, H, W)."""
    position = op.position(x)
    return 1 if position == x.rank else position + 2


@module.register
def concat(op: ops.Concat, shapes: tuple[Shape, ...]) -> nn.Module:
    return Concat(axis_of(op, shapes[0]))


class Dot(nn.Module):
    """Products summed over one axis of each operand; `first` and `second` count it in (N, H, W, C)."""

    def __init__(self, first: int, second: int, normalize: bool) -> None:
        super().__init__()
        self.first = first
        self.second = second
        self.normalize = normalize

    def rows(self, x: Tensor, dim: int) -> Tensor:
        """(N, other axes in one, summed axis)."""
        x = written(x)
        if self.normalize:
            x = functional.normalize(x, dim=dim)
        return x.movedim(dim, -1).reshape(x.shape[0], -1, x.shape[dim])

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        sums = self.rows(a, self.first) @ self.rows(b, self.second).mT
        return stored(sums) if a.dim() == b.dim() == 3 else sums.flatten(1)


@module.register
def dot(op: ops.Dot, shapes: tuple[Shape, ...]) -> nn.Module:
    first, second = op.summed(shapes)
    return Dot(first + 1, second + 1, op.normalize)
