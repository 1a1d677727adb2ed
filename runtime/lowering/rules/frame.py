"""The border around a tensor: what torch's own `padding` cannot say."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from ....compiler.ops.geometry import SAME, Pairs, Sliding, border


def flat(pairs: Pairs) -> tuple[int, ...]:
    """The pairs as `torch.nn.functional.pad` wants them: last dimension first."""
    return tuple(n for pair in reversed(pairs) for n in pair)


def edges(x: Tensor, over: Sliding) -> Pairs:
    """Places before and after, for each spatial dimension of (N, C, D, H, W); those of open sizes are found here."""
    rank, sizes = len(over.size), x.shape[2:]
    found = []
    for axis, (edge, size, span, step) in enumerate(zip(over.borders, sizes, over.spans, over.stride)):
        known = edge or border(SAME, int(size), span, step, axis, rank)
        assert known is not None
        found.append(known)
    return tuple(found)


def even(over: Sliding) -> tuple[int, ...] | None:
    """The border as torch's `padding`, where it is known and alike on both sides."""
    pairs = [edge for edge in over.borders if edge is not None and edge[0] == edge[1]]
    return tuple(before for before, _ in pairs) if len(pairs) == len(over.borders) else None


class Frame:
    """Puts the border of a window around a tensor (N, C, D, H, W), filled with `value`."""

    def __init__(self, over: Sliding, value: float = 0.0) -> None:
        self.over = over
        self.value = value
        known = tuple(edge for edge in over.borders if edge is not None)
        self.fixed = flat(known) if len(known) == len(over.borders) else None

    def __call__(self, x: Tensor) -> Tensor:
        places = self.fixed if self.fixed is not None else flat(edges(x, self.over))
        return functional.pad(x, places, value=self.value)
