"""Pooling: PyTorch's own wherever it can say the border."""

from __future__ import annotations

from ....ops import pool as ops
from ....ops.geometry import Sliding, spread
from ....ops.unpool import Unpool
from ..code import Call, Exact, Leaf, Named, call
from ..explain import plain
from .layer import Layer, X, lower, nd


def arguments(op: ops.Pool, over: Sliding, to: Layer) -> tuple[Leaf | Named, ...] | None:
    """The window of PyTorch's pool; None where it cannot say the border."""
    found = op.stock(to.x)
    if found is None:
        return None
    size = to.leaf("kernel_size", over.size, written="size")
    stride = Leaf(plain(over.stride), "stride", size.written if op.stride is None else to.spans.get("stride"))
    rest = (
        Named("padding", to.leaf("padding", found[0], 0, "pad")),
        Named("ceil_mode", to.leaf("ceil_mode", found[1], False, "ceil")),
    )
    if op.stride is None or over.stride == over.size:
        return (size, *rest)
    return (size, Named("stride", stride), *rest)


def framed(op: ops.Pool, over: Sliding) -> dict[str, Leaf]:
    """The window of a pool with any border: `borders` before and after, None where it depends on the size."""
    known = tuple(edge for edge in over.borders if edge is not None)
    return {
        "stride": Leaf(over.stride, "stride"),
        "borders": Leaf(known if len(known) == len(over.borders) else None, "borders", default=None),
        "ceil": Leaf(op.ceil, "ceil", default=False),
    }


@lower.register
def maxpool(op: ops.MaxPool, to: Layer) -> None:
    over = op.sliding(to.x)
    found = arguments(op, over, to)
    if found is None:
        to.function(call("FramedMaxPool", Leaf(over.size, "size"), **framed(op, over)), None, main=True)
        return
    kind, function = nd("MaxPool", to.rank), f"F.max_pool{to.rank}d"
    to.function(Call(kind, found), Call(function, (X, *found)), main=True)


@lower.register
def avgpool(op: ops.AvgPool, to: Layer) -> None:
    over = op.sliding(to.x)
    found = arguments(op, over, to)
    above = to.rank == 3 and any(n is None or n < size for n, size in zip(to.x.spatial, over.size))
    if found is None or above:
        counts = Leaf(op.counts_border, "counts_border", default=False)
        made = call("FramedAvgPool", Leaf(over.size, "size"), **framed(op, over), counts_border=counts)
        to.function(made, None, main=True)
        return
    bordered = any(edge != (0, 0) for edge in over.borders)
    counted = Named("count_include_pad", Leaf(op.counts_border or not bordered, "count_pad", default=True))
    kind, function = nd("AvgPool", to.rank), f"F.avg_pool{to.rank}d"
    to.function(Call(kind, (*found, counted)), Call(function, (X, *found, counted)), main=True)


@lower.register
def l2pool(op: ops.L2Pool, to: Layer) -> None:
    over = op.sliding(to.x)
    plainly = not op.ceil and all(edge == (0, 0) for edge in over.borders)
    size, stride = to.leaf("kernel_size", over.size, written="size"), to.leaf("stride", over.stride)
    if plainly:
        use = call(f"F.lp_pool{to.rank}d", X, Leaf(2), size, stride=stride)
        to.function(call(nd("LPPool", to.rank), Leaf(2), size, stride=stride), use, main=True)
    else:
        to.function(call("FramedL2Pool", Leaf(over.size, "size"), **framed(op, over)), None, main=True)


@lower.register
def maxpool_places(op: ops.MaxPoolPlaces, to: Layer) -> None:
    over = op.sliding(to.x)
    found = arguments(op, over, to)
    if found is None:
        made = call("FramedMaxPool", Leaf(over.size, "size"), **framed(op, over), places=Leaf(True))
        to.function(made, None, main=True)
        return
    places = Named("return_indices", Leaf(True))
    function = f"F.max_pool{to.rank}d"
    to.function(Call(nd("MaxPool", to.rank), (*found, places)), Call(function, (X, *found, places)), main=True)


@lower.register
def unpool(op: Unpool, to: Layer) -> None:
    if op.to is not None:
        sizes = () if isinstance(op.to, int) else (Leaf(Exact(spread(op.to, to.rank, "to")), "size"),)
        to.function(call("UnpoolTo", *sizes), None, main=True)
        return
    size, pad = spread(op.size, to.rank, "size"), spread(op.pad, to.rank, "pad")
    stride = spread(op.stride or op.size, to.rank, "stride")
    to.function(
        call(
            nd("MaxUnpool", to.rank), Leaf(plain(size), "size"), Leaf(plain(stride), "stride"),
            padding=Leaf(plain(pad), "padding", default=0),
        ),
        None,
        main=True,
    )  # fmt: skip


@lower.register
def adaptive_avgpool(op: ops.AdaptiveAvgPool, to: Layer) -> None:
    adaptive("Avg", "avg", op, to)


@lower.register
def adaptive_maxpool(op: ops.AdaptiveMaxPool, to: Layer) -> None:
    adaptive("Max", "max", op, to)


def adaptive(kind: str, word: str, op: ops.AdaptivePool, to: Layer) -> None:
    size = to.leaf("output_size", spread(op.out, to.rank, "out"), written="out")
    module, function = nd(f"Adaptive{kind}Pool", to.rank), f"F.adaptive_{word}_pool{to.rank}d"
    to.function(call(module, size), call(function, X, size), main=True)


@lower.register
def global_avgpool(op: ops.GlobalAvgPool, to: Layer) -> None:
    over_map("mean", nd("AdaptiveAvgPool", to.rank), op, to)


@lower.register
def global_maxpool(op: ops.GlobalMaxPool, to: Layer) -> None:
    over_map("amax", nd("AdaptiveMaxPool", to.rank), op, to)


def over_map(method: str, kind: str, op: ops.GlobalPool, to: Layer) -> None:
    axes = tuple(range(2, to.rank + 2))
    keep = Named("keepdim", Leaf(op.keep, "keepdim", default=False))
    made = call(kind, Leaf(1)) if op.keep else call("GlobalPool", Leaf(method), Leaf(axes))
    to.function(made, Call(f".{method}", (X, Leaf(axes if len(axes) > 1 else axes[0]), keep)), main=True)
