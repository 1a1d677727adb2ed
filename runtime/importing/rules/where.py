"""One function above a number and another below: `torch.where`, `masked_fill`, products with a mask."""

from __future__ import annotations

from typing import Any, NamedTuple

from ....compiler.decompile import make
from ....compiler.frontends.arranged import Map
from ....compiler.frontends.unread import Unread
from ..calls import called
from ..reader import Reader, ends, reads
from .bounds import one_number


class Above(NamedTuple):
    """Where a value is above a number; `whole` tells whether at the number as well, `turned` whether it is below."""

    value: Any
    at: float
    whole: bool
    turned: bool


def above(to: Reader, node: Any) -> Above | None:
    """What a comparison asks; None where it is no comparison of a value of the network with one number."""
    node = behind(node, "to", "type_as", "_to_copy")
    if not called(node, "gt", "ge", "lt", "le") or to.is_weight(node.args[0]):
        return None
    number = one_number(to, node.args[1])
    turned = called(node, "lt", "le")
    return None if number is None else Above(node.args[0], number, called(node, "ge", "lt"), turned)


def behind(node: Any, *words: str) -> Any:
    """What stands behind calls that hand on what they are given."""
    while called(node, *words):
        node = node.args[0]
    return node


@reads("gt", "ge", "lt", "le")
def comparison(to: Reader, node: Any) -> str:
    """Read by what chooses by it."""
    return "a comparison"


@ends("where", "masked_fill")
def piecewise(to: Reader, node: Any) -> Map | None:
    """where(x > at, x, below), or x.masked_fill(x <= at, below)."""
    condition, x, other = node.args if called(node, "where") else (node.args[1], node.args[2], node.args[0])
    asked = above(to, condition)
    if asked is None:
        return None
    high, low = (other, x) if asked.turned else (x, other)
    if high is not asked.value:
        raise Unread("above the number it is not the value itself: only such pieces have a counterpart")
    return below(to, asked, low)


def below(to: Reader, asked: Above, low: Any) -> Map:
    """The layer that is the value above a number, by what it is below."""
    number = one_number(to, low)
    if number is not None:
        return floor(to, asked, number)
    a, b = low.args[:2] if called(low, "mul") else (low, 1.0)
    inner, factor = (b, a) if to.is_weight(a) or isinstance(a, (int, float)) else (a, b)
    if inner is asked.value and asked.at == 0 and to.is_weight(factor) and not to.is_buffer(factor):
        return trained(to, inner, factor)
    slope, shift = one_number(to, factor), zero_at(to, inner, asked.value)
    if slope is None or shift != asked.at or slope < 0 or (asked.whole and asked.at):
        raise Unread("below the number it is no line through it: only such slopes have a counterpart")
    return sloped(to, asked, slope)


def zero_at(to: Reader, node: Any, x: Any) -> float | None:
    """Where x less a number is zero."""
    if node is x:
        return 0.0
    plus = called(node, "add")
    number = one_number(to, node.args[1]) if (plus or called(node, "sub")) and node.args[0] is x else None
    return None if number is None else -number if plus else number


def floor(to: Reader, asked: Above, number: float) -> Map:
    """The value where it is above one number, another number elsewhere."""
    if asked.whole and number != asked.at:
        raise Unread(f"at {asked.at:g} it keeps the value: `threshold` keeps what is above alone")
    if number == 0:
        return sloped(to, asked, 0.0)
    return to.like(to.map(asked.value), make("threshold", at=asked.at, otherwise=number))


def sloped(to: Reader, asked: Above, slope: float) -> Map:
    if slope and not asked.at:
        return to.like(to.map(asked.value), make("leaky_relu", slope=slope))
    return to.like(to.map(asked.value), make("relu", slope=slope, threshold=asked.at))


def trained(to: Reader, x: Any, weight: Any) -> Map:
    """A trained slope for each value, for each channel, or in all."""
    value = to.first(x)
    lies, whole = list(to.array(weight).shape), list(x.meta["val"].shape)
    lies = [1] * (len(whole) - len(lies)) + lies
    per = {(1,) * len(whole): "layer", (1, *whole[1:]): "value"}
    found = "channel" if lies[1:] == [whole[1], *(1,) * (len(whole) - 2)] else per.get(tuple(lies))
    if found is None or lies[0] != 1 or value != to.map(x):
        raise Unread(f"its slopes are {'x'.join(map(str, lies))} for {to.shape(value)}")
    return to.layer(make("prelu", per=found), [value], {"weight": weight})


@ends("mul")
def masked(to: Reader, node: Any) -> Map | None:
    """x * (x > at)."""
    for x, mask in (node.args[:2], reversed(node.args[:2])):
        asked = above(to, mask) if hasattr(mask, "args") else None
        if asked is not None and not asked.turned and asked.value is x:
            return floor(to, asked, 0.0)
    return None
