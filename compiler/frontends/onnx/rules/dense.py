"""Fully connected layers, in all the ways they are put together."""

from __future__ import annotations

import numpy as np

from ....decompile.network import make
from ...flat import from_channels_first
from ...unread import Unread
from ..reader import Reader, reads
from ..source import Array, View
from ..values import Map, last


@reads("Gemm")
def gemm(to: Reader, view: View) -> Map:
    x = to.map(view.inputs[0])
    scaled = view.attributes.get("alpha", 1.0) != 1 or view.attributes.get("beta", 1.0) != 1
    if scaled or view.attributes.get("transA", 0):
        raise Unread("its operands are scaled or transposed")
    turned = bool(view.attributes.get("transB", 0))
    return dense(to, view, x, view.inputs[1], turned, to.optional(view, 2))


@reads("MatMul")
def matmul(to: Reader, view: View) -> Map:
    """Without a bias; an `Add` behind it gives it one."""
    if to.is_map(view.inputs[1]):
        raise Unread("it multiplies two values of the network")
    name, turned = transposed(to, view.inputs[1])
    return dense(to, view, to.map(view.inputs[0]), name, turned, "")


def transposed(to: Reader, name: str) -> tuple[str, bool]:
    """The initialiser behind a `Transpose` of fixed numbers, and whether there is one."""
    view = to.graph.makers.get(name)
    if view is not None and view.kind == "Transpose" and to.graph.is_stored(view.inputs[0]):
        return view.inputs[0], True
    return name, False


def dense(to: Reader, view: View, x: Map, name: str, turned: bool, bias: str) -> Map:
    """A dense layer on a vector, or on the channels of every place where they lie last."""
    rank = len(x.axes) - 1
    if x.axes != last(rank):
        x = to.as_stored(x)
    stored = to.fixed(name)
    weight: Array | str = name
    if not turned:
        weight = np.ascontiguousarray(stored.T)
    if x.order is not None:
        weight = from_channels_first(stored if turned else np.asarray(weight), x.order)
    out = stored.shape[0] if turned else stored.shape[1]
    weights: dict[str, str | Array] = {"weight": weight}
    if bias:
        weights["bias"] = to.fixed(bias).reshape(-1) if to.fixed(bias).ndim != 1 else bias
    op = make("dense", out=out, bias=bool(bias), per_place=rank > 0)
    made = to.layer(op, [x], named(view, name), weights)
    return Map(made.ref, last(rank))


def named(view: View, weight: str) -> View:
    """The node, called after its weight where that was permuted on the way."""
    return view._replace(name=f"{weight.rsplit('.', 1)[0].replace('.', '/')}/x") if weight.endswith(".weight") else view
