"""Several of PyTorch's functions that are one layer here: what it computes in steps."""

from __future__ import annotations

from typing import Any

from ....compiler.decompile import make
from ....compiler.frontends.arranged import Map, first
from ....compiler.frontends.unread import Unread
from ..calls import called, given
from ..reader import Reader, ends


@ends("div")
def lrn(to: Reader, node: Any) -> Map | None:
    """x / (k + alpha * mean of the squares of neighbouring channels) ** beta."""
    x, divisor = node.args[:2]
    if not called(divisor, "pow") or not called(divisor.args[0], "add"):
        return None
    summed, beta = divisor.args[0], divisor.args[1]
    if not called(summed.args[0], "mul") or not isinstance(summed.args[1], (int, float)):
        return None
    scaled, k = summed.args[0], summed.args[1]
    found = walked(scaled.args[0], ("squeeze", "view", "reshape"), ("avg_pool2d", "avg_pool3d"))
    if found is None:
        return None
    start = walked(found.args[0], ("pad", "constant_pad_nd", "unsqueeze", "view", "reshape"), ("mul", "pow"))
    if start is None or start.args[0] is not x:
        return None
    op = make("lrn", size=found.args[1][0], alpha=float(scaled.args[1]), beta=float(beta), k=float(k), average=True)
    return to.layer(op, [to.first(x)])


def walked(node: Any, through: tuple[str, ...], to: tuple[str, ...]) -> Any:
    """The first node of some kind behind those of other kinds."""
    while called(node, *through):
        node = node.args[0]
    return node if called(node, *to) else None


@ends("div")
def l2_normalize(to: Reader, node: Any) -> Map | None:
    """x / max(length, eps): `F.normalize`."""
    x, divisor = node.args[:2]
    bounded = walked(divisor, ("expand_as", "expand"), ("clamp_min", "clamp"))
    if bounded is None or not called(bounded.args[0], "linalg_vector_norm") or bounded.args[0].args[0] is not x:
        return None
    norm, value = bounded.args[0], to.map(x)
    axes = list(given(norm, 2, "dim") or [])
    if given(norm, 1, "ord", 2) != 2 or len(axes) != 1 or not axes[0] % (len(value.axes) + 1):
        raise Unread(f"it divides by a norm over the axes {axes}: only the length along one has a counterpart")
    return to.like(to.along(value, axes[0]), make("l2_normalize", eps=float(bounded.args[1])))


@ends("div")
def softsign(to: Reader, node: Any) -> Map | None:
    """x / (1 + |x|)."""
    x, divisor = node.args[:2]
    if not called(divisor, "add") or divisor.args[1] != 1 or not called(divisor.args[0], "abs"):
        return None
    return to.like(to.map(x), make("softsign")) if divisor.args[0].args[0] is x else None


@ends("sub")
def tanh_shrink(to: Reader, node: Any) -> Map | None:
    """x - tanh(x)."""
    x, less = node.args[:2]
    return to.like(to.map(x), make("tanh_shrink")) if called(less, "tanh") and less.args[0] is x else None


@ends("sum")
def rbf(to: Reader, node: Any) -> Map | None:
    """The sum over the channels of (x - code)**2, for each code."""
    squared, axes = node.args[0], given(node, 1, "dim")
    if not called(squared, "square", "pow") or not called(squared.args[0], "sub") or axes not in ([-1], [2]):
        return None
    apart, codes = squared.args[0].args[:2]
    if not called(apart, "unsqueeze") or not to.is_weight(codes) or to.array(codes).ndim != 2:
        return None
    op = make("rbf", out=to.array(codes).shape[0], trained=not to.is_buffer(codes))
    return to.layer(op, [to.map(apart.args[0])], {"weight": codes})


STATISTICS = ("mean", "variance", "count")


@ends("div")
def measured(to: Reader, node: Any) -> Map | None:
    """(x - mean) / deviation, of statistics that a module keeps."""
    centred, deviation = node.args[:2]
    if not called(centred, "sub") or not to.is_weight(deviation) or not to.is_weight(centred.args[1]):
        return None
    module = to.keys[deviation.name].rpartition(".")[0]
    kept = [to.stored.held.get(f"{module}.{name}") for name in STATISTICS]
    if to.keys[centred.args[1].name] != f"{module}.mean" or any(array is None for array in kept):
        return None
    x = to.map(centred.args[0])
    arrays = {name: array.numpy() for name, array in zip(STATISTICS, kept) if array is not None}
    return Map(to.build.add(make("normalize"), [x.ref], module, arrays), x.axes)


@ends("add")
def response_norm(to: Reader, node: Any) -> Map | None:
    """x + bias + weight * x * (length of the channel / their mean): global response normalisation."""
    shifted, scaled = node.args[:2]
    if not called(shifted, "add") or not called(scaled, "mul") or not called(scaled.args[0], "mul"):
        return None
    (x, bias), (weight, again), share = shifted.args[:2], scaled.args[0].args[:2], scaled.args[1]
    if again is not x or not called(share, "div") or not to.is_weight(weight) or not to.is_weight(bias):
        return None
    length, divisor = share.args[:2]
    places = list(range(2, x.meta["val"].dim()))
    if (
        not called(length, "linalg_vector_norm")
        or list(length.args[:3]) != [x, 2, places]
        or not called(divisor, "add")
    ):
        return None
    mean = divisor.args[0]
    if not called(mean, "mean") or mean.args[0] is not length or list(mean.args[1]) != [1]:
        return None
    arrays = {"weight": to.array(weight).numpy().reshape(-1), "bias": to.array(bias).numpy().reshape(-1)}
    path = to.keys[weight.name].rpartition(".")[0]
    value = to.first(x)
    return Map(to.build.add(make("response_norm", eps=float(divisor.args[1])), [value.ref], path, arrays), value.axes)


@ends("to")
def one_hot(to: Reader, node: Any) -> Map | None:
    """Whether a whole number is 0, 1, 2, ...: a channel for each."""
    same = node.args[0]
    if not called(same, "eq") or not called(same.args[0], "unsqueeze") or not to.is_weight(same.args[1]):
        return None
    numbers, tokens = to.array(same.args[1]).reshape(-1), same.args[0].args[0]
    if same.args[0].args[1] != 1 or numbers.tolist() != list(range(len(numbers))):
        return None
    x = to.map(tokens)
    made = to.build.add(make("one_hot", depth=len(numbers)), [x.ref])
    return Map(made, first(len(to.build.shape(made)) - 1))
