"""Pools that are several nodes: with places, and to a given size."""

from __future__ import annotations

from ....decompile.network import make
from ...unread import Unread
from ..pattern import Fixed, Found, Pattern, Tree, Var, X, node
from ..reader import Reader
from ..source import View
from ..values import Map, Sizes, first, whole
from .patterns import reads_as


@reads_as(node("Mod", node("MaxPool", X, output=1, name="places")))
def places(to: Reader, view: View, found: Found) -> Map:
    """The places of maxima, counted in each channel's map."""
    maps = to.map(to.graph.makers[found["places"]].outputs[0])
    return Map(maps.ref._replace(output=1), maps.axes)


FILLED = node("ScatterElements", node("Expand"), node("Reshape", Var("places")), node("Reshape", Var("maps")))


@reads_as(node("Reshape", FILLED))
def unpool(to: Reader, view: View, found: Found) -> Map:
    value = to.values.get(view.inputs[1])
    maps = [to.first(found["maps"]), to.map(found["places"])]
    like = value.value(len(maps[0].axes) - 1) if isinstance(value, Sizes) else None
    if like is not None:
        return to.layer(make("unpool", to=2), [*maps, to.settled(like)], view)
    sizes = list(value.items) if isinstance(value, Sizes) else whole(to.fixed(view.inputs[1]))
    if None in sizes[2:]:
        raise Unread("the size of its result is open")
    return to.layer(make("unpool", to=tuple(int(n or 0) for n in sizes[2:])), maps, view)


def gathered(inner: Pattern, number: int) -> Tree:
    """The places of every window of one axis."""
    return node("Gather", inner, Fixed(f"places{number}"))


def averaged(inner: Pattern, number: int) -> Tree:
    return node("ReduceSum", node("Mul", gathered(inner, number), Fixed(f"shares{number}")))


def largest(inner: Pattern, number: int) -> Tree:
    return node("ReduceMax", gathered(inner, number))


@reads_as(averaged(averaged(X, 0), 1), largest(largest(X, 0), 1))
def adaptive_pool(to: Reader, view: View, found: Found) -> Map | None:
    """Axis by axis, where windows overlap or differ in size."""
    x = to.map(found["x"])
    rank = len(x.axes) - 1
    tables = [to.fixed(found[f"places{i}"]) for i in range(2)]
    sizes = to.shape(x).spatial
    if rank != 2 or x.axes != first(2) or any(t.ndim != 2 or n is None for t, n in zip(tables, sizes)):
        return None
    if any(whole(t[:, 0]) != starts(n or 0, len(t)) for t, n in zip(tables, sizes)):
        return None
    word = "adaptive_avgpool" if view.kind == "ReduceSum" else "adaptive_maxpool"
    return to.layer(make(word, out=tuple(map(len, tables))), [x], view)


def starts(size: int, out: int) -> list[int]:
    return [i * size // out for i in range(out)]
