"""Normalisations written out: of the channels of each place, and by statistics that do not change."""

from __future__ import annotations

from typing import Any

import torch

from ....compiler.decompile import make
from ....compiler.frontends.arranged import Map
from ..calls import before, called, given
from ..reader import Reader, ends
from .arithmetic import numbers


@ends("div", "mul")
def standardized(to: Reader, node: Any) -> Map | None:
    """(x - mean) / sqrt(variance + eps) over the channels, without trained numbers."""
    centred, divisor = node.args[:2]
    root = "sqrt" if called(node, "div") else "rsqrt"
    if not called(divisor, root) or not called(divisor.args[0], "add"):
        return None
    (variance, eps), x = divisor.args[0].args[:2], less_mean(centred)
    if x is None or not isinstance(eps, float) or not is_variance(variance, x):
        return None
    value, axis = to.map(x), mean_axis(centred.args[1])
    if value.axes[axis % (len(value.axes) + 1) - 1] != len(value.axes) - 1:
        return None
    return to.like(value, make("layernorm", eps=eps, scale=False, center=False))


def less_mean(node: Any) -> Any:
    """The value that a node lessens by its mean over one axis."""
    if not called(node, "sub") or not called(node.args[1], "mean") or node.args[1].args[0] is not node.args[0]:
        return None
    return node.args[0] if mean_axis(node.args[1]) else None


def mean_axis(node: Any) -> int:
    """The axis that a mean or variance runs over and keeps; 0 for any other."""
    axes = given(node, 1, "dim") or []
    return axes[0] if len(axes) == 1 and (given(node, 2, "keepdim", False) or node.kwargs.get("keepdim")) else 0


def is_variance(node: Any, x: Any) -> bool:
    """Whether a node is the mean of squares of a value less its mean, or its biased variance."""
    if called(node, "var"):
        biased = node.kwargs.get("correction", 1) == 0 or given(node, 2, "unbiased", True) is False
        return node.args[0] is x and biased
    squares: Any = node.args[0] if called(node, "mean") and mean_axis(node) else None
    return called(squares, "pow", "square") and less_mean(squares.args[0]) is x and squares.args[1:] in ((), (2,))


@ends("mul")
def with_factor(to: Reader, node: Any) -> Map | None:
    """The same with a trained factor for each channel."""
    for weight, x in (node.args[:2], node.args[1::-1]):
        value = to.values.get(getattr(x, "name", ""))
        plain = isinstance(value, Map) and to.maker(value).op.word == "layernorm" and not to.maker(value).weights
        if not plain or value is None or not to.is_weight(weight) or to.is_buffer(weight):
            continue
        numbers(to, weight, value)
        layer = to.maker(value)
        source = value._replace(ref=layer.inputs[0])
        return to.layer(layer.op.changed(scale=True), [source], {"weight": weight}, axes=value.axes)
    return None


@ends("add")
def with_summand(to: Reader, node: Any) -> Map | None:
    """The same with a trained summand as well."""
    for scaled, bias in (node.args[:2], node.args[1::-1]):
        value = to.values.get(getattr(scaled, "name", ""))
        if not isinstance(value, Map) or not called(scaled, "mul") or not to.is_weight(bias) or to.is_buffer(bias):
            continue
        layer = to.maker(value)
        if layer.op.word != "layernorm" or not layer.op.__dict__["scale"] or layer.op.__dict__["center"]:
            continue
        weight = next(n for n in scaled.args[:2] if to.is_weight(n))
        numbers(to, bias, value)
        if to.owners.get(to.keys[weight.name]) == value.ref.layer:
            del to.owners[to.keys[weight.name]]
        source = value._replace(ref=layer.inputs[0])
        op = layer.op.changed(center=True)
        return to.layer(op, [source], {"weight": weight, "bias": bias}, axes=value.axes)
    return None


STATISTICS = ("weight", "bias", "running_mean", "running_var")


@ends("add")
def frozen(to: Reader, node: Any) -> Map | None:
    """x * scale + offset, computed of statistics, factors and summands that a module keeps as they are."""
    product, offset = node.args[:2]
    scale: Any = product.args[1] if called(product, "mul") else None
    if not to.is_buffer(scale) or not to.is_buffer(offset) or to.is_weight(product.args[0]):
        return None
    module = to.keys[scale.name].rpartition(".")[0]
    kept = {name: to.stored.held.get(f"{module}.{name}") for name in STATISTICS}
    added = [n.args[1] for n in before(scale) if called(n, "add") and isinstance(n.args[1], float)]
    if any(array is None for array in kept.values()) or not added:
        return None
    weight, bias, mean, variance = (torch.as_tensor(array).detach() for array in kept.values())
    factor = weight * (variance + added[0]).rsqrt()
    found = zip((scale, offset), (factor, bias - mean * factor))
    if not all(torch.allclose(to.array(n).reshape(-1), wanted, rtol=1e-4, atol=1e-6) for n, wanted in found):
        return None
    kind = to.classes.get(module, module)
    to.remark(f"`{kind}` does not learn; the batchnorm here does, unless `params` in `train:` freezes it")
    x = to.first(product.args[0])
    arrays = {name: torch.as_tensor(array).numpy() for name, array in kept.items()}
    return Map(to.build.add(make("batchnorm", eps=added[0], momentum=0.9), [x.ref], module, arrays), x.axes)
