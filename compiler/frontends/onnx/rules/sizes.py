"""Arithmetic with sizes: what exporters compute of shapes instead of writing it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..folding import to_real
from ..reader import Reader, reads
from ..source import View
from ..values import Map, Sizes, whole


@reads("Shape")
def shape(to: Reader, view: View) -> Sizes | None:
    value = to.value(view.inputs[0])
    if not isinstance(value, Map):
        return None
    sizes = Sizes((None, *to.dims(value)), False, (None, *((value, axis) for axis in value.axes)))
    return cut(sizes, view.attributes.get("start", 0), view.attributes.get("end"))


def cut(sizes: Sizes, start: int | None, end: int | None) -> Sizes:
    return sizes.at(range(len(sizes.items))[slice(start, end)])


def known(to: Reader, name: str) -> Sizes | None:
    """Sizes, computed or written down; None for anything else."""
    value = to.values.get(name)
    if isinstance(value, Sizes):
        return value
    if to.graph.is_stored(name):
        array = to.fixed(name)
        if array.dtype.kind in "iu" and array.ndim < 2:
            return Sizes(tuple(whole(array)), array.ndim == 0)
    return None


@reads("Gather")
def gather(to: Reader, view: View) -> Sizes | None:
    sizes = known(to, view.inputs[0])
    if sizes is None or not to.graph.is_stored(view.inputs[1]):
        return None
    index = to.fixed(view.inputs[1])
    return sizes.at(whole(index), scalar=index.ndim == 0)


@reads("Concat")
def concat(to: Reader, view: View) -> Sizes | None:
    found = [sizes for name in view.inputs if (sizes := known(to, name)) is not None]
    if len(found) < len(view.inputs):
        return None
    items, origins = (
        tuple(n for part in parts for n in part) for parts in zip(*((s.items, s.known_origins) for s in found))
    )
    return Sizes(items, False, origins)


@reads("Unsqueeze", "Squeeze", "Cast", "Identity", "Reshape")
def rearranged(to: Reader, view: View) -> Sizes | None:
    sizes = to.values.get(view.inputs[0])
    if not isinstance(sizes, Sizes) or to_real(view):
        return None
    return sizes._replace(scalar=sizes.scalar if view.kind in ("Cast", "Identity") else view.kind == "Squeeze")


@reads("Slice")
def slice_(to: Reader, view: View) -> Sizes | None:
    sizes = known(to, view.inputs[0])
    if sizes is None:
        return None
    starts, ends, steps = (to.whole(view, *place) for place in (("starts", 1), ("ends", 2), ("steps", 4)))
    if starts is None or ends is None or steps not in (None, [1]):
        return None
    return cut(sizes, starts[0], ends[0])


COMPUTE: dict[str, Callable[[int, int], int]] = {
    "Add": lambda a, b: a + b,
    "Sub": lambda a, b: a - b,
    "Mul": lambda a, b: a * b,
    "Div": lambda a, b: a // b,
}


@reads(*COMPUTE)
def computed(to: Reader, view: View) -> Sizes | None:
    a, b = (known(to, name) for name in view.inputs)
    if a is None or b is None:
        return None
    pairs: list[tuple[Any, Any]] = list(zip(a.items * len(b.items), b.items * len(a.items)))
    return Sizes(tuple(None if None in p else COMPUTE[view.kind](*p) for p in pairs), a.scalar and b.scalar)
