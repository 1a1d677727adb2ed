"""Other arrangements. The written order is channels last, so maps are turned before and behind."""

from __future__ import annotations

from ....ops import reshape as ops
from ....shape import Shape
from ..emitter import Emitter
from .table import emit


def written(to: Emitter, x: str, rank: int) -> str:
    """Channels first as channels last: (N, C, H, W) -> (N, H, W, C)."""
    return to.node("Transpose", [x], perm=[0, *range(2, rank + 2), 1]) if rank else x


def stored(to: Emitter, x: str, rank: int) -> str:
    """Channels last as channels first: (N, H, W, C) -> (N, C, H, W)."""
    return to.node("Transpose", [x], perm=[0, rank + 1, *range(1, rank + 1)]) if rank else x


@emit.register
def flatten(op: ops.Flatten, to: Emitter) -> list[str]:
    return [to.node("Flatten", [written(to, to.inputs[0], to.shapes[0].rank)], axis=1)]


def sizes(shape: Shape) -> list[int]:
    """For `Reshape`: the batch is kept, an open size follows."""
    return [0, *(-1 if n is None else n for n in shape)]


@emit.register
def reshape(op: ops.Reshape, to: Emitter) -> list[str]:
    target = to.outputs[0]
    made = to.node("Reshape", [written(to, to.inputs[0], to.shapes[0].rank), to.constant(sizes(target))])
    return [stored(to, made, target.rank)]


@emit.register
def permute(op: ops.Permute, to: Emitter) -> list[str]:
    rank = to.shapes[0].rank
    made = to.node("Transpose", [written(to, to.inputs[0], rank)], perm=[0, *op.order])
    return [stored(to, made, rank)]


@emit.register
def take_channels(op: ops.TakeChannels, to: Emitter) -> list[str]:
    return [to.node("Gather", [*to.inputs, to.constant(list(op.channels))], axis=1)]


@emit.register
def split(op: ops.Split, to: Emitter) -> list[str]:
    made = to.node("Split", to.inputs, outputs=op.parts, axis=1, num_outputs=op.parts)
    return made if op.parts > 1 else [made]


@emit.register
def channel_shuffle(op: ops.ChannelShuffle, to: Emitter) -> list[str]:
    (x,), width = to.inputs, to.shapes[0].channels or 0
    cards = to.node("Reshape", [x, to.constant([0, op.groups, width // op.groups, -1])])
    dealt = to.node("Transpose", [cards], perm=[0, 2, 1, 3])
    return [to.node("Reshape", [dealt, to.node("Shape", [x])])]
