"""Windows over maps: the arithmetic that convolution and pooling share, in the shape rule and in every backend."""

from __future__ import annotations

from typing import NamedTuple

from ..shape import Shape
from .base import OpError

Sizes = tuple[int, ...]
"""One size for each spatial dimension, or a single one for all."""


def spread(sizes: Sizes, rank: int, name: str) -> Sizes:
    """One size per spatial dimension."""
    if len(sizes) == rank:
        return sizes
    if len(sizes) == 1:
        return sizes * rank
    raise OpError(f"`{name}` has {len(sizes)} sizes, the input has {rank} spatial dimension{'s' * (rank != 1)}", name)


class Padding(NamedTuple):
    """`valid`, `same`, `causal`, or explicit `pairs` of places (before, after).

    A single pair stands for every dimension where `pairs` came from one number; `pad=(1, 2)` has one number for each
    dimension, in a 1-D map it is one pair.
    """

    kind: str
    pairs: tuple[tuple[int, int], ...] = ()
    scalar: bool = False

    def __str__(self) -> str:
        if self.kind != "explicit":
            return self.kind
        if self.scalar:
            return str(self.pairs[0][0])
        return "(" + ", ".join(f"({a}, {b})" if a != b else str(a) for a, b in self.pairs) + ")"


VALID = Padding("valid")
SAME = Padding("same")
CAUSAL = Padding("causal")


def explicit(pairs: tuple[tuple[int, int], ...], rank: int) -> tuple[tuple[int, int], ...]:
    """One pair per spatial dimension from what was written."""
    if len(pairs) == rank:
        return pairs
    if len(pairs) == 1:
        return pairs * rank
    if rank == 1 and len(pairs) == 2 and all(a == b for a, b in pairs):
        return ((pairs[0][0], pairs[1][0]),)
    raise OpError(f"`pad` has {len(pairs)} entries, the input has {rank} spatial dimensions", "pad")


def border(pad: Padding, size: int | None, window: int, stride: int, axis: int, rank: int) -> tuple[int, int]:
    """Places to add before and after one dimension of `size` for a window that spans `window` places.

    `same` is TensorFlow's: ceil(size / stride) windows, the odd place after the map. For an open size it is known only
    where the stride is 1; elsewhere OpError.
    """
    if pad.kind == "valid":
        return 0, 0
    if pad.kind == "causal":
        return window - 1, 0
    if pad.kind == "explicit":
        return explicit(pad.pairs, rank)[axis]
    if stride == 1:
        total = window - 1
    elif size is None:
        raise OpError("where a size is open, `pad=same` with a stride has no fixed border", "pad")
    else:
        total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def slide(size: int | None, window: int, stride: int, before: int, after: int, *, ceil: bool = False) -> int | None:
    """Number of windows along one dimension; below 1 where none fits. `ceil` counts a last, incomplete one."""
    if size is None:
        return None
    room = size + before + after - window
    if not ceil:
        return room // stride + 1
    count = -(-room // stride) + 1
    # PyTorch: the last window must begin inside the map or its border before it
    return count - 1 if (count - 1) * stride >= size + before else count


def placed(x: Shape, needs: str = "") -> Shape:
    """The shape, if it has spatial dimensions."""
    if x.rank == 0:
        raise OpError(f"needs a map, found a vector of {x.channels}{needs}", code="rank")
    if x.rank > 3:
        raise OpError(f"works on 1-D, 2-D and 3-D maps, found {x}", code="rank")
    return x


def channels(x: Shape) -> int:
    """The number of channels, which must be known for weights to have a size."""
    if x.channels is None:
        raise OpError(f"the number of channels of {x} must be known", code="open-size")
    return x.channels
