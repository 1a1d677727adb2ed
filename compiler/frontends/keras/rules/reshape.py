"""Other arrangements."""

from __future__ import annotations

from ....decompile.network import Ref, make
from ...unread import Unread
from ..arguments import last
from ..call import Call, reads
from .tables import edges


@reads("Flatten")
def flatten(call: Call) -> list[Ref]:
    last(call.config)
    return call.then(make("flatten"))


@reads("Reshape")
def reshape(call: Call) -> list[Ref]:
    wanted = tuple(None if n == -1 else n for n in call.config["target_shape"])
    return call.then(make("reshape", shape=wanted))


@reads("Permute")
def permute(call: Call) -> list[Ref]:
    return call.then(make("permute", order=tuple(call.config["dims"])))


@reads("Split")
def split(call: Call) -> list[Ref]:
    """`ops.split` of the channels, in equal shares or at places."""
    axis, at = call.config.get("axis", 0), call.config["indices_or_sections"]
    width = call.shape.channels or 0
    if axis not in (-1, len(call.shape)):
        raise Unread(f"it splits the axis {axis}: only channels are split")
    if isinstance(at, int):
        return call.one(make("split", parts=at))
    runs = zip([0, *at], [*at, width])
    return [call.build.add(make("take_channels", channels=tuple(range(a, b))), call.inputs) for a, b in runs]


@reads("Take")
def take_channels(call: Call) -> list[Ref]:
    """`ops.take` of channels by their numbers, or of places with the first and the last several times."""
    axis, taken = call.config.get("axis"), call.numbers.get("1")
    if isinstance(axis, int) and isinstance(taken, list) and 0 < axis < len(call.shape):
        found = edges(taken, call.shape[axis - 1] or 0)
        if found is not None:
            border = tuple(found if place == axis else (0, 0) for place in range(1, len(call.shape)))
            return call.then(make("edge_pad", border=border))
    if axis not in (-1, len(call.shape)) or not isinstance(taken, list):
        raise Unread(
            f"it takes places of the axis {axis}: only channels, and edges that are repeated, have a counterpart"
        )
    return call.then(make("take_channels", channels=tuple(taken)))


@reads("OneHot")
def one_hot(call: Call) -> list[Ref]:
    if call.config.get("axis", -1) not in (-1, 2):
        raise Unread(f"its axis is {call.config['axis']}, which does not hold the channels")
    return call.then(make("one_hot", depth=call.config["num_classes"]))


@reads("StopGradient")
def stop_gradient(call: Call) -> list[Ref]:
    return call.then(make("stop_gradient"))


@reads("Identity")
def identity(call: Call) -> list[Ref]:
    return list(call.inputs[:1])
