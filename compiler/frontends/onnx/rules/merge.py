"""What makes one value of several."""

from __future__ import annotations

from ....decompile.network import make
from ....ops.merge import AXES
from ...unread import Unread
from ..reader import Reader, reads
from ..source import View
from ..values import Map

WORDS = {"Add": "add", "Sum": "add", "Sub": "subtract", "Mul": "multiply", "Mean": "average", "Max": "maximum",
         "Min": "minimum"}  # fmt: skip


@reads(*WORDS)
def merge(to: Reader, view: View) -> Map | None:
    if not all(to.is_map(name) for name in view.inputs):
        for name in view.inputs:
            to.map(name)
        return None
    return to.merged(make(WORDS[view.kind]), [to.map(name) for name in view.inputs])


@reads("Concat")
def concat(to: Reader, view: View) -> Map | None:
    if not any(to.is_map(name) for name in view.inputs):
        return None
    values = [to.map(name) for name in view.inputs]
    if len({v.axes for v in values}) > 1:
        values = [to.settled(v) for v in values]
    if any(v.order is not None for v in values):
        raise Unread("it joins maps flattened with their channels first")
    axes = values[0].axes
    axis = view.attributes["axis"] % (len(axes) + 1)
    if axis == 0:
        raise Unread("it joins along the batch")
    place = axes[axis - 1]
    rank = len(axes) - 1
    if place != rank and rank not in AXES:
        raise Unread("it joins along an axis that has no name")
    word = "channels" if place == rank else AXES[rank][place]
    return to.joined(values, word)


def channel_axis(x: Map, axis: int) -> bool:
    """Whether an axis of the tensor holds the channels."""
    rank = len(x.axes) - 1
    axis %= rank + 2
    return axis > 0 and x.axes[axis - 1] == rank
