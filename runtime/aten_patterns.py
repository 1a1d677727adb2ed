"""Several of PyTorch's functions that are one layer here: normalisations and activations that it computes in steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..compiler.decompile import make
from ..compiler.frontends.arranged import Map
from ..compiler.frontends.unread import Unread
from .aten import by_length, called, given, reads

if TYPE_CHECKING:
    from .exported import Reader


def pattern(to: Reader, node: Any) -> Map | str | None:
    """The layer of which this is the last step, or a kernel that a layer takes; None where it is neither."""
    if by_length(node) is not None:
        return "a kernel"
    if called(node, "div") and hasattr(node.args[1], "args"):
        return lrn(to, *node.args[:2]) or l2_normalize(to, *node.args[:2]) or softsign(to, *node.args[:2])
    if called(node, "sub") and called(node.args[1], "tanh") and node.args[1].args[0] is node.args[0]:
        return to.like(to.map(node.args[0]), make("tanh_shrink"))
    return None


def lrn(to: Reader, x: Any, divisor: Any) -> Map | None:
    """x / (k + alpha * mean of the squares of neighbouring channels) ** beta."""
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


def l2_normalize(to: Reader, x: Any, divisor: Any) -> Map | None:
    """x / max(length, eps): `F.normalize`."""
    bounded = walked(divisor, ("expand_as", "expand"), ("clamp_min", "clamp"))
    if bounded is None or not called(bounded.args[0], "linalg_vector_norm") or bounded.args[0].args[0] is not x:
        return None
    norm, value = bounded.args[0], to.map(x)
    axes, rank = list(given(norm, 2, "dim") or []), len(value.axes) - 1
    if given(norm, 1, "ord", 2) != 2 or len(axes) != 1 or value.axes[axes[0] % (rank + 2) - 1] != rank:
        raise Unread(f"it divides by a norm over the axes {axes}: only the length of the channels has a counterpart")
    return to.like(value, make("l2_normalize", eps=float(bounded.args[1])))


def softsign(to: Reader, x: Any, divisor: Any) -> Map | None:
    """x / (1 + |x|)."""
    if not called(divisor, "add") or divisor.args[1] != 1 or not called(divisor.args[0], "abs"):
        return None
    return to.like(to.map(x), make("softsign")) if divisor.args[0].args[0] is x else None


@reads("rms_norm")
def rms_norm(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    weight, eps = given(node, 2, "weight"), given(node, 3, "eps")
    if len(node.args[1]) != 1 or x.axes[-1] != len(x.axes) - 1 or weight is None:
        raise Unread(f"it normalises over {list(node.args[1])}: only the channels, with trained factors")
    op = make("rmsnorm", eps=float(eps) if eps is not None else 2.0**-23)
    return to.layer(op, [x], {"weight": weight}, axes=x.axes)


@reads("glu")
def glu(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    axis = given(node, 1, "dim", -1) % (len(x.axes) + 1)
    if axis == 0 or x.axes[axis - 1] != len(x.axes) - 1:
        raise Unread(f"it halves the axis {axis}, which does not hold the channels")
    return to.like(x, make("glu"))


@reads("celu")
def celu(to: Reader, node: Any) -> Map:
    return to.like(to.map(node.args[0]), make("celu", alpha=float(given(node, 1, "alpha", 1.0))))


@reads("hardshrink", "softshrink")
def shrink(to: Reader, node: Any) -> Map:
    word = "hard_shrink" if "hard" in str(node.target) else "soft_shrink"
    return to.like(to.map(node.args[0]), make(word, threshold=float(given(node, 1, "lambd", 0.5))))


@reads("threshold")
def threshold(to: Reader, node: Any) -> Map:
    return to.like(to.map(node.args[0]), make("threshold", at=float(node.args[1]), otherwise=float(node.args[2])))


@reads("softsign")
def plain_softsign(to: Reader, node: Any) -> Map:
    return to.like(to.map(node.args[0]), make("softsign"))


@reads("embedding")
def embedding(to: Reader, node: Any) -> Map:
    """Weights, then tokens: places of a sequence whose channels are the vectors."""
    vocabulary, width = to.array(node.args[0]).shape
    op = make("embedding", vocabulary=int(vocabulary), width=int(width))
    return to.layer(op, [to.map(node.args[1])], {"weight": node.args[0]}, axes=(0, 1))
