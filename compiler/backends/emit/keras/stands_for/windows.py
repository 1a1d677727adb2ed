"""What slides windows over a map; borders as layers."""

from __future__ import annotations

from typing import Any

from .....ops import conv, conv_transpose, pad
from ...code import Call, Named
from ..placed import Placed, Tensor, as_lists, called, known, lacking, stands_for
from ..row import row
from .apart import weight_normed
from .borders import bordered


@stands_for.register(conv.Conv)
@stands_for.register(conv.DepthwiseConv)
@stands_for.register(conv.SeparableConv)
def convolution(op: Any, at: Placed) -> Tensor:
    """One with a border of its own is a border and one without."""
    made = row(op, at.to)
    assert isinstance(made, Call)
    assert isinstance(made.head, Call)
    if known(made.head):
        return called(op, made, at)
    over = op.sliding(at.to.x)
    pairs = tuple(edge or (0, 0) for edge in over.borders)
    both = max(over.stride) > 1 and max(over.dilation) > 1
    uneven = not isinstance(op, conv.Conv) and (
        at.to.rank > 2 or len(set(over.stride)) > 1 or len(set(over.dilation)) > 1
    )
    if both or uneven or None in over.borders:
        raise lacking(op)
    if getattr(op, "weight_norm", False):
        return weight_normed(op, at, pairs)
    args = tuple(arg for arg in made.head.args if not (isinstance(arg, Named) and arg.name in ("padding", "fixed")))
    plain = Call(Call(f"layers.{made.head.head}", args), made.args)
    padded = bordered(at, pairs) if any(edge != (0, 0) for edge in pairs) else at.x
    return called(op, plain, at._replace(tensors=[padded]))


@stands_for.register
def conv_transposed(op: conv_transpose.ConvTranspose, at: Placed) -> Tensor:
    """One that cuts other borders off is one that cuts none, and a crop."""
    made = row(op, at.to)
    assert isinstance(made, Call)
    assert isinstance(made.head, Call)
    if known(made.head):
        return called(op, made, at)
    over = op.enlarging(at.to.x)
    fits = all(k >= step for k, step in zip(over.size, over.stride))
    if not fits or op.groups > 1 or max(over.dilation) > 1 or min(n for pair in over.crops for n in pair) < 0:
        raise lacking(op)
    names = ("crops", "dilation_rate", "groups")
    args = tuple(arg for arg in made.head.args if not (isinstance(arg, Named) and arg.name in names))
    whole = called(op, Call(Call(f"layers.{made.head.head}", args), made.args), at)
    if not any(map(any, over.crops)):
        return whole
    crops = as_lists(over.crops) if at.to.rank > 1 else list(over.crops[0])
    return at.put(f"layers.Cropping{at.to.rank}D", whole, part="crop", cropping=crops)


@stands_for.register
def zeropad(op: pad.ZeroPad, at: Placed) -> Tensor:
    return bordered(at, op.pairs(at.to.x), op.value or None, part="")


@stands_for.register
def reflection_pad(op: pad.ReflectionPad, at: Placed) -> Tensor:
    return bordered(at, op.pairs(at.to.x), mode="reflect", part="")


@stands_for.register
def crop(op: pad.Crop, at: Placed) -> Tensor:
    if not isinstance(op.border, int):
        return called(op, row(op, at.to), at)
    pairs = []
    for n, wanted in zip(at.x.shape.spatial, at.shape.spatial):
        if n is None or wanted is None:
            raise lacking(op)
        pairs.append([(n - wanted) // 2, n - wanted - (n - wanted) // 2])
    return at.put(f"layers.Cropping{at.to.rank}D", cropping=pairs if len(pairs) > 1 else pairs[0])
