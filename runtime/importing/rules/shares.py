"""Pools that PyTorch computes from a mean: of the places that count alone, and of squares."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

import torch
from torch.nn import functional

from ....compiler.decompile import make
from ....compiler.frontends.arranged import Map
from ....compiler.frontends.borders import worded
from ....compiler.ops.base import Op, OpError
from ....compiler.ops.geometry import VALID, Padding, explicit
from ....compiler.shape import Shape
from ..calls import called
from ..reader import Reader, ends
from .patterns import walked

POOLS = ("avg_pool1d", "avg_pool2d", "avg_pool3d")


@ends("div")
def counted(to: Reader, node: Any) -> Map | None:
    """A mean over whole windows, by the share of each that counts."""
    pool, share = node.args[:2]
    if not called(pool, *POOLS) or not to.is_weight(share) or to.is_weight(pool):
        return None
    layer = to.maker(to.map(pool))
    x = to.build.shape(layer.inputs[0])
    for op in countings(layer.op, x):
        ours, theirs = shares(op, x), to.array(share).reshape(-1).double()
        if ours.shape == theirs.shape and torch.allclose(ours, theirs):
            return Map(to.build.add(worded(op, x), layer.inputs), to.map(pool).axes)
    return None


def countings(op: Any, x: Shape) -> Iterator[Op]:
    """The same windows, of whose border all counts, or nothing, or something."""
    pairs = explicit(op.pad.pairs, x.rank) if op.pad.kind == "explicit" else ((0, 0),) * x.rank
    yield from (op, op.changed(count_pad=False))
    for inner in product(*(range(after + 1) for _, after in pairs)):
        border = tuple((before, after) for (before, _), after in zip(pairs, inner))
        yield op.changed(pad=Padding("explicit", border) if any(map(any, border)) else VALID, ceil=True)


def shares(op: Any, x: Shape) -> torch.Tensor:
    """The share of each window that counts."""
    try:
        over = op.sliding(x)
    except OpError:
        return torch.zeros(0, dtype=torch.float64)
    ones = torch.ones(1, 1, *(n or 1 for n in x.spatial), dtype=torch.float64)
    edges = [edge for pair in reversed(over.borders) for edge in pair]
    ones = functional.pad(ones, edges, value=float(op.counts_border))
    rest = [max((c - 1) * s + k - n, 0) for c, s, k, n in zip(over.counts, over.stride, over.size, ones.shape[2:])]
    ones = functional.pad(ones, [edge for n in reversed(rest) for edge in (0, n)])
    pool = (functional.avg_pool1d, functional.avg_pool2d, functional.avg_pool3d)[x.rank - 1]
    return pool(ones, over.size, over.stride).reshape(-1)


@ends("sqrt", "pow")
def l2pool(to: Reader, node: Any) -> Map | None:
    """The root of the mean of squares, times how many they are."""
    if called(node, "pow") and node.args[1] != 0.5:
        return None
    scaled = walked(node.args[0], ("clamp_min",), ("mul",))
    if scaled is None or not isinstance(scaled.args[1], (int, float)):
        return None
    pool = walked(walked(scaled.args[0], (), ("mul",)) or scaled.args[0], ("relu", "abs", "mul", "sign"), POOLS)
    if pool is None:
        return None
    layer = to.maker(to.map(pool))
    squares = to.build.layers[layer.inputs[0].layer]
    windows: Any = layer.op
    x = to.build.shape(layer.inputs[0])
    if squares.op.word != "square" or scaled.args[1] != prod(windows.sliding(x).size):
        return None
    op = make("l2pool", size=windows.size, stride=windows.stride, pad=windows.pad, ceil=windows.ceil)
    return Map(to.build.add(worded(op, x), squares.inputs), to.map(pool).axes)
