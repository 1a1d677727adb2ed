"""Functions of `keras.ops` in a functional model, and the layers that change the size of a picture."""

from __future__ import annotations

from typing import Any

from ...decompile.network import Ref, make
from ...ops.base import Op
from ..unread import Unread
from .rules import Call, flat, pairs, reads, sizes

PLAIN: dict[str, str] = {
    "Relu": "relu", "Relu6": "relu6", "Sigmoid": "sigmoid", "Tanh": "tanh", "Silu": "swish", "Selu": "selu",
    "Softplus": "softplus", "Softsign": "softsign", "HardSigmoid": "hard_sigmoid", "HardSilu": "hard_swish",
    "Mish": "mish", "LogSigmoid": "log_sigmoid", "HardTanh": "hard_tanh", "TanhShrink": "tanh_shrink",
    "Absolute": "abs", "Abs": "abs", "Square": "square", "Exp": "exponential",
}  # fmt: skip


@reads(*PLAIN)
def plain(call: Call) -> list[Ref]:
    return call.then(make(PLAIN[call.kind]))


@reads("Gelu")
def gelu(call: Call) -> list[Ref]:
    return call.then(make("gelu", approximate=bool(call.config.get("approximate", True))))


@reads("LeakyRelu", "Elu", "Celu")
def sloped(call: Call) -> list[Ref]:
    if call.kind == "LeakyRelu":
        return call.then(make("leaky_relu", slope=float(call.config.get("negative_slope", 0.2))))
    return call.then(make(call.kind.lower(), alpha=float(call.config.get("alpha", 1.0))))


@reads("LogSoftmax")
def log_softmax(call: Call) -> list[Ref]:
    if call.config.get("axis", -1) not in (-1, len(call.shape)):
        raise Unread(f"it runs over the axis {call.config['axis']}, which does not hold the channels")
    return call.then(make("log_softmax"))


@reads("Negative")
def negative(call: Call) -> list[Ref]:
    return call.then(make("scale", factor=-1.0))


@reads("Mean", "Max")
def reduced(call: Call) -> list[Ref]:
    """Over all places: a global pool."""
    axis, rank = call.config.get("axis"), call.shape.rank
    axes = {a % (rank + 2) for a in ([axis] if isinstance(axis, int) else axis or [])}
    if not rank or axes != set(range(1, rank + 1)):
        raise Unread(f"it takes the {call.kind.lower()} over {axis}: only all places together have a counterpart")
    word = "global_avgpool" if call.kind == "Mean" else "global_maxpool"
    return call.then(make(word, keep=bool(call.config.get("keepdims", False))))


@reads("Split")
def split(call: Call) -> list[Ref]:
    """`ops.split` of the channels, in equal shares or at places."""
    axis, at = call.config.get("axis", 0), call.config["indices_or_sections"]
    width = call.shape.channels or 0
    if axis not in (-1, len(call.shape)):
        raise Unread(f"it splits the axis {axis}: only channels are split")
    if isinstance(at, int):
        return call.one(make("split", parts=at))
    runs = zip([0, *at], [*at, width])
    return [call.build.add(make("take_channels", channels=tuple(range(a, b))), call.inputs) for a, b in runs]


@reads("Dot")
def dot(call: Call) -> list[Ref]:
    axes, shapes = call.config["axes"], [call.build.shape(ref) for ref in call.inputs]
    both = [axes] * 2 if isinstance(axes, int) else axes
    counted = tuple(axis % (len(shape) + 1) for axis, shape in zip(both, shapes))
    ends = tuple(len(shape) for shape in shapes)
    return call.one(make("dot", axes=() if counted == ends else counted, normalize=call.config.get("normalize", False)))


@reads("RMSNormalization")
def rmsnorm(call: Call) -> list[Ref]:
    if call.config.get("axis", -1) not in (-1, [-1], len(call.shape)):
        raise Unread(f"it normalises the axis {call.config['axis']}, not the channels")
    return call.one(make("rmsnorm", eps=call.config.get("epsilon", 1e-6)))


@reads("Resizing")
def resizing(call: Call) -> list[Ref]:
    config = call.config
    for name in ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"):
        if config.get(name):
            raise Unread(f"its {name} is set")
    if config.get("interpolation", "bilinear") != "bilinear":
        raise Unread(f"it interpolates by `{config['interpolation']}`")
    return call.then(make("upsample", to=(config["height"], config["width"]), mode="bilinear"))


@reads("CenterCrop")
def center_crop(call: Call) -> list[Ref]:
    """The middle of the picture; the odd place goes behind."""
    wanted = (call.config["height"], call.config["width"])
    border = []
    for size, n in zip(call.shape.spatial, wanted):
        if size is None or size < n:
            raise Unread(f"it cuts {wanted[0]}x{wanted[1]} out of {call.shape}: the picture must be known and larger")
        border.append(((size - n) // 2, size - n - (size - n) // 2))
    return call.then(make("crop", border=tuple(border)))


@reads("Pad")
def pad(call: Call) -> list[Ref]:
    """`ops.pad` of places."""
    words = {"constant": "zeropad", "reflect": "reflection_pad"}
    mode, border = call.config.get("mode", "constant"), pairs(call.config["pad_width"])
    if mode not in words or len(border) != len(call.shape) + 1 or any(border[0]) or any(border[-1]):
        raise Unread(f"it pads by {call.config['pad_width']} with `{mode}`: only places have a counterpart")
    return call.then(make(words[mode], border=border[1:-1]))


@reads("AdaptiveAveragePooling1D", "AdaptiveAveragePooling2D", "AdaptiveAveragePooling3D",
       "AdaptiveMaxPooling1D", "AdaptiveMaxPooling2D", "AdaptiveMaxPooling3D")  # fmt: skip
def adaptive(call: Call) -> list[Ref]:
    word = "adaptive_avgpool" if "Average" in call.kind else "adaptive_maxpool"
    return call.then(make(word, out=sizes(call.config["output_size"])))


def penalties(config: Any) -> dict[str, float]:
    """`l1=` and `l2=` of a layer's kernel; Unread for penalties and constraints that the language lacks."""
    found: dict[str, float] = {}
    for key in ("kernel", "depthwise", "pointwise", "bias", "activity", "beta", "gamma", "embeddings"):
        given = config.get(f"{key}_regularizer")
        if not given:
            continue
        kind, inner = (given.get("class_name"), given.get("config", {})) if isinstance(given, dict) else (given, {})
        if key != "kernel" or kind not in ("L1", "L2", "L1L2", "l1", "l2", "l1_l2"):
            raise Unread(f"its {key}_regularizer is `{kind}`: `l1=` and `l2=` of the kernel have a counterpart")
        found.update({name: float(flat(inner[name])[0]) for name in ("l1", "l2") if inner.get(name)})
    return found


def penalised(op: Op, config: Any) -> Op:
    """The layer with the penalties of its configuration."""
    found = penalties(config)
    if found and not {"l1", "l2"} <= op.fields.keys():
        raise Unread("its penalty has no counterpart")
    return op.changed(**found) if found else op
