"""What stands for layers that Keras has not under their name: several that do the same."""

from __future__ import annotations

from math import prod
from typing import Any

from ....ops import conv, conv_transpose, merge, norm, pad, pool, reshape, resize, scale
from ....ops.base import Op
from ....ops.geometry import Pairs, spread
from ....ops.text import OneHot
from ....shape import Shape
from ..code import Call, Named
from .placed import Placed, Tensor, as_lists, called, known, lacking, stands_for
from .row import row

LOWEST = -3.4028234663852886e38
"""What no maximum is, in single precision."""


# --- borders ----------------------------------------------------------------------------------------------------------


def bordered(at: Placed, pairs: Pairs, value: float | None = None, mode: str = "constant", part: str = "pad") -> Tensor:
    """The map with a border: of zeros as a layer, else by the operation."""
    x = at.x
    sizes = [None if n is None else n + before + after for n, (before, after) in zip(x.shape.spatial, pairs)]
    shape = Shape((*sizes, x.shape.channels))
    if value is None and mode == "constant":
        padding = as_lists(pairs) if len(pairs) > 1 else list(pairs[0])
        return at.put(f"layers.ZeroPadding{len(pairs)}D", shape=shape, part=part, padding=padding)
    config = {"pad_width": [[0, 0], *as_lists(pairs), [0, 0]], "mode": mode}
    more = {} if value is None else {"constant_values": value}
    return at.apply("ops.numpy.Pad", x, shape=shape, part=part, config=config, **more)


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
    if getattr(op, "weight_norm", False) or both or uneven or None in over.borders:
        raise lacking(op)
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


# --- pools ------------------------------------------------------------------------------------------------------------


@stands_for.register(pool.MaxPool)
@stands_for.register(pool.AvgPool)
def pooled(op: Any, at: Placed) -> Tensor:
    made = row(op, at.to)
    if isinstance(made, Call) and isinstance(made.head, Call) and known(made.head):
        return called(op, made, at)
    over = op.sliding(at.to.x)
    if None in over.borders or (isinstance(op, pool.AvgPool) and (op.ceil or not op.counts_border)):
        raise lacking(op)
    pairs = tuple(edge or (0, 0) for edge in over.borders)
    if op.ceil:
        pairs = tuple(
            whole(at, axis, before, after, over.size[axis], over.stride[axis])
            for axis, (before, after) in enumerate(pairs)
        )
    maximum = isinstance(op, pool.MaxPool)
    padded = bordered(at, pairs, LOWEST if maximum else None)
    kind = "MaxPooling" if maximum else "AveragePooling"
    sizes: dict[str, Any] = {"pool_size": as_lists(over.size), "strides": as_lists(over.stride)}
    return at.put(f"layers.{kind}{at.to.rank}D", padded, **sizes)


def whole(at: Placed, axis: int, before: int, after: int, window: int, step: int) -> tuple[int, int]:
    """A border with what the last window lacks."""
    n, out = at.x.shape[axis], at.shape[axis]
    if n is None or out is None:
        raise lacking(at.to.node.op)
    return before, max((out - 1) * step + window - n - before, after)


@stands_for.register(pool.AdaptiveAvgPool)
@stands_for.register(pool.AdaptiveMaxPool)
def adaptive(op: Any, at: Placed) -> Tensor:
    """Where every window of an axis has one size, a pool with that size and step; windows that overlap are laid one
    behind the other before it."""
    x, sizes = at.x, []
    for axis, (n, out) in enumerate(zip(at.x.shape.spatial, spread(op.out, at.to.rank, "out")), 1):
        if n is None:
            raise lacking(op)
        places = [list(range(i * n // out, -(-(i + 1) * n // out))) for i in range(out)]
        sizes.append(len(places[0]))
        if len({len(window) for window in places}) > 1:
            raise lacking(op)
        laid = [place for window in places for place in window]
        if laid != list(range(n)):
            shape = Shape((*x.shape[: axis - 1], len(laid), *x.shape[axis:]))
            x = at.apply("ops.numpy.Take", x, laid, shape=shape, part=f"windows{axis}", config={"axis": axis})
    kind = "Average" if isinstance(op, pool.AdaptiveAvgPool) else "Max"
    return at.put(f"layers.{kind}Pooling{at.to.rank}D", x, pool_size=sizes, strides=sizes)


@stands_for.register
def length_pooled(op: pool.L2Pool, at: Placed) -> Tensor:
    """The root of the windows' averages of squares, times their size: zeros around add nothing."""
    over = op.sliding(at.to.x)
    if None in over.borders or op.ceil:
        raise lacking(op)
    pairs = tuple(edge or (0, 0) for edge in over.borders)
    padded = bordered(at, pairs) if any(edge != (0, 0) for edge in pairs) else at.x
    squares = at.apply("ops.numpy.Square", padded, shape=padded.shape, part="squares")
    sizes: dict[str, Any] = {"pool_size": as_lists(over.size), "strides": as_lists(over.stride)}
    mean = at.put(f"layers.AveragePooling{at.to.rank}D", squares, part="mean", **sizes)
    total = at.put("layers.Rescaling", mean, part="sum", scale=float(prod(over.size)), offset=0.0)
    return at.apply("ops.numpy.Sqrt", total)


# --- the rest ---------------------------------------------------------------------------------------------------------


@stands_for.register
def instancenorm(op: norm.InstanceNorm, at: Placed) -> Tensor:
    config: dict[str, Any] = {"groups": -1, "epsilon": op.eps, "center": op.center, "scale": op.scale}
    return at.put("layers.GroupNormalization", **config)


@stands_for.register
def lrn(op: norm.LRN, at: Placed) -> Tensor:
    """The neighbours' squares are averaged by a pool whose last dimension is the channels."""
    rank, half = at.to.rank, op.size // 2
    if rank > 2:
        raise lacking(op)
    squares = at.apply("ops.numpy.Square", at.x, part="squares")
    *sizes, width = at.shape
    around = Shape((*sizes, None if width is None else width + 2 * half))
    border = {"pad_width": [[0, 0]] * (rank + 1) + [[half, half]], "mode": "constant"}
    padded = at.apply("ops.numpy.Pad", squares, shape=around, part="pad", config=border)
    deep = at.apply("ops.numpy.ExpandDims", padded, shape=Shape((*around, 1)), part="deep", config={"axis": -1})
    windows: dict[str, Any] = {"pool_size": [*[1] * rank, op.size], "strides": 1}
    mean = at.put(f"layers.AveragePooling{rank + 1}D", deep, shape=Shape((*at.shape, 1)), part="mean", **windows)
    flat = at.apply("ops.numpy.Squeeze", mean, part="flat", config={"axis": -1})
    base = at.put("layers.Rescaling", flat, part="base", scale=op.mean_alpha, offset=op.k)
    return at.put("layers.Multiply", [at.x, at.apply("ops.numpy.Power", base, -op.beta, part="factor")])


@stands_for.register
def layer_scale(op: scale.LayerScale, at: Placed) -> Tensor:
    return at.put("layers.EinsumDense", equation="...d,d->...d", output_shape=at.shape.channels)


@stands_for.register
def channel_affine(op: scale.ChannelAffine, at: Placed) -> Tensor:
    return at.put("layers.EinsumDense", equation="...d,d->...d", output_shape=at.shape.channels, bias_axes="d")


@stands_for.register
def scaled(op: scale.Scale, at: Placed) -> Tensor:
    return at.put("layers.Rescaling", scale=op.factor, offset=0.0)


@stands_for.register
def offset(op: scale.Offset, at: Placed) -> Tensor:
    return at.put("layers.Rescaling", scale=1.0, offset=op.summand)


@stands_for.register
def stop_gradient(op: scale.StopGradient, at: Placed) -> Tensor:
    return at.apply("ops.core.StopGradient", at.x)


@stands_for.register
def one_hot(op: OneHot, at: Placed) -> Tensor:
    return at.apply("ops.nn.OneHot", at.x, config={"num_classes": op.depth, "axis": -1})


@stands_for.register
def add(op: merge.Add, at: Placed) -> Tensor:
    """With `drop` the last value is left out for whole examples in training, as a dropout with that noise does."""
    if not op.drop:
        return called(op, row(op, at.to), at)
    *others, last = at.tensors
    noise = [None, *[1] * len(last.shape)]
    dropped = at.put("layers.Dropout", last, shape=last.shape, part="drop", rate=op.drop, noise_shape=noise)
    return at.put("layers.Add", [*others, dropped])


@stands_for.register
def scaled_add(op: merge.ScaledAdd, at: Placed) -> Tensor:
    *others, last = at.tensors
    scaled = at.put("layers.Rescaling", last, shape=last.shape, part="scaled", scale=op.factor, offset=0.0)
    return at.put("layers.Add", [*others, scaled])


@stands_for.register
def take_channels(op: reshape.TakeChannels, at: Placed) -> Tensor:
    return at.apply("ops.numpy.Take", at.x, list(op.channels), config={"axis": -1})


@stands_for.register
def split(op: reshape.Split, at: Placed) -> Tensor:
    return at.apply("ops.numpy.Split", at.x, config={"indices_or_sections": op.parts, "axis": -1})


@stands_for.register
def channel_shuffle(op: reshape.ChannelShuffle, at: Placed) -> Tensor:
    *sizes, width = at.shape
    rank = at.to.rank
    return rearranged(op, at, [*sizes, op.groups, width // op.groups if width else None],
                      [*range(1, rank + 1), rank + 2, rank + 1])  # fmt: skip


@stands_for.register
def upsample(op: resize.Upsample, at: Placed) -> Tensor:
    """To the size of another value is to a size."""
    known_size = None not in at.shape.spatial and None not in at.x.shape.spatial
    if op.factor is None and op.mode == "bilinear" and not op.align_corners and at.to.rank == 2 and known_size:
        height, width = at.shape.spatial
        return at.put("layers.Resizing", height=height, width=width, interpolation="bilinear")
    return called(op, row(op, at.to), at)


@stands_for.register
def pixel_shuffle(op: resize.PixelShuffle, at: Placed) -> Tensor:
    rank, (*sizes, width) = at.to.rank, at.x.shape
    f = op.factor
    order = [*(axis for i in range(rank) for axis in (1 + i, 2 + rank + i)), 1 + rank]
    return rearranged(op, at, [*sizes, width // f**rank if width else None, *[f] * rank], order)


@stands_for.register
def pixel_unshuffle(op: resize.PixelUnshuffle, at: Placed) -> Tensor:
    rank, (*sizes, width) = at.to.rank, at.x.shape
    f = op.factor
    split = [m for n in sizes for m in (n // f if n else None, f)]
    places, inner = range(1, 2 * rank + 1, 2), range(2, 2 * rank + 1, 2)
    return rearranged(op, at, [*split, width], [*places, 2 * rank + 1, *inner])


def rearranged(op: Op, at: Placed, split: list[int | None], order: list[int]) -> Tensor:
    """The values of a map in another order: taken apart, the axes moved, put together."""
    if None in split or None in at.shape:
        raise lacking(op)
    apart = at.put("layers.Reshape", shape=Shape(split), part="apart", target_shape=split)
    moved = Shape(split[axis - 1] for axis in order)
    turned = at.put("layers.Permute", apart, shape=moved, part="turned", dims=order)
    return at.put("layers.Reshape", turned, target_shape=list(at.shape))
