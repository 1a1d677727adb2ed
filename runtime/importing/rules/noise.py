"""What chance does to values: masks, normal noise, samples. Most of it happens in training alone."""

from __future__ import annotations

from math import isclose
from typing import Any, NamedTuple

from ....compiler.decompile import make
from ....compiler.frontends.arranged import Map
from ....compiler.frontends.unread import Unread
from ..calls import called, given
from ..reader import Reader, ends, reads

HANDED_ON = ("to", "type_as", "view", "reshape", "expand", "expand_as", "contiguous")


@reads("rand", "rand_like", "randn", "randn_like", "bernoulli", "normal", "uniform", "empty", "empty_like", "new_empty")
def drawn(to: Reader, node: Any) -> str:
    """Read by what chance does to a value."""
    return "numbers by chance"


class Mask(NamedTuple):
    """Ones with some chance and zeros else, times a factor; `shape` says what shares one of them."""

    keep: float
    factor: float
    shape: tuple[int, ...]


def mask(node: Any) -> Mask | None:
    """What a node draws, if it draws zeros and ones."""
    factor = 1.0
    while called(node, "div", "mul", *HANDED_ON):
        if called(node, "div", "mul"):
            number = node.args[1]
            if not isinstance(number, (int, float)) or not number:
                return None
            factor *= 1 / number if called(node, "div") else number
        node = node.args[0]
    keep = chance(node)
    return None if keep is None else Mask(keep, factor, tuple(node.meta["val"].shape))


def chance(node: Any) -> float | None:
    """How often a node is one: `bernoulli`, or a uniform number that is compared or rounded down."""
    if called(node, "bernoulli") and len(node.args) > 1 and isinstance(node.args[1], float):
        return float(node.args[1])
    if called(node, "floor") and called(node.args[0], "add"):
        source, number = node.args[0].args[:2]
        return float(number) if uniform(source) and isinstance(number, float) else None
    if called(node, "lt", "le", "gt", "ge") and uniform(node.args[0]) and isinstance(node.args[1], (int, float)):
        return float(node.args[1]) if called(node, "lt", "le") else 1 - float(node.args[1])
    return None


def uniform(node: Any) -> bool:
    return called(node, "rand", "rand_like")


@ends("mul", "div")
def dropped(to: Reader, node: Any) -> Map | str | None:
    """x * mask / keep, in any order."""
    if mask(node) is not None:
        return "a mask"
    factor, product = 1.0, node
    if isinstance(node.args[1], (int, float)):
        factor, product = (1 / node.args[1] if called(node, "div") else node.args[1]), node.args[0]
    if not called(product, "mul") or not hasattr(product.args[1], "name"):
        return None
    x, noise = product.args[:2] if mask(product.args[0]) is None else reversed(product.args[:2])
    found = mask(noise)
    if found is None:
        return None
    factor *= found.factor
    if called(x, "div") and isinstance(x.args[1], (int, float)) and not isclose(factor * found.keep, 1):
        x, factor = x.args[0], factor / x.args[1]
    if not isclose(factor * found.keep, 1):
        return None
    return to.disturbed(node, to.like(to.map(x), make(word_for(x, found), p=round(1 - found.keep, 10))))


def word_for(x: Any, found: Mask) -> str:
    """The operator, by what of a value is dropped at once."""
    whole = tuple(x.meta["val"].shape)
    ones = [(1,) * len(whole[i:]) for i in range(len(whole) + 1)]
    words = {whole[:1] + ones[1]: "drop_path", whole: "dropout", whole[:2] + ones[2]: "spatial_dropout"}
    if found.shape not in words:
        raise Unread(f"it drops by a mask of {'x'.join(map(str, found.shape))}: one for each example, channel or value")
    return words[found.shape]


@ends("add")
def stochastic_depth(to: Reader, node: Any) -> Map | None:
    """A sum whose last operand is left out for some examples."""
    values: list[Any] = [to.values.get(getattr(n, "name", "")) for n in node.args[:2]]
    if not all(isinstance(v, Map) for v in values) or given(node, 2, "alpha", 1) != 1:
        return None
    paths = [i for i, v in enumerate(values) if to.maker(v).op.word == "drop_path" and len(node.args[i].users) == 1]
    if not paths:
        return None
    i = paths[-1]
    layer, other = to.maker(values[i]), values[1 - i]
    inner = values[i]._replace(ref=layer.inputs[0])
    return to.merged(make("add", drop=layer.op.__dict__["p"]), [other, inner])


def normal(node: Any, x: Any) -> float | None:
    """The deviation of normal noise of mean 0 for each value of a node; None for anything else."""
    std = 1.0
    while called(node, "mul") and isinstance(node.args[1], (int, float)):
        std, node = std * node.args[1], node.args[0]
    like = called(node, "randn_like", "randn") and node.meta["val"].shape == x.meta["val"].shape
    return std if like else None


@ends("add")
def gaussian_noise(to: Reader, node: Any) -> Map | None:
    """x + std * noise"""
    for x, noise in (node.args[:2], reversed(node.args[:2])):
        std = normal(noise, x) if hasattr(x, "name") else None
        if std is not None:
            return to.disturbed(node, to.like(to.map(x), make("gaussian_noise", std=std)))
    return None


@ends("mul")
def gaussian_dropout(to: Reader, node: Any) -> Map | None:
    """x * (1 + std * noise)"""
    x, factor = node.args[:2]
    if not called(factor, "add") or factor.args[1] != 1 or not hasattr(x, "name"):
        return None
    std = normal(factor.args[0], x)
    if std is None:
        return None
    p = round(std**2 / (1 + std**2), 10)
    return to.disturbed(node, to.like(to.map(x), make("gaussian_dropout", p=p)))


@ends("add", "addcmul")
def sample_normal(to: Reader, node: Any) -> Map | None:
    """mean + exp(logvar / 2) * noise"""
    if called(node, "addcmul"):
        sums = [(node.args[0], node.args[1:3])] if given(node, 3, "value", 1) == 1 else []
    else:
        pairs = (node.args[:2], node.args[1::-1])
        sums = [(mean, scaled.args[:2]) for mean, scaled in pairs if called(scaled, "mul")]
    for mean, product in sums:
        for deviation, noise in (product, product[::-1]):
            if hasattr(deviation, "name") and hasattr(mean, "name") and normal(noise, mean) == 1:
                values = [to.map(mean), log_variance(to, deviation)]
                return to.disturbed(node, to.merged(make("sample_normal"), values))
    return None


def log_variance(to: Reader, deviation: Any) -> Map:
    """The logarithm of the square of a deviation."""
    doubled = 2.0
    if called(deviation, "sqrt") or (called(deviation, "pow") and deviation.args[1] == 0.5):
        deviation, doubled = deviation.args[0], 1.0
    if not called(deviation, "exp"):
        raise Unread("it scales its noise by a value that is no exponential: `sample_normal` takes a log-variance")
    half = deviation.args[0]
    if called(half, "mul", "div") and isinstance(half.args[1], (int, float)):
        half, doubled = half.args[0], doubled * (half.args[1] if called(half, "mul") else 1 / half.args[1])
    value = to.map(half)
    return value if doubled == 1 else to.like(value, make("scale", factor=doubled))


@reads("dropout", "feature_dropout", "alpha_dropout")
def dropout(to: Reader, node: Any) -> Map:
    words = {"feature_dropout": "spatial_dropout", "alpha_dropout": "alpha_dropout"}
    word = next((words[name] for name in words if called(node, name)), "dropout")
    made = to.like(to.map(node.args[0]), make(word, p=float(node.args[1])))
    return to.disturbed(node, made) if node.args[2] else made
