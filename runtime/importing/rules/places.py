"""Pools that tell the places of their maxima, and what puts numbers back there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from ....compiler.decompile import make
from ....compiler.frontends.arranged import Map
from ....compiler.frontends.unread import Unread
from ....compiler.ops.base import Op, OpError
from ....compiler.ops.geometry import explicit
from ....compiler.shape import Shape
from ..calls import called, given
from ..reader import Reader, ends, reads
from .pools import pooled


@reads("max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices")
def max_pool_places(to: Reader, node: Any) -> list[Map | None]:
    """Maps and places; those in a map with a border around it are no value of ours until they are moved."""
    maps = pooled(to, node, "maxpool_places", ceil=given(node, 5, "ceil_mode"))
    framed = to.maker(maps).inputs != (to.first(node.args[0]).ref,)
    return [maps, None if framed else places_of(maps)]


def places_of(maps: Map) -> Map:
    return Map(maps.ref._replace(output=1), maps.axes)


COUNTING = ("add", "sub", "mul", "floor_divide", "remainder")


@ends("add")
def moved(to: Reader, node: Any) -> Map | None:
    """Places counted in a map with a border, counted anew in the map itself: tried out for each of them."""
    leaf = node
    while called(leaf, *COUNTING):
        behind = [n for n in leaf.all_input_nodes if not to.is_weight(n)]
        if len(set(behind)) != 1 and not called(leaf, "add"):
            return None
        leaf = behind[-1]
    pool: Any = leaf.args[0] if getattr(leaf, "args", ()) else None
    if not called(pool, "max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices"):
        return None
    if leaf.args[1] != 1 or to.values.get(pool.name) is None or to.value(pool)[1] is not None:
        return None
    maps = to.value(pool)[0]
    wide, narrow = pool.args[0].meta["val"].shape[2:], pool.args[0].args[0].meta["val"].shape[2:]
    made = counted(to, node, {leaf: torch.arange(wide.numel())})
    return places_of(maps) if agree(made, wide, narrow, explicit(border(to, maps), len(wide))) else None


def border(to: Reader, maps: Map) -> Any:
    op = to.maker(maps).op
    over = op.sliding(to.build.shape(to.maker(maps).inputs[0]))  # type: ignore[attr-defined]
    return over.borders


def counted(to: Reader, node: Any, known: dict[Any, torch.Tensor]) -> torch.Tensor:
    """What a node makes of the numbers at a leaf."""
    if node in known:
        return known[node]
    if to.is_weight(node):
        return to.array(node)
    args = torch.fx.node.map_arg(node.args, lambda n: counted(to, n, known))
    made: torch.Tensor = node.target(*args, **node.kwargs)
    return made


def agree(made: torch.Tensor, wide: Any, narrow: Any, edges: Any) -> bool:
    """Whether the places of the wide map that lie in the narrow one have their numbers there."""
    grid = torch.cartesian_prod(*(torch.arange(n) for n in wide)).reshape(-1, len(wide))
    inside = torch.ones(len(grid), dtype=torch.bool)
    number = torch.zeros(len(grid), dtype=torch.long)
    for axis, (n, (before, _)) in enumerate(zip(narrow, edges)):
        place = grid[:, axis] - before
        inside &= (place >= 0) & (place < n)
        number = number * n + place
    return bool((made.reshape(-1)[inside] == number[inside]).all())


@reads("max_unpool2d", "max_unpool3d")
def max_unpool(to: Reader, node: Any) -> Map:
    return put_back(to, node.args[0], node.args[1], node)


@ends("squeeze")
def max_unpool_of_rows(to: Reader, node: Any) -> Map | None:
    """In one dimension PyTorch counts in a map of one column."""
    made = node.args[0]
    if not called(made, "max_unpool2d") or not all(called(n, "unsqueeze") for n in made.args[:2]):
        return None
    return put_back(to, made.args[0].args[0], made.args[1].args[0], node)


@ends("view")
def scattered(to: Reader, node: Any) -> Map | None:
    """Zeros, numbers scattered among them by their places."""
    made = node.args[0]
    if not called(made, "scatter") or not to.is_weight(made.args[0]) or to.array(made.args[0]).any():
        return None
    places, maps = made.args[2:4]
    if made.args[1] != 2 or not all(called(n, "flatten") and n.args[1] == 2 for n in (places, maps)):
        return None
    return put_back(to, maps.args[0], places.args[0], node)


def put_back(to: Reader, maps: Any, places: Any, made: Any) -> Map:
    """The layer for numbers put back at places into a map of the size of a node."""
    values = [to.first(maps), to.map(places)]
    for op in unpools(to, values[1]):
        if all(leads(op, a, b) for a, b in zip(to.known_shapes(maps), to.known_shapes(made))):
            return to.layer(op, values)
    return to.sized(make("unpool"), values, made)


def leads(op: Op, maps: Any, made: Any) -> bool:
    """Whether the arithmetic of the window leads from the one size to the other."""
    shape = Shape((*maps[2:], maps[1]))
    try:
        return op.facts((shape, shape)).output.spatial == tuple(made[2:])
    except OpError:
        return False


def unpools(to: Reader, places: Map) -> Iterator[Op]:
    """What undoes a pool: of the window that is usual, or of the one that it had."""
    yield make("unpool")
    pool = to.maker(places).op
    if pool.word != "maxpool_places":
        raise Unread("its places come from no pool")
    edges = explicit(border(to, places), to.shape(places).rank)
    if all(a == b for a, b in edges):
        yield make("unpool", size=pool.__dict__["size"], stride=pool.__dict__["stride"], pad=tuple(a for a, _ in edges))
