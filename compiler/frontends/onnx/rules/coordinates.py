"""Where `Resize` takes its numbers from, as ONNX defines it, and which `upsample` takes them from there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

from ....ops.resize import taken
from ...unread import Unread
from ..source import View

SAMPLES = ((2, 3), (3, 2), (3, 7), (4, 9), (5, 4), (6, 9), (7, 10))
"""Sizes before and behind that are tried where they are open."""

HALF = Fraction(1, 2)
NEAR = 1e-5
"""A distance between places that makes no difference: factors are numbers of 32 bits."""


class Axis(NamedTuple):
    """One dimension that is resized: its sizes and the factor between them as it is given, else their ratio."""

    size: int
    out: int
    factor: float | None = None

    @property
    def scale(self) -> Fraction:
        return Fraction(self.out, self.size) if self.factor is None else Fraction(self.factor)


def samples(size: int | None, out: int | None, factor: float | None) -> list[Axis]:
    """The dimension, or some like it where its sizes are open."""
    if size is not None and (out is not None or factor is not None):
        return [Axis(size, floor(size * Fraction(factor)) if factor is not None else out or 0, factor)]
    if factor is not None:
        return [Axis(n, floor(n * Fraction(factor)), factor) for n in range(2, 9)]
    return [Axis(size or n, out or m) for n, m in SAMPLES]


def manner(view: View, opset: int, axes: Sequence[Axis]) -> dict[str, Any]:
    """The arguments of `upsample` that say how numbers between the places are found. Unread where none do."""
    mode = view.attributes.get("mode", "nearest")
    places = view.attributes.get("coordinate_transformation_mode", "half_pixel")
    if view.kind == "Upsample" or opset < 11:
        places = "asymmetric"
    if view.attributes.get("antialias") and any(axis.out < axis.size for axis in axes):
        raise Unread("it smoothes what it makes smaller; `upsample` does not")
    if mode == "nearest":
        return nearest(view, places, "floor" if opset < 11 else "round_prefer_floor", axes)
    rank_words = {"linear": "linear", "cubic": "bicubic"}
    if mode not in rank_words:
        raise Unread(f"it interpolates by `{mode}`")
    if mode == "cubic":
        return cubic(view, places, axes)
    for ours in ("half_pixel", "align_corners"):
        if all(alike(places, ours, axis, clipped=True) for axis in axes):
            return {"mode": "linear", "align_corners": True} if ours == "align_corners" else {"mode": "linear"}
    newer = "; opset 11 and later have them" if opset < 11 else ""
    found = f"it interpolates by `{mode}` at the places of `{places}`{by_factor(axes)}"
    raise Unread(f"{found}, `upsample` at their middles or corners{newer}")


def cubic(view: View, places: str, axes: Sequence[Axis]) -> dict[str, Any]:
    a = view.attributes.get("cubic_coeff_a", -0.75)
    beyond = bool(view.attributes.get("exclude_outside", 0))
    if not all(alike(places, "half_pixel", axis, clipped=False) for axis in axes):
        raise Unread(f"it interpolates by `cubic` at the places of `{places}`{by_factor(axes)}: `bicubic` has others")
    if beyond != (a == -0.5):
        raise Unread(f"with a={a:g} `bicubic` {'repeats the edge' if beyond else 'leaves out what lies beyond it'}")
    return {"mode": "bicubic", "a": a}


def nearest(view: View, places: str, default: str, axes: Sequence[Axis]) -> dict[str, Any]:
    rounding = view.attributes.get("nearest_mode", default)
    same = {"nearest": ("half_pixel", "round_prefer_ceil"), "nearest_floor": ("asymmetric", "floor")}
    for mode, definition in same.items():
        named = (places, rounding) == definition and not by_factor(axes)
        if named or all(chosen(places, rounding, axis) == taken(axis.size, axis.out, mode) for axis in axes):
            return {} if mode == "nearest" else {"mode": mode}
    raise Unread(f"the nearest place by `{places}` and `{rounding}`{by_factor(axes)} is another one")


def by_factor(axes: Sequence[Axis]) -> str:
    """What to say of factors that are not the ratio of the sizes."""
    odd = next((a for a in axes if a.factor is not None and abs(a.factor * a.size - a.out) > NEAR * a.size), None)
    return "" if odd is None else f" with {odd.size} x {odd.factor:g} cut down to {odd.out}"


def alike(theirs: str, ours: str, axis: Axis, *, clipped: bool) -> bool:
    """Whether two ways to lay places lead to the same ones."""
    pairs = zip(coordinates(theirs, axis), coordinates(ours, axis._replace(factor=None)))
    within = [(inside(a, axis), inside(b, axis)) if clipped else (a, b) for a, b in pairs]
    return all(abs(a - b) < NEAR * axis.size for a, b in within)


def inside(place: Fraction, axis: Axis) -> Fraction:
    return min(max(place, Fraction(0)), Fraction(axis.size - 1))


def chosen(places: str, rounding: str, axis: Axis) -> list[int]:
    """The places that are taken whole."""
    rounded: dict[str, Callable[[Fraction], int]] = {
        "floor": floor,
        "ceil": ceil,
        "round_prefer_floor": lambda x: ceil(x - HALF),
        "round_prefer_ceil": lambda x: floor(x + HALF),
    }
    if rounding not in rounded:
        raise Unread(f"it rounds by `{rounding}`")
    return [min(max(rounded[rounding](x), 0), axis.size - 1) for x in coordinates(places, axis)]


def coordinates(places: str, axis: Axis) -> list[Fraction]:
    """Where each new place lies among the old ones."""
    size, out, scale = axis.size, axis.out, axis.scale
    shift = Fraction(size, 2) * (1 - Fraction(out) / (scale * size))
    at: dict[str, Callable[[int], Fraction]] = {
        "half_pixel": lambda i: (i + HALF) / scale - HALF,
        "pytorch_half_pixel": lambda i: (i + HALF) / scale - HALF if out > 1 else Fraction(0),
        "half_pixel_symmetric": lambda i: shift + (i + HALF) / scale - HALF,
        "asymmetric": lambda i: i / scale,
        "align_corners": lambda i: Fraction(i * (size - 1), out - 1) if out > 1 else Fraction(0),
        "tf_half_pixel_for_nn": lambda i: (i + HALF) / scale,
    }
    if places not in at:
        raise Unread(f"it lays places by `{places}`")
    return [at[places](i) for i in range(out)]
