"""Other sizes of a map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....decompile.network import make
from ....ops.resize import taken
from ...unread import Unread
from ..reader import Reader, reads
from ..source import View
from ..values import Map, Sizes, whole

NEAREST = {"round_prefer_floor", "round_prefer_ceil", ""}


@reads("Resize", "Upsample")
def resize(to: Reader, view: View) -> Map:
    x = to.first(view.inputs[0])
    rank, shape = to.shape(x).rank, to.shape(x)
    like = size_of(to, view, rank)
    if like is not None:
        op = make("upsample", to=1, **how(view, rank, exact(shape.spatial, list(to.shape(like).spatial))))
        return to.layer(op, [x, to.settled(like)], view)
    factors, sizes = asked(to, view, rank)
    given = how(view, rank, all(f == int(f) for f in factors) if factors else exact(shape.spatial, sizes))
    if factors and all(f == int(f) and f >= 1 for f in factors):
        return to.layer(make("upsample", factor=tuple(int(f) for f in factors), **given), [x], view)
    if factors:
        sizes = [int(n * f) for n, f in zip(known(shape.spatial), factors)]
    return to.layer(make("upsample", to=tuple(sizes), **given), [x], view)


def known(spatial: tuple[int | None, ...]) -> list[int]:
    if None in spatial:
        raise Unread("a factor that is no whole number needs a known size")
    return [n or 0 for n in spatial]


def size_of(to: Reader, view: View, rank: int) -> Map | None:
    """The value of which the size is asked for; None where it is a number."""
    value = to.values.get(to.optional(view, 3))
    return value.value(rank) if isinstance(value, Sizes) else None


def exact(spatial: tuple[int | None, ...], sizes: Sequence[int | None]) -> bool:
    """Whether the result is a whole number of times as large."""
    return all(n is not None and m is not None and m % n == 0 for n, m in zip(spatial, sizes))


def asked(to: Reader, view: View, rank: int) -> tuple[list[float], list[int]]:
    """The factors, or the sizes, of the places."""
    position = 1 if view.kind == "Upsample" or len(view.inputs) == 2 else 2
    if to.optional(view, 3):
        value = to.values.get(view.inputs[3])
        items = list(value.items) if isinstance(value, Sizes) else whole(to.fixed(view.inputs[3]))
        if None in items[-rank:]:
            raise Unread("the size of its result is computed from an open one")
        return [], [int(n or 0) for n in items[-rank:]]
    if not to.optional(view, position):
        raise Unread("neither sizes nor factors are given")
    return [float(f) for f in to.fixed(view.inputs[position]).reshape(-1)[-rank:]], []


def how(view: View, rank: int, whole_factor: bool) -> dict[str, Any]:
    """How numbers between the places are found."""
    mode = view.attributes.get("mode", "nearest")
    places = view.attributes.get("coordinate_transformation_mode", "half_pixel")
    if mode == "nearest":
        return nearest(view, places, whole_factor)
    words = {"linear": {2: "bilinear", 3: "trilinear"}.get(rank, "linear"), "cubic": "bicubic"}
    if mode not in words or places not in ("half_pixel", "align_corners", "pytorch_half_pixel"):
        raise Unread(f"it interpolates by `{mode}` with `{places}`")
    given: dict[str, Any] = {"mode": words[mode]}
    if mode == "cubic":
        given["a"] = view.attributes.get("cubic_coeff_a", -0.75)
    return {**given, "align_corners": True} if places == "align_corners" else given


def nearest(view: View, places: str, whole_factor: bool) -> dict[str, Any]:
    rounding = view.attributes.get("nearest_mode", "")
    if whole_factor:
        return {}
    if places == "asymmetric" and rounding == "floor":
        return {"mode": "nearest_floor"}
    if places in ("half_pixel", "pytorch_half_pixel") and rounding == "round_prefer_ceil":
        return {}
    raise Unread(f"the nearest place by `{places}` and `{rounding}` is another one")


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
    spatial = known(to.shape(x).spatial)
    sizes = [len(taken_by.get(axis, range(n))) for axis, n in enumerate(spatial)]
    for mode in ("nearest", "nearest_floor"):
        if all(taken(spatial[axis], len(index), mode) == index for axis, index in taken_by.items()):
            return to.layer(make("upsample", to=tuple(sizes), mode=mode), [x], view)
    raise Unread("it takes places, not channels")


@reads("DepthToSpace")
def pixel_shuffle(to: Reader, view: View) -> Map:
    if view.attributes.get("mode", "DCR") != "CRD":
        raise Unread("its channels are ordered depth first; `pixel_shuffle` has them last")
    op = make("pixel_shuffle", factor=view.attributes["blocksize"])
    return to.layer(op, [to.first(view.inputs[0])], view)
