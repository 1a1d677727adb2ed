"""Other arrangements and sizes."""

from __future__ import annotations

from .....ops import reshape, resize
from .....ops.base import Op
from .....shape import Shape
from ..placed import Placed, Tensor, called, lacking, stands_for
from ..row import row


@stands_for.register
def take_channels(op: reshape.TakeChannels, at: Placed) -> Tensor:
    return at.apply("ops.numpy.Take", at.x, list(op.channels), config={"axis": -1})


@stands_for.register
def split(op: reshape.Split, at: Placed) -> Tensor:
    return at.apply("ops.numpy.Split", at.x, config={"indices_or_sections": op.parts, "axis": -1})


@stands_for.register
def channel_shuffle(op: reshape.ChannelShuffle, at: Placed) -> Tensor:
    *sizes, width = at.shape
    rank = at.to.rank
    return rearranged(op, at, [*sizes, op.groups, width // op.groups if width else None],
                      [*range(1, rank + 1), rank + 2, rank + 1])  # fmt: skip


@stands_for.register
def upsample(op: resize.Upsample, at: Placed) -> Tensor:
    """To the size of another value is to a size."""
    known_size = None not in at.shape.spatial and None not in at.x.shape.spatial
    if op.factor is None and op.mode == "bilinear" and not op.align_corners and at.to.rank == 2 and known_size:
        height, width = at.shape.spatial
        return at.put("layers.Resizing", height=height, width=width, interpolation="bilinear")
    return called(op, row(op, at.to), at)


@stands_for.register
def pixel_shuffle(op: resize.PixelShuffle, at: Placed) -> Tensor:
    rank, (*sizes, width) = at.to.rank, at.x.shape
    f = op.factor
    order = [*(axis for i in range(rank) for axis in (1 + i, 2 + rank + i)), 1 + rank]
    return rearranged(op, at, [*sizes, width // f**rank if width else None, *[f] * rank], order)


@stands_for.register
def pixel_unshuffle(op: resize.PixelUnshuffle, at: Placed) -> Tensor:
    rank, (*sizes, width) = at.to.rank, at.x.shape
    f = op.factor
    split = [m for n in sizes for m in (n // f if n else None, f)]
    places, inner = range(1, 2 * rank + 1, 2), range(2, 2 * rank + 1, 2)
    return rearranged(op, at, [*split, width], [*places, 2 * rank + 1, *inner])


def rearranged(op: Op, at: Placed, split: list[int | None], order: list[int]) -> Tensor:
    """The values of a map in another order: taken apart, the axes moved, put together."""
    if None in split or None in at.shape:
        raise lacking(op)
    apart = at.put("layers.Reshape", shape=Shape(split), part="apart", target_shape=split)
    moved = Shape(split[axis - 1] for axis in order)
    turned = at.put("layers.Permute", apart, shape=moved, part="turned", dims=order)
    return at.put("layers.Reshape", turned, target_shape=list(at.shape))
