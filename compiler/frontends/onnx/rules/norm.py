"""Normalisation."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....decompile.network import make
from ...flat import from_channels_first
from ...unread import Unread
from ..reader import Reader, reads
from ..source import Array, View, decimal
from ..values import Map, last, uniform

OURS = "/constant"
"""How the initialisers end that our own exporter makes for numbers that are no weights."""


def absent(to: Reader, name: str, value: float) -> bool:
    """Whether numbers stand for nothing: all 0 or all 1, and no weight by their name."""
    made_up = OURS in name or not name
    return made_up and uniform(to.fixed(name)) == value


@reads("BatchNormalization")
def batchnorm(to: Reader, view: View) -> Map:
    x = to.map(view.inputs[0])
    if x.order is None and len(x.axes) > 1:
        x = to.settled(x)
    names = dict(zip(("weight", "bias", "running_mean", "running_var"), view.inputs[1:5]))
    scale, center = not absent(to, names["weight"], 1.0), not absent(to, names["bias"], 0.0)
    weights: dict[str, str | Array] = {
        key: name for key, name in names.items() if {"weight": scale, "bias": center}.get(key, True)
    }
    if x.order is not None:
        order = x.order
        weights = {key: from_channels_first(to.fixed(str(n))[None], order)[0] for key, n in weights.items()}
    op = make(
        "batchnorm",
        eps=view.attributes.get("epsilon", 1e-5),
        momentum=view.attributes.get("momentum", 0.9),
        scale=scale,
        center=center,
    )
    return to.layer(op, [x], view, weights)._replace(order=x.order)


@reads("LayerNormalization")
def layernorm(to: Reader, view: View) -> Map:
    x = to.map(view.inputs[0])
    rank = len(x.axes) - 1
    axis = view.attributes.get("axis", -1)
    if axis not in (-1, rank + 1) or x.axes != last(rank):
        raise Unread("it normalises other axes than the last, which must hold the channels")
    scale = not absent(to, view.inputs[1], 1.0)
    weights = {"weight": view.inputs[1]} if scale else {}
    if to.optional(view, 2):
        weights["bias"] = view.inputs[2]
    op = make("layernorm", eps=view.attributes.get("epsilon", 1e-5), scale=scale, center="bias" in weights)
    return Map(to.layer(op, [x], view, weights).ref, x.axes)


@reads("InstanceNormalization")
def instancenorm(to: Reader, view: View) -> Map:
    x = to.first(view.inputs[0])
    scale, center = (uniform(to.fixed(n)) != v for n, v in zip(view.inputs[1:3], (1.0, 0.0)))
    weights = {key: name for key, name, on in zip(("weight", "bias"), view.inputs[1:3], (scale, center)) if on}
    op = make("instancenorm", eps=view.attributes.get("epsilon", 1e-5), scale=scale, center=center)
    return to.layer(op, [x], view, weights)


@reads("GroupNormalization")
def groupnorm(to: Reader, view: View) -> Map:
    x = to.first(view.inputs[0])
    if to.fixed(view.inputs[1]).size != to.shape(x).channels:
        raise Unread("its factors are those of groups, not of channels")
    given: dict[str, Any] = {"groups": view.attributes["num_groups"], "eps": view.attributes.get("epsilon", 1e-5)}
    return to.layer(make("groupnorm", **given), [x], view, {"weight": view.inputs[1], "bias": view.inputs[2]})


@reads("LRN")
def lrn(to: Reader, view: View) -> Map:
    given = view.attributes
    op = make(
        "lrn",
        size=given["size"],
        alpha=given.get("alpha", 1e-4),
        beta=given.get("beta", 0.75),
        k=given.get("bias", 1.0),
        average=True,
    )
    return to.layer(op, [to.first(view.inputs[0])], view)


AFFINE = ("batchnorm", "layernorm", "groupnorm", "instancenorm")


def absorbed(to: Reader, value: Map, numbers: Array, kind: str, path: str) -> Map | None:
    """A factor or summand of each channel right behind a normalisation that has none: it is the normalisation's own.

    A factor behind a summand is not, for it counts for that as well.
    """
    layer = to.maker(value)
    name, flag = ("weight", "scale") if kind == "Mul" else ("bias", "center")
    if layer.op.word not in AFFINE or name in layer.weights or layer.op.__dict__[flag]:
        return None
    if kind == "Mul" and layer.op.__dict__["center"]:
        return None
    return to.rewritten(value, layer.op.changed(**{flag: True}), {name: numbers}, path)


def spelled(number: Any) -> float:
    """A number of 32 bits as it was written."""
    return decimal(np.float32(number))
