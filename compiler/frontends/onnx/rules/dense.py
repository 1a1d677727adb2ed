"""Fully connected layers, in all the ways they are put together."""

from __future__ import annotations

import numpy as np

from ....decompile.network import make
from ...flat import from_channels_first
from ...unread import Unread
from ..reader import Reader, reads
from ..source import Array, View
from ..values import Map, last
from ..ways import ATTENTION


@reads("Gemm")
def gemm(to: Reader, view: View) -> Map:
    x = to.map(view.inputs[0])
    if view.attributes.get("transA", 0):
        raise Unread("its first operand is transposed")
    if to.graph.fixed(view.inputs[1]) is None:
        raise Unread("its weights are computed")
    turned = bool(view.attributes.get("transB", 0))
    return dense(to, view, x, view.inputs[1], turned, to.optional(view, 2))


@reads("MatMul")
def matmul(to: Reader, view: View) -> Map:
    """Without a bias; an `Add` behind it gives it one."""
    if to.graph.is_stored(view.inputs[0]):
        raise Unread("it multiplies numbers by a value, which mixes places and no layer does")
    if to.is_map(view.inputs[1]):
        raise Unread(ATTENTION)
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
    alpha, beta = (view.attributes.get(key, 1.0) for key in ("alpha", "beta"))
    stored = to.fixed(name)
    if stored.ndim != 2:
        raise Unread(f"its weights have {stored.ndim} axes: examples are multiplied apart")
    weight: Array | str = name
    if alpha != 1:
        weight = stored = (stored * stored.dtype.type(alpha)).astype(stored.dtype)
    if not turned:
        weight = np.ascontiguousarray(stored.T)
    if x.order is not None:
        weight = from_channels_first(stored if turned else np.asarray(weight), x.order)
    out = stored.shape[0] if turned else stored.shape[1]
    weights: dict[str, str | Array] = {"weight": weight}
    if bias:
        numbers = to.fixed(bias)
        plainly = numbers.shape == (out,) and beta == 1
        whole = np.broadcast_to(numbers * numbers.dtype.type(beta), (1, out) if numbers.size <= out else numbers.shape)
        weights["bias"] = bias if plainly else np.ascontiguousarray(whole).reshape(-1)
    op = make("dense", out=out, bias=bool(bias), per_place=rank > 0)
    made = to.layer(op, [x], named(view, name), weights)
    return Map(made.ref, last(rank))


def named(view: View, weight: str) -> View:
    """The node, called after its weight where that was permuted on the way."""
    return view._replace(name=f"{weight.rsplit('.', 1)[0].replace('.', '/')}/x") if weight.endswith(".weight") else view
