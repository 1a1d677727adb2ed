"""Layers whose weights lie in layers of their own: Keras has none that computes so with them."""

from __future__ import annotations

from typing import Any

from .....keras_initializers import argument, plainly
from .....keras_layout import Variable
from .....ops import conv, local_conv, norm, scale
from .....ops.base import weight_key
from .....ops.geometry import Pairs
from .....shape import Shape
from ..placed import Numbers, Placed, Tensor, activated, as_lists, begun, lacking, stands_for
from .borders import bordered
from .numbers import by_channel


def looked_up(at: Placed) -> Tensor:
    """The numbers 0, 1, ... for the rows of a table: 0 comes from the input, since all in a model hangs together."""
    rows = next(iter(at.to.node.facts.weights.values())).shape[0]
    first = at.apply("ops.numpy.Argmax", at.x, shape=Shape(()), part="first", config={"axis": None})
    zero = at.apply("ops.numpy.ZerosLike", first, shape=Shape(()), part="zero")
    return at.apply("ops.numpy.Add", zero, Numbers([*range(rows)], "int32"), shape=Shape((rows,)), part="rows")


def table(at: Placed, rows: Tensor, weight: str) -> Tensor:
    """A weight as the table of an embedding: a row for each first index."""
    held = at.to.node.facts.weights[weight]
    count, width = held.shape[0], held.size // held.shape[0]
    init = plainly(at.to.node.op, held)
    begins = {} if init is None else {"embeddings_initializer": begun(held._replace(init=init))}
    variable = Variable("embeddings", weight, (count, width), (0, 1))
    return at.put(
        "layers.Embedding", rows, shape=Shape((count, width)), part=weight, input_dim=count, output_dim=width,
        keeps={weight_key(at.to.node.path, weight): variable}, trainable=held.trainable, **begins,
    )  # fmt: skip


def weight_normed(op: conv.Conv, at: Placed, pairs: Pairs) -> Tensor:
    """A convolution whose kernel is made of two tables: the directions over their lengths, times the norms."""
    if op.groups > 1:
        raise lacking(op)
    over, rows = op.sliding(at.to.x), looked_up(at)
    x = bordered(at, pairs) if any(edge != (0, 0) for edge in pairs) else at.x
    length, vectors, norms = Shape((op.out, 1)), table(at, rows, "weight_v"), table(at, rows, "weight_g")
    squares = at.apply("ops.numpy.Square", vectors, shape=vectors.shape, part="squares")
    total = at.apply("ops.numpy.Sum", squares, shape=length, part="total", config={"axis": [-1], "keepdims": True})
    root = at.apply("ops.numpy.Sqrt", total, shape=length, part="length")
    factor = at.apply("ops.numpy.Divide", norms, root, shape=length, part="factor")
    scaled = at.apply("ops.numpy.Multiply", vectors, factor, shape=vectors.shape, part="scaled")
    _, *shape = at.to.node.facts.weights["weight_v"].shape
    laid = at.apply("ops.numpy.Reshape", scaled, shape=Shape((op.out, *shape)), part="laid",
                    config={"newshape": [op.out, *shape]})  # fmt: skip
    rank = at.to.rank
    kernel = at.apply("ops.numpy.Transpose", laid, shape=Shape((*shape[1:], shape[0], op.out)), part="kernel",
                      config={"axes": [*range(2, rank + 2), 1, 0]})  # fmt: skip
    config = {"strides": as_lists(over.stride), "padding": "valid", "dilation_rate": as_lists(over.dilation)}
    made = at.apply("ops.nn.Conv", x, kernel, part="conv" if op.bias else "", config=config)
    if op.bias:
        bias = table(at, rows, "bias")
        vector = at.apply(
            "ops.numpy.Reshape", bias, shape=Shape((op.out,)), part="vector", config={"newshape": [op.out]}
        )
        made = at.apply("ops.numpy.Add", made, vector)
    return made if op.act is None else activated(op.act, at, made)


@stands_for.register
def local(op: local_conv.LocalConv, at: Placed) -> Tensor:
    """The windows of each axis are laid one behind the other, and summed with the numbers of their places."""
    over, rank = op.sliding(at.to.x), at.to.rank
    pairs = tuple(edge or (0, 0) for edge in over.borders)
    x = bordered(at, pairs) if any(edge != (0, 0) for edge in pairs) else at.x
    places = op.places(at.to.x, over)
    for axis, (count, size, step, apart) in enumerate(zip(places, over.size, over.stride, over.dilation)):
        taps = [[place * step + tap * apart for tap in range(size)] for place in range(count)]
        grown = 1 + 2 * axis
        shape = Shape((*x.shape[: grown - 1], count, size, *x.shape[grown:]))
        x = at.apply("ops.numpy.Take", x, taps, shape=shape, part=f"taps{axis + 1}", config={"axis": grown})
    p, t = "hwd"[:rank], "yxz"[:rank]
    equation = f"b{''.join(a + b for a, b in zip(p, t))}c,{p}oc{t}->bo{p}"
    more: dict[str, Any] = {"bias_axes": f"o{p}"} if op.bias else {}
    for name, weight in at.to.node.facts.weights.items():
        init = plainly(op, weight)
        more |= {} if init is None else {argument(op, name): begun(weight._replace(init=init))}
    summed = at.put("layers.EinsumDense", x, shape=Shape((op.out, *places)), equation=equation,
                    output_shape=[op.out, *places], **more)  # fmt: skip
    turned = at.put("layers.Permute", summed, part="turned", dims=[*range(2, rank + 2), 1])
    return turned if op.act is None else activated(op.act, at, turned)


@stands_for.register
def rbf(op: scale.RBF, at: Placed) -> Tensor:
    """Squared distances from the rows of a table."""
    codes = table(at, looked_up(at), "weight")
    width = at.x.shape.channels
    apart = at.apply("ops.numpy.ExpandDims", at.x, shape=Shape((1, width)), part="each", config={"axis": 1})
    shape = Shape((op.out, width))
    far = at.apply("ops.numpy.Subtract", apart, codes, shape=shape, part="differences")
    squares = at.apply("ops.numpy.Square", far, shape=shape, part="squares")
    return at.apply("ops.numpy.Sum", squares, config={"axis": [-1]})


@stands_for.register
def response_norm(op: norm.ResponseNorm, at: Placed) -> Tensor:
    """x + b + w * x * share: the factor and the summand are an EinsumDense."""
    channels, x = Shape((*[1] * at.to.rank, at.shape.channels)), at.x
    one = Shape((*[1] * at.to.rank, 1))
    squares = at.apply("ops.numpy.Square", x, part="squares")
    places = {"axis": [*range(1, at.to.rank + 1)], "keepdims": True}
    total = at.apply("ops.numpy.Sum", squares, shape=channels, part="total", config=places)
    length = at.apply("ops.numpy.Sqrt", total, shape=channels, part="length")
    mean = at.apply("ops.numpy.Mean", length, shape=one, part="mean", config={"axis": [-1], "keepdims": True})
    base = at.put("layers.Rescaling", mean, shape=one, part="base", scale=1.0, offset=op.eps)
    share = at.apply("ops.numpy.Divide", length, base, shape=channels, part="share")
    weighed = at.put("layers.Multiply", [x, share], part="shared")
    affine = by_channel(at, weighed, bias_axes="c")
    return at.put("layers.Add", [x, affine], part="sum")
