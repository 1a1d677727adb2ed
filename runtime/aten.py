"""What each of PyTorch's functions is in the language: one rule per function, by its name in `aten`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..compiler.decompile import make
from ..compiler.frontends.arranged import Map, first, last
from ..compiler.frontends.unread import Unread
from ..compiler.ops.geometry import SAME, VALID, Padding

if TYPE_CHECKING:
    from .exported import Reader

Rule = Callable[["Reader", Any], Any]
RULES: dict[str, Rule] = {}


def reads(*words: str) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(words, rule))
        return rule

    return register


def given(node: Any, position: int, name: str, default: Any = None) -> Any:
    """An argument by position or by name."""
    return node.args[position] if position < len(node.args) else node.kwargs.get(name, default)


def sizes(value: Any, rank: int) -> tuple[int, ...]:
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    return tuple(values * rank if len(values) == 1 else values)


def border(value: Any, rank: int) -> Padding:
    if isinstance(value, str):
        return SAME if value == "same" else VALID
    return Padding("explicit", tuple((n, n) for n in sizes(value, rank)))


# --- layers with weights ----------------------------------------------------------------------------------------------


@reads("conv1d", "conv2d", "conv3d")
def conv(to: Reader, node: Any) -> Map:
    x = to.first(node.args[0])
    rank, width = to.shape(x).rank, to.shape(x).channels
    kernel = kernels(node.args[1])
    weight = to.array(next(reversed(kernel.values())))
    groups, bias = given(node, 6, "groups", 1), given(node, 2, "bias")
    options = {
        "size": tuple(weight.shape[2:]),
        "stride": sizes(given(node, 3, "stride", 1), rank),
        "pad": border(given(node, 4, "padding", 0), rank),
        "dilation": sizes(given(node, 5, "dilation", 1), rank),
        "bias": bias is not None,
    }
    if groups > 1 and groups == width and "weight" in kernel:
        op = make("depthwise_conv", multiplier=weight.shape[0] // groups, **options)
    else:
        op = make("conv", out=weight.shape[0], groups=groups, weight_norm="weight_g" in kernel, **options)
    return to.layer(op, [x], {**kernel, "bias": bias})


def called(node: Any, *words: str) -> bool:
    """Whether a node calls one of these functions."""
    return getattr(node, "op", "") == "call_function" and any(f"aten.{word}." in str(node.target) for word in words)


def kernels(node: Any) -> dict[str, Any]:
    """The nodes of a convolution's kernel: one, or length and direction of weight normalisation."""
    if not called(node, "_weight_norm"):
        return by_length(node) or {"weight": node}
    if given(node, 2, "dim", 0) != 0:
        raise Unread(f"its weights are normalised along the axis {node.args[2]}")
    return {"weight_g": node.args[1], "weight_v": node.args[0]}


def by_length(node: Any) -> dict[str, Any] | None:
    """`v * (g / length of v)`: weight normalisation written out; None for anything else."""
    if not called(node, "mul") or not called(node.args[1], "div"):
        return None
    v, (g, length) = node.args[0], node.args[1].args[:2]
    if not called(length, "linalg_vector_norm") or length.args[0] is not v or given(length, 1, "ord", 2) != 2:
        return None
    rank = v.meta["val"].dim()
    behind_first = {axis % rank for axis in given(length, 2, "dim") or []} == set(range(1, rank))
    return {"weight_g": g, "weight_v": v} if behind_first and given(length, 3, "keepdim", False) else None


@reads("_weight_norm")
def weight_norm(to: Reader, node: Any) -> str:
    """Read by the layer whose kernel it is."""
    return "a kernel"


@reads("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def conv_transpose(to: Reader, node: Any) -> Map:
    x = to.first(node.args[0])
    rank, weight, bias = to.shape(x).rank, to.array(node.args[1]), given(node, 2, "bias")
    pad, extra = sizes(given(node, 4, "padding", 0), rank), sizes(given(node, 5, "output_padding", 0), rank)
    groups = given(node, 6, "groups", 1)
    op = make(
        "conv_transpose",
        out=weight.shape[1] * groups,
        size=tuple(weight.shape[2:]),
        stride=sizes(given(node, 3, "stride", 1), rank),
        pad=Padding("explicit", tuple((n, n) for n in pad), scalar=len(set(pad)) == 1),
        output_pad=extra if any(extra) else None,
        groups=groups,
        dilation=sizes(given(node, 7, "dilation", 1), rank),
        bias=bias is not None,
    )
    return to.layer(op, [x], {"weight": node.args[1], "bias": bias})


@reads("linear")
def linear(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    rank = len(x.axes) - 1
    x = to.as_stored(x)
    bias = given(node, 2, "bias")
    op = make("dense", out=to.array(node.args[1]).shape[0], bias=bias is not None, per_place=rank > 0)
    return to.layer(op, [x], {"weight": node.args[1], "bias": bias}, axes=last(rank))


@reads("batch_norm")
def batch_norm(to: Reader, node: Any) -> Map:
    x = to.first(node.args[0])
    weight, bias, mean, variance = node.args[1:5]
    momentum, eps = node.args[6], node.args[7]
    op = make("batchnorm", eps=eps, momentum=round(1 - momentum, 10), scale=weight is not None, center=bias is not None)
    weights = {"weight": weight, "bias": bias, "running_mean": mean, "running_var": variance}
    return to.layer(op, [x], weights)


@reads("layer_norm")
def layer_norm(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    rank, weight, bias = len(x.axes) - 1, given(node, 2, "weight"), given(node, 3, "bias")
    if len(node.args[1]) != 1 or x.axes[-1] != rank:
        raise Unread(f"it normalises over {list(node.args[1])}: only the channels of each place have a counterpart")
    op = make("layernorm", eps=given(node, 4, "eps", 1e-5), scale=weight is not None, center=bias is not None)
    return to.layer(op, [x], {"weight": weight, "bias": bias}, axes=x.axes)


@reads("group_norm")
def group_norm(to: Reader, node: Any) -> Map:
    weight, bias = given(node, 2, "weight"), given(node, 3, "bias")
    op = make("groupnorm", groups=node.args[1], eps=given(node, 4, "eps", 1e-5), scale=weight is not None,
              center=bias is not None)  # fmt: skip
    return to.layer(op, [to.first(node.args[0])], {"weight": weight, "bias": bias})


@reads("instance_norm")
def instance_norm(to: Reader, node: Any) -> Map:
    weight, bias = node.args[1:3]
    op = make("instancenorm", eps=node.args[7], scale=weight is not None, center=bias is not None)
    return to.layer(op, [to.first(node.args[0])], {"weight": weight, "bias": bias})


@reads("prelu")
def prelu(to: Reader, node: Any) -> Map:
    per = "layer" if to.array(node.args[1]).numel() == 1 else "channel"
    return to.layer(make("prelu", per=per), [to.first(node.args[0])], {"weight": node.args[1]})


# --- activations and what does nothing --------------------------------------------------------------------------------

PLAIN = {"relu": "relu", "relu6": "relu6", "sigmoid": "sigmoid", "tanh": "tanh", "silu": "swish", "mish": "mish",
         "hardswish": "hard_swish", "hardsigmoid": "hard_sigmoid", "selu": "selu", "softplus": "softplus",
         "abs": "abs", "exp": "exponential", "square": "square", "log_sigmoid": "log_sigmoid"}  # fmt: skip


@reads(*PLAIN)
def plain(to: Reader, node: Any) -> Map:
    word = str(node.target).split(".")[1].rstrip("_")
    return to.like(to.map(node.args[0]), make(PLAIN[word]))


@reads("hardtanh", "clamp")
def cut(to: Reader, node: Any) -> Map:
    low = given(node, 1, "min_val", given(node, 1, "min", -1.0))
    high = given(node, 2, "max_val", given(node, 2, "max", 1.0))
    x = to.map(node.args[0])
    if low is None or high is None:
        raise Unread("only one of its ends is bounded")
    words = {(0, 6): "relu6", (-1, 1): "hard_tanh"}
    if (low, high) in words:
        return to.like(x, make(words[low, high]))
    return to.like(x, make("relu", max=float(high)) if low == 0 else make("clip", low=float(low), high=float(high)))


@reads("leaky_relu")
def leaky_relu(to: Reader, node: Any) -> Map:
    return to.like(to.map(node.args[0]), make("leaky_relu", slope=given(node, 1, "negative_slope", 0.01)))


@reads("elu")
def elu(to: Reader, node: Any) -> Map:
    return to.like(to.map(node.args[0]), make("elu", alpha=float(given(node, 1, "alpha", 1.0))))


@reads("gelu")
def gelu(to: Reader, node: Any) -> Map:
    approximate = given(node, 1, "approximate", "none") == "tanh"
    return to.like(to.map(node.args[0]), make("gelu", approximate=approximate))


@reads("softmax", "log_softmax")
def softmax(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    axis = node.args[1] % (len(x.axes) + 1)
    if axis == 0 or x.axes[axis - 1] != len(x.axes) - 1:
        raise Unread(f"it runs over the axis {node.args[1]}, which does not hold the channels")
    return to.like(x, make("log_softmax" if "log" in str(node.target) else "softmax"))


@reads("dropout", "feature_dropout")
def dropout(to: Reader, node: Any) -> Map:
    word = "spatial_dropout" if "feature" in str(node.target) else "dropout"
    return to.like(to.map(node.args[0]), make(word, p=float(node.args[1])))


@reads("contiguous", "clone", "detach", "alias", "identity", "to", "_assert_tensor_metadata")
def nothing(to: Reader, node: Any) -> Map:
    return to.map(node.args[0])


# --- pools and borders ------------------------------------------------------------------------------------------------


@reads("max_pool1d", "max_pool2d", "max_pool3d")
def max_pool(to: Reader, node: Any) -> Map:
    x = to.first(node.args[0])
    rank = to.shape(x).rank
    window = sizes(node.args[1], rank)
    if set(sizes(given(node, 4, "dilation", 1), rank)) != {1}:
        raise Unread("its window is dilated")
    op = make(
        "maxpool",
        size=window,
        stride=sizes(given(node, 2, "stride") or window, rank),
        pad=border(given(node, 3, "padding", 0), rank),
        ceil=bool(given(node, 5, "ceil_mode", False)),
    )
    return to.layer(op, [x])


@reads("avg_pool1d", "avg_pool2d", "avg_pool3d")
def avg_pool(to: Reader, node: Any) -> Map:
    x = to.first(node.args[0])
    rank = to.shape(x).rank
    window = sizes(node.args[1], rank)
    if given(node, 6, "divisor_override") is not None:
        raise Unread("it divides by a number of its own")
    pad = border(given(node, 3, "padding", 0), rank)
    counts = {} if pad == VALID else {"count_pad": bool(given(node, 5, "count_include_pad", True))}
    op = make("avgpool", size=window, stride=sizes(given(node, 2, "stride") or window, rank), pad=pad,
              ceil=bool(given(node, 4, "ceil_mode", False)), **counts)  # fmt: skip
    return to.layer(op, [x])


@reads("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d")
def adaptive_avg_pool(to: Reader, node: Any) -> Map:
    return adaptive(to, node, "avgpool")


@reads("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d")
def adaptive_max_pool(to: Reader, node: Any) -> list[Map]:
    return [adaptive(to, node, "maxpool")]


def adaptive(to: Reader, node: Any, pool: str) -> Map:
    x = to.first(node.args[0])
    out = sizes(node.args[1], to.shape(x).rank)
    if set(out) == {1}:
        return to.layer(make(f"global_{pool}", keep=True), [x])
    return x if out == to.shape(x).spatial else to.layer(make(f"adaptive_{pool}", out=out), [x])


@reads("mean")
def mean(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    rank = len(x.axes) - 1
    over = {x.axes[axis % (rank + 2) - 1] for axis in given(node, 1, "dim") or [] if axis % (rank + 2)}
    if not rank or over != set(range(rank)):
        raise Unread(f"it takes the mean over {given(node, 1, 'dim')}: only all places together have a counterpart")
    keep = bool(given(node, 2, "keepdim", False))
    ref = to.build.add(make("global_avgpool", keep=keep), [x.ref])
    return Map(ref, x.axes if keep else first(0))


PADS = {"constant": "zeropad", "reflect": "reflection_pad", "replicate": "edge_pad"}


@reads("pad", "constant_pad_nd", "zero_pad2d")
def pad(to: Reader, node: Any) -> Map:
    """Pairs from the last axis on."""
    numbers = list(node.args[1])
    if not any(numbers):
        return to.map(node.args[0])
    x = to.first(node.args[0])
    rank = to.shape(x).rank
    named = str(node.target).startswith("aten.pad")
    mode = given(node, 2, "mode", "constant") if named else "constant"
    value = given(node, 3 if named else 2, "value")
    if len(numbers) > 2 * rank or mode not in PADS:
        raise Unread(f"it pads by {numbers} with `{mode}`")
    pairs = [(numbers[i], numbers[i + 1]) for i in range(0, len(numbers), 2)]
    full = tuple([(0, 0)] * (rank - len(pairs)) + list(reversed(pairs)))
    if min(min(p) for p in full) < 0:
        return to.layer(make("crop", border=tuple((-a, -b) for a, b in full)), [x])
    extra = {"value": float(value)} if mode == "constant" and value else {}
    return to.layer(make(PADS[mode], border=full, **extra), [x])


@reads("upsample_nearest2d", "upsample_bilinear2d", "upsample_bicubic2d", "upsample_nearest1d", "upsample_nearest3d")
def upsample(to: Reader, node: Any) -> Map:
    x = to.first(node.args[0])
    kind = str(node.target).split(".")[1]
    rank, shape = to.shape(x).rank, to.shape(x)
    asked, factors = node.args[1], node.args[-1]
    options: dict[str, Any] = {"mode": "bilinear" if "linear" in kind else "bicubic" if "cubic" in kind else "nearest"}
    if options["mode"] != "nearest" and node.args[2]:
        options["align_corners"] = True
    if options["mode"] == "bicubic":
        options["a"] = -0.75
    if asked is None and all(f == int(f) for f in factors):
        return to.layer(make("upsample", factor=tuple(int(f) for f in factors), **options), [x])
    out = tuple(asked) if asked is not None else tuple(int((n or 0) * f) for n, f in zip(shape.spatial, factors))
    if options["mode"] == "nearest" and any(m % (n or 1) for n, m in zip(shape.spatial, out)):
        options["mode"] = "nearest_floor"
    return to.layer(make("upsample", to=sizes(out, rank), **options), [x])


@reads("pixel_shuffle", "pixel_unshuffle")
def pixel_shuffle(to: Reader, node: Any) -> Map:
    word = str(node.target).split(".")[1]
    return to.layer(make(word, factor=node.args[1]), [to.first(node.args[0])])


# --- arrangements -----------------------------------------------------------------------------------------------------


@reads("flatten")
def flatten(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    start, end = given(node, 1, "start_dim", 0), given(node, 2, "end_dim", -1)
    whole = start % (len(x.axes) + 1) == 1 and end % (len(x.axes) + 1) == len(x.axes)
    return to.flattened(x) if whole else reshape(to, node)


@reads("view", "reshape", "unflatten", "squeeze", "unsqueeze", "_unsafe_view")
def reshape(to: Reader, node: Any) -> Map:
    """By the shapes that torch has found; a view behind two others may be a channel shuffle."""
    x = shuffled(to, node)
    if x is not None:
        return x
    batch, *rest = [int(n) for n in node.meta["val"].shape]
    x = to.map(node.args[0])
    if batch != node.args[0].meta["val"].shape[0]:
        raise Unread(f"it changes the batch: {[batch, *rest]}")
    return to.reshaped(x, rest)


def shuffled(to: Reader, node: Any) -> Map | None:
    """view(x, groups, rest), transpose, view back."""
    turn = node.args[0]
    while "contiguous" in str(turn.target) or "clone" in str(turn.target):
        turn = turn.args[0]
    if "transpose" not in str(turn.target) or set(turn.args[1:]) != {1, 2}:
        return None
    apart = turn.args[0]
    if not any(word in str(apart.target) for word in ("view", "reshape", "unflatten")):
        return None
    before, dealt, after = (list(n.meta["val"].shape) for n in (apart.args[0], apart, node))
    if before != after or len(dealt) != len(before) + 1 or dealt[1] * dealt[2] != before[1]:
        return None
    x = to.map(apart.args[0])
    return to.layer(make("channel_shuffle", groups=int(dealt[1])), [x]) if x.axes == first(len(x.axes) - 1) else None


@reads("permute")
def permute(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    return to.transposed(x, [axis % (len(x.axes) + 1) for axis in node.args[1]])


@reads("movedim")
def movedim(to: Reader, node: Any) -> Map:
    """Axes taken out and put in elsewhere; the others keep their order."""
    x = to.map(node.args[0])
    count = len(x.axes) + 1
    taken, put = ([axis % count for axis in sizes(given, 1)] for given in node.args[1:3])
    order = [axis for axis in range(count) if axis not in taken]
    for place, axis in sorted(zip(put, taken)):
        order.insert(place, axis)
    return to.transposed(x, order)


@reads("transpose", "swapaxes", "swapdims")
def transpose(to: Reader, node: Any) -> Map:
    x = to.map(node.args[0])
    order = list(range(len(x.axes) + 1))
    a, b = (axis % len(order) for axis in node.args[1:3])
    order[a], order[b] = order[b], order[a]
    return to.transposed(x, order)


@reads("chunk", "split", "split_with_sizes")
def chunk(to: Reader, node: Any) -> list[Map]:
    x = to.first(node.args[0])
    if given(node, 2, "dim", 0) % (len(x.axes) + 1) != 1:
        raise Unread(f"it splits the axis {given(node, 2, 'dim', 0)}: only channels are split")
    lengths = [int(value.shape[1]) for value in node.meta["val"]]
    if len(set(lengths)) == 1:
        return to.parts(x, len(lengths))
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    return [to.taken(x, range(start, start + n)) for start, n in zip(starts, lengths)]


@reads("slice")
def sliced(to: Reader, node: Any) -> Map:
    if given(node, 4, "step", 1) != 1:
        raise Unread("it leaves places out")
    return run_of(to, node, given(node, 2, "start"), given(node, 3, "end"))


@reads("narrow")
def narrow(to: Reader, node: Any) -> Map:
    first_place, length = node.args[2:4]
    size = node.args[0].meta["val"].shape[node.args[1]]
    return run_of(to, node, first_place % size, first_place % size + length)


def run_of(to: Reader, node: Any, begin: int | None, stop: int | None) -> Map:
    """Some of the channels, or a map with its border cut away."""
    x = to.first(node.args[0])
    rank, axis = len(x.axes) - 1, given(node, 1, "dim", 0) % (len(x.axes) + 1)
    start, end, _ = slice(begin, stop).indices(node.args[0].meta["val"].shape[axis])
    size = to.dims(x)[axis - 1] if axis else 0
    if axis == 0 or (start, end) == (0, size):
        return x
    if axis == 1:
        return to.share(x, start, end, size or 0)
    cut_ = [(0, 0)] * rank
    cut_[axis - 2] = (start, (size or 0) - end)
    return to.layer(make("crop", border=tuple(cut_)), [x])


@reads("index", "index_select")
def taken(to: Reader, node: Any) -> Map:
    """Channels by a list of their numbers: `x[:, [0, 2]]`."""
    x = to.map(node.args[0])
    by_axis = {node.args[1]: node.args[2]} if called(node, "index_select") else dict(enumerate(node.args[1]))
    asked = [(axis, index) for axis, index in by_axis.items() if index is not None]
    axis, index = asked[0]
    if len(asked) > 1 or axis == 0 or x.axes[axis % (len(x.axes) + 1) - 1] != len(x.axes) - 1:
        raise Unread("it takes places, not channels")
    numbers = to.array(index) if to.is_weight(index) else None
    if numbers is None or numbers.ndim != 1 or numbers.is_floating_point() or str(numbers.dtype) == "torch.bool":
        raise Unread("which channels it takes is no list of numbers")
    return to.taken(x, (numbers % (to.shape(x).channels or 1)).tolist())


@reads("cat")
def cat(to: Reader, node: Any) -> Map:
    values = [to.first(n) for n in node.args[0]]
    rank, axis = to.shape(values[0]).rank, given(node, 1, "dim", 0) % (len(values[0].axes) + 1)
    names = ("channels", *{1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}.get(rank, ()))
    if axis == 0:
        raise Unread("it joins along the batch")
    return to.joined(values, names[axis - 1])
