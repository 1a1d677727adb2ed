"""Pools, and what takes all places together."""

from __future__ import annotations

from typing import Any

from ....compiler.decompile import Ref, make
from ....compiler.frontends.arranged import Map, first
from ....compiler.frontends.borders import bordered
from ....compiler.frontends.unread import Unread
from ..calls import border, given, sizes
from ..reader import Reader, reads


@reads("max_pool1d", "max_pool2d", "max_pool3d")
def max_pool(to: Reader, node: Any) -> Map:
    return pooled(to, node, "maxpool", ceil=given(node, 5, "ceil_mode"))


@reads("avg_pool1d", "avg_pool2d", "avg_pool3d")
def avg_pool(to: Reader, node: Any) -> Map:
    if given(node, 6, "divisor_override") is not None:
        raise Unread("it divides by a number of its own")
    counts = bool(given(node, 5, "count_include_pad", True)) or not any(sizes(given(node, 3, "padding", 0), 1))
    return pooled(to, node, "avgpool", ceil=given(node, 4, "ceil_mode"), count_pad=counts)


def pooled(to: Reader, node: Any, word: str, *, ceil: Any, **options: Any) -> Map:
    """A layer whose window lies as the node says."""
    x = to.first(node.args[0])
    rank = to.shape(x).rank
    window = sizes(node.args[1], rank)
    if "max" in word and set(sizes(given(node, 4, "dilation", 1), rank)) != {1}:
        raise Unread("its window is dilated")
    stride = sizes(given(node, 2, "stride") or window, rank)
    pad = border(given(node, 3, "padding", 0), rank)
    op, x = bordered(to, make(word, size=window, stride=stride, pad=pad, ceil=bool(ceil), **options), x)
    return to.layer(op, [x])


@reads("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d")
def adaptive_avg_pool(to: Reader, node: Any) -> Map:
    return adaptive(to, node, "avgpool")


@reads("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d")
def adaptive_max_pool(to: Reader, node: Any) -> list[Map]:
    return [adaptive(to, node, "maxpool")]


def adaptive(to: Reader, node: Any, pool: str) -> Map:
    x = to.first(node.args[0])
    out = sizes(node.args[1], to.shape(x).rank)
    if set(out) == {1}:
        return to.layer(make(f"global_{pool}", keep=True), [x])
    return x if out == to.shape(x).spatial else to.layer(make(f"adaptive_{pool}", out=out), [x])


@reads("mean")
def mean(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    rank = len(x.axes) - 1
    over = {x.axes[axis % (rank + 2) - 1] for axis in given(node, 1, "dim") or [] if axis % (rank + 2)}
    if not rank or over != set(range(rank)):
        raise Unread(f"it takes the mean over {given(node, 1, 'dim')}: only all places together have a counterpart")
    keep = bool(given(node, 2, "keepdim", False))
    ref = to.build.add(make("global_avgpool", keep=keep), [x.ref if keep else in_places(to, x)])
    return Map(ref, x.axes if keep else first(0))


def in_places(to: Reader, x: Map) -> Ref:
    """A map whose places were put in a row, as it was before."""
    layer = to.maker(x)
    source = to.build.shape(layer.inputs[0]) if layer.inputs else to.shape(x)
    row = layer.op.word == "reshape" and source.rank > 0 and source.channels == to.shape(x).channels
    return layer.inputs[0] if row else x.ref


@reads("amax")
def largest(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    rank, axes = len(x.axes) - 1, given(node, 1, "dim") or []
    over = {x.axes[axis % (rank + 2) - 1] for axis in axes if axis % (rank + 2)}
    if not rank or over != set(range(rank)):
        raise Unread(f"it takes the maximum over {axes}: only all places together have a counterpart")
    keep = bool(given(node, 2, "keepdim", False))
    ref = to.build.add(make("global_maxpool", keep=keep), [x.ref if keep else in_places(to, x)])
    return Map(ref, x.axes if keep else first(0))
