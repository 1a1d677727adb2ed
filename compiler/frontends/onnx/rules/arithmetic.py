"""Sums and products with numbers: biases, factors of channels, scales."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....decompile.network import make
from ...unread import Unread
from ..paths import weight_path
from ..reader import Reader, reads
from ..source import Array, View
from ..values import Map, along_channels, last
from .norm import absorbed, spelled
from .patterns import is_number


@reads("Add", "Mul", "Sub", "Div")
def with_numbers(to: Reader, view: View) -> Map | None:
    """One operand is a value of the network, the other known."""
    position = next((i for i in (0, 1) if to.is_map(view.inputs[i])), None)
    if position is None or is_computed(to, view.inputs[1 - position]):
        return None
    name = weight_name(to, view.inputs[1 - position])
    numbers = to.fixed(name) if name else to.fixed(view.inputs[1 - position])
    x = to.map(view.inputs[position])
    if numbers.size == 1 and not (to.shape(x).channels == 1 and name and "." in name):
        return single(to, view, x, float(numbers.reshape(-1)[0]), position)
    return by_channel(to, view, x, numbers, name or view.inputs[1 - position])


def is_computed(to: Reader, name: str) -> bool:
    return not to.graph.is_stored(name) and not weight_name(to, name)


def weight_name(to: Reader, name: str) -> str:
    """The initialiser behind a value, perhaps through a reshape."""
    if to.graph.is_stored(name):
        return name
    view = to.graph.makers.get(name)
    if view is not None and view.kind in ("Reshape", "Unsqueeze") and to.graph.is_stored(view.inputs[0]):
        return view.inputs[0]
    return ""


def single(to: Reader, view: View, x: Map, number: float, position: int) -> Map:
    """One number for all values."""
    if view.kind == "Div":
        if position:
            raise Unread(f"{number:g} is divided by it")
        made = to.maker(x)
        if made.op.word == "scale" and made.op.__dict__["factor"] == number:  # a sum divided by its number
            return Map(made.inputs[0], x.axes, x.order)
        return to.like(x, make("scale", factor=1 / number))
    if view.kind == "Mul":
        return to.like(x, make("scale", factor=spelled(number)))
    if view.kind == "Sub" and position:
        return to.like(x, make("rescale", scale=(-1.0,), offset=(spelled(number),)))
    return to.like(x, make("offset", summand=spelled(-number if view.kind == "Sub" else number)))


def by_channel(to: Reader, view: View, x: Map, numbers: Array, name: str) -> Map:
    """A number for each channel: a bias, part of a normalisation, or a layer of its own."""
    if numbers.size != to.shape(x).channels:
        raise Unread(f"it takes {numbers.size} numbers for {to.shape(x)}")
    if name in view.inputs and not along_channels(x, numbers):
        raise Unread("its numbers run along another axis than the channels")
    flat = np.ascontiguousarray(numbers.reshape(-1))
    layer = to.maker(x)
    if view.kind == "Add" and layer.op.word in ("dense", "conv", "depthwise_conv") and not layer.op.__dict__["bias"]:
        return to.rewritten(x, layer.op.changed(bias=True), {"bias": flat}, path_of_bias(layer.path, name))
    if view.kind in ("Mul", "Add"):
        found = absorbed(to, x, flat, view.kind, "")
        if found is not None:
            return found
    if view.kind == "Add" and layer.op.word == "layer_scale":
        (factors,) = layer.weights.values()
        named = {"weight": factors.reshape(-1), "bias": flat}
        return to.rewritten(x, make("channel_affine"), named, weight_path(layer.path))
    return own(to, view, x, flat, name)


def path_of_bias(path: str, name: str) -> str:
    """The path of a layer whose bias has a name; where its kernel had none, it is the bias that tells."""
    return weight_path(name) if "." not in path and name.endswith(".bias") else path


def own(to: Reader, view: View, x: Map, flat: Array, name: str) -> Map:
    """A layer of its own."""
    if view.kind == "Mul" and not is_number(to, name):
        settled = x if x.axes == last(len(x.axes) - 1) else to.settled(x)
        op = make("layer_scale")
        ((key, weight),) = op.facts((to.shape(settled),)).weights.items()
        stored: Array | str = name if to.fixed(name).shape == weight.shape else flat.reshape(weight.shape)
        named = view if isinstance(stored, str) else view._replace(name=f"{name.replace('.', '/')}/Mul")
        return Map(to.layer(op, [settled], named, {key: stored}).ref, settled.axes)
    numbers = {key: tuple(spelled(n) for n in values) for key, values in rescaled(view.kind, flat).items()}
    return to.like(x, make("rescale", **numbers))


def rescaled(kind: str, by: Array) -> dict[str, Any]:
    """The numbers of a `rescale` that does the same."""
    if kind in ("Mul", "Div"):
        return {"scale": by if kind == "Mul" else 1 / by}
    return {"scale": [1.0], "offset": by if kind == "Add" else -by}


@reads("Neg")
def negative(to: Reader, view: View) -> Map:
    return to.like(to.map(view.inputs[0]), make("scale", factor=-1.0))
