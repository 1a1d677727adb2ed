"""Other sizes of a map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ....decompile.network import make
from ....ops.resize import taken
from ...unread import Unread
from ..reader import Reader, reads
from ..source import View
from ..values import Map, whole
from .coordinates import manner, samples
from .sizes import known


class Asked(NamedTuple):
    """What is asked for one dimension: a factor or a size, which may be that of a dimension of a value."""

    factor: float | None = None
    size: int | None = None
    origin: tuple[Map, int] | None = None


@reads("Resize", "Upsample")
def resize(to: Reader, view: View) -> Map:
    x = to.map(view.inputs[0])
    rank, shape = len(x.axes) - 1, to.shape(x)
    if x.order is not None or not rank:
        raise Unread("it resizes a vector")
    *spatial, channels = asked(to, view, x)
    if channels.factor not in (None, 1.0) or channels.size not in (None, shape.channels):
        raise Unread("it makes more channels")
    axes = [axis for n, ask in zip(shape.spatial, spatial) for axis in samples(n, ask.size, ask.factor)]
    given = worded(manner(view, to.graph.opset, axes), rank)
    like = target(spatial)
    if like is not None:
        return Map(to.layer(make("upsample", to=1, **given), [x, to.settled(like)], view).ref, x.axes)
    factors = [ask.factor for ask in spatial if ask.factor is not None and ask.factor >= 1]
    if len(factors) == rank and all(f == int(f) for f in factors):
        op = make("upsample", factor=tuple(map(int, factors)), **given)
    elif any(ask.size is None and (ask.factor is None or n is None) for n, ask in zip(shape.spatial, spatial)):
        raise Unread("the size of its result hangs on an open one in a way that `upsample` does not say")
    else:
        op = make("upsample", to=tuple(axis.out for axis in axes), **given)
    return Map(to.layer(op, [x], view).ref, x.axes)


def worded(given: dict[str, Any], rank: int) -> dict[str, Any]:
    """`linear` by its usual name."""
    names = {"linear": {2: "bilinear", 3: "trilinear"}.get(rank, "linear")}
    return {**given, "mode": names.get(given["mode"], given["mode"])} if "mode" in given else given


def target(spatial: Sequence[Asked]) -> Map | None:
    """The value of which the size is asked for; None where there is none."""
    value = spatial[0].origin[0] if spatial[0].origin is not None else None
    wanted = [(value, axis) for axis in range(len(spatial))]
    return value if value is not None and [ask.origin for ask in spatial] == wanted else None


def asked(to: Reader, view: View, x: Map) -> list[Asked]:
    """What is asked for each dimension as written, the channels last."""
    if view.attributes.get("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise Unread("its sizes are bounds, within which the picture keeps its form")
    total = len(x.axes) + 1
    axes = [a % total for a in view.attributes.get("axes", range(total))]
    found = {axis: Asked(factor=1.0) for axis in range(total)}
    position = 1 if view.kind == "Upsample" or len(view.inputs) == 2 else 2
    if to.optional(view, 3):
        sizes = known(to, view.inputs[3])
        if sizes is None:
            raise Unread("the size of its result is computed in a way that is not followed")
        found |= {a: Asked(None, n, o) for a, n, o in zip(axes, sizes.items, sizes.known_origins)}
    else:
        factors = view.attributes.get("scales")
        if factors is None and not to.optional(view, position):
            raise Unread("neither sizes nor factors are given")
        if factors is None:
            factors = to.fixed(view.inputs[position]).reshape(-1).tolist()
        found |= {a: Asked(float(f)) for a, f in zip(axes, factors)}
    if found[0].factor not in (None, 1.0):
        raise Unread("it makes more examples")
    behind = {written: found[axis + 1] for axis, written in enumerate(x.axes)}
    return [behind[written] for written in sorted(behind)]


def resampled(to: Reader, view: View) -> Map:
    """Places taken along one axis after the other: the nearest ones, as our own exporter lists them."""
    taken_by: dict[int, list[int]] = {}
    maker: View | None = view
    while maker is not None and maker.kind == "Gather" and to.graph.is_stored(maker.inputs[1]):
        axis, index = maker.attributes.get("axis", 0) - 2, to.fixed(maker.inputs[1])
        if axis in taken_by or axis < 0 or index.ndim != 1:
            break
        taken_by[axis], source = whole(index), maker.inputs[0]
        maker = to.graph.makers.get(source)
    if not taken_by:
        raise Unread("it takes places, not channels")
    x = to.first(source)
    spatial = [n or 0 for n in to.shape(x).spatial]
    if 0 in spatial:
        raise Unread("it takes places of a map of open size")
    sizes = [len(taken_by.get(axis, range(n))) for axis, n in enumerate(spatial)]
    for mode in ("nearest", "nearest_floor"):
        if all(taken(spatial[axis], len(index), mode) == index for axis, index in taken_by.items()):
            return to.layer(make("upsample", to=tuple(sizes), mode=mode), [x], view)
    raise Unread("it takes places, not channels")


@reads("DepthToSpace")
def pixel_shuffle(to: Reader, view: View) -> Map:
    """By its default the places of a block come before the channels, which is to be turned round."""
    x, factor = to.first(view.inputs[0]), view.attributes["blocksize"]
    if view.attributes.get("mode", "DCR") != "CRD" and to.shape(x).channels != factor * factor:
        x = to.layer(make("channel_shuffle", groups=factor * factor), [x], view)
    return to.layer(make("pixel_shuffle", factor=factor), [x], view)


@reads("SpaceToDepth")
def pixel_unshuffle(to: Reader, view: View) -> Map:
    """The places of a block come before the channels."""
    x = to.first(view.inputs[0])
    width = to.shape(x).channels
    made = to.layer(make("pixel_unshuffle", factor=view.attributes["blocksize"]), [x], view)
    return made if width == 1 else to.layer(make("channel_shuffle", groups=width), [made], view)
