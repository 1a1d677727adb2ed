"""The classes that `cnnc emit keras` writes beside Keras's own, by their names and arguments: what each stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...decompile.network import Ref, make
from ...ops.base import Op
from ...ops.pool import MaxPoolPlaces
from ..borders import worded
from ..unread import Unread
from .activations import function
from .arguments import COMMON, bordered, sizes
from .call import RULES, Call, Rule, ranked

OWN: dict[str, tuple[frozenset[str], Rule]] = {}
"""By the name of a class: the arguments by which it is known, and the rule."""


def reads(classes: list[str], arguments: str) -> Callable[[Rule], Rule]:
    """Register a rule for classes that have these arguments, all of them."""

    def register(rule: Rule) -> Rule:
        OWN.update(dict.fromkeys(classes, (frozenset(arguments.split()), rule)))
        return rule

    return register


def rule_of(layer: Mapping[str, Any]) -> Rule | None:
    """Of Keras's classes by the name, of ours by the arguments as well; None for those of others."""
    kind, config = layer["class_name"], layer.get("config") or {}
    if not layer.get("registered_name") or str(layer.get("module") or "").startswith("keras"):
        return RULES.get(kind)
    arguments, rule = OWN.get(kind, (None, None))
    found = config.keys() - COMMON
    inherits = kind.startswith(("Conv", "Instance"))  # of Keras's own, and has their arguments too
    begins = {name for name in found if name.endswith("_initializer")}
    known = arguments is not None and (arguments == found - begins or (inherits and arguments <= found))
    return rule if known else None


def nested(numbers: Any) -> Any:
    """Nested lists as tuples."""
    return tuple(map(nested, numbers)) if isinstance(numbers, (list, tuple)) else numbers


def windows(kernel: Any) -> Any:
    """A kernel that is given: one window for all channels, one for each output channel, or all of them."""
    if any(len(inner) > 1 for inner in kernel):
        return kernel
    each = tuple(inner[0] for inner in kernel)
    return each[0] if len(each) == 1 else each


def window(config: Mapping[str, Any]) -> dict[str, Any]:
    """What our convolutions say alike."""
    return {
        **({} if config.get("fixed") is None else {"kernel": windows(nested(config["fixed"]))}),
        "size": sizes(config["kernel_size"]),
        "stride": sizes(config["strides"]),
        "dilation": sizes(config["dilation_rate"]),
        "bias": config["use_bias"],
        "act": function(config["activation"]),
    }


@reads(ranked("Conv#D"), "padding fixed weight_norm")
def conv(call: Call) -> list[Ref]:
    config = call.config
    named = {"groups": config["groups"], "weight_norm": config["weight_norm"], "pad": bordered(config["padding"])}
    return call.one(worded(make("conv", out=config["filters"], **window(config), **named), call.shape))


@reads(
    ranked("DepthwiseConv#D"),
    "kernel_size strides padding depth_multiplier dilation_rate activation use_bias fixed",
)
def depthwise(call: Call) -> list[Ref]:
    named = {"multiplier": call.config["depth_multiplier"], "pad": bordered(call.config["padding"])}
    return call.one(make("depthwise_conv", **window(call.config), **named))


@reads(
    ranked("SeparableConv#D"),
    "filters kernel_size strides padding depth_multiplier dilation_rate activation use_bias",
)
def separable(call: Call) -> list[Ref]:
    named = {"multiplier": call.config["depth_multiplier"], "pad": bordered(call.config["padding"])}
    return call.one(make("separable_conv", out=call.config["filters"], **window(call.config), **named))


@reads(ranked("LocallyConnected#D"), "filters kernel_size strides dilation border activation use_bias")
def local_conv(call: Call) -> list[Ref]:
    config = {**call.config, "dilation_rate": call.config["dilation"]}
    return call.one(make("local_conv", out=config["filters"], **window(config), pad=bordered(config["border"])))


@reads(ranked("Conv#DTranspose"), "filters kernel_size crops strides dilation_rate groups activation use_bias")
def conv_transpose(call: Call) -> list[Ref]:
    """What is cut below 0 is added."""
    config = call.config
    if any(before < 0 for before, _ in config["crops"]):
        raise Unread(f"its crops are {config['crops']}")
    extra = tuple(max(-after, 0) for _, after in config["crops"])
    cut = bordered([[before, max(after, 0)] for before, after in config["crops"]])
    named = {"groups": config["groups"], "pad": cut, "output_pad": extra if any(extra) else None}
    return call.one(make("conv_transpose", out=config["filters"], **window(config), **named))


def pooled(call: Call, word: str, **more: Any) -> list[Ref]:
    config = call.config
    given = {"size": sizes(config["size"]), "stride": sizes(config["strides"]), "pad": bordered(config["padding"])}
    return call.one(make(word, **given, ceil=config["ceil"], **more))


@reads(ranked("MaxPooling#D", "L2Pooling#D", "MaxPoolingWithArgmax#D"), "size strides padding ceil")
def pool(call: Call) -> list[Ref]:
    words = {"MaxPooling": "maxpool", "L2Pooling": "l2pool", "MaxPoolingWithArgmax": "maxpool_places"}
    return pooled(call, words[call.kind[:-2]])


@reads(ranked("MaxUnpooling#D"), "size")
def unpool(call: Call) -> list[Ref]:
    """To the size of a third value, by the window of its pool where that leads there, or to the size that it says."""
    if len(call.inputs) > 2:
        return call.one(make("unpool", to=2))
    shapes = tuple(map(call.build.shape, call.inputs))
    by_window = (op for op in unpools(call) if op.facts(shapes).output.spatial == tuple(call.config["size"]))
    return call.one(next(by_window, make("unpool", to=tuple(call.config["size"]))))


def unpools(call: Call) -> Iterator[Op]:
    """What undoes a pool: of the window that is usual, or of the one that it had."""
    yield make("unpool")
    pool = call.build.layers[call.inputs[1].layer]
    if isinstance(pool.op, MaxPoolPlaces):
        edges = pool.op.sliding(call.build.shape(pool.inputs[0])).borders
        if all(edge is not None and edge[0] == edge[1] for edge in edges):
            pad = tuple(edge[0] for edge in edges if edge)
            yield make("unpool", size=pool.op.size, stride=pool.op.stride, pad=pad)


@reads(ranked("AveragePooling#D"), "size strides padding ceil counts_border")
def avgpool(call: Call) -> list[Ref]:
    bare = bordered(call.config["padding"]).kind != "explicit"
    return pooled(call, "avgpool", **({} if bare else {"count_pad": call.config["counts_border"]}))


@reads(ranked("AdaptiveAveragePooling#D", "AdaptiveMaxPooling#D"), "output_size")
def adaptive(call: Call) -> list[Ref]:
    return RULES[call.kind](call)


@reads(ranked("ConstantPadding#D"), "padding value")
def zeropad(call: Call) -> list[Ref]:
    return call.then(make("zeropad", border=bordered(call.config["padding"]).pairs, value=float(call.config["value"])))


@reads(ranked("ReflectionPadding#D", "EdgePadding#D"), "padding")
def padded(call: Call) -> list[Ref]:
    word = "reflection_pad" if call.kind.startswith("Reflection") else "edge_pad"
    return call.then(make(word, border=bordered(call.config["padding"]).pairs))


@reads(["CenterCrop"], "")
def center_crop(call: Call) -> list[Ref]:
    """At the size of a second value."""
    return call.one(make("crop", border=1))


@reads(["Add"], "drop")
def add(call: Call) -> list[Ref]:
    return call.one(make("add", drop=float(call.config["drop"])))


@reads(["CustomScaleLayer"], "scale")
def scaled_add(call: Call) -> list[Ref]:
    return RULES[call.kind](call)


@reads([*ranked("UpSampling#D", "Resizing#D"), "Resizing"], "size mode align_corners a")
def resized(call: Call) -> list[Ref]:
    config, two = call.config, call.shape.rank == 2
    words = {"linear": "bilinear" if two else "linear", "cubic": "bicubic"}
    mode = words.get(config["mode"], config["mode"])
    given = {"mode": mode, "align_corners": config["align_corners"], "a": float(config["a"])}
    if call.kind.startswith("Up"):
        return call.one(make("upsample", factor=sizes(config["size"]), **given))
    return call.one(make("upsample", to=1 if config["size"] is None else sizes(config["size"]), **given))


@reads(["ChannelShuffle"], "groups")
def channel_shuffle(call: Call) -> list[Ref]:
    return call.then(make("channel_shuffle", groups=call.config["groups"]))


@reads(ranked("PixelShuffle#D", "PixelUnshuffle#D"), "factor")
def pixel_shuffle(call: Call) -> list[Ref]:
    word = "pixel_shuffle" if call.kind.startswith("PixelS") else "pixel_unshuffle"
    return call.then(make(word, factor=call.config["factor"]))


@reads(["LocalResponseNormalization"], "size alpha beta k")
def lrn(call: Call) -> list[Ref]:
    return call.then(make("lrn", **{key: call.config[key] for key in ("size", "alpha", "beta", "k")}))


@reads(["InstanceNormalization"], "groups axis epsilon center scale")
def instancenorm(call: Call) -> list[Ref]:
    return RULES["GroupNormalization"](call)


@reads(["GlobalResponseNormalization"], "epsilon")
def response_norm(call: Call) -> list[Ref]:
    return call.one(make("response_norm", eps=call.config["epsilon"]))


@reads(["ChannelAffine"], "")
def channel_affine(call: Call) -> list[Ref]:
    return call.one(make("channel_affine"))


@reads(["LayerScale"], "init")
def layer_scale(call: Call) -> list[Ref]:
    return call.one(make("layer_scale", init=call.config["init"]))


@reads(["RBF"], "units codes")
def rbf(call: Call) -> list[Ref]:
    codes, trained = call.config["codes"], call.config.get("trainable", True)
    return call.one(make("rbf", out=call.config["units"], codes=nested(codes), trained=trained))


@reads(["Activation"], "activation")
def activation(call: Call) -> list[Ref]:
    """One that gives half of the channels."""
    return RULES["Activation"](call)


@reads(["Sampling"], "")
def sampling(call: Call) -> list[Ref]:
    return call.one(make("sample_normal"))


@reads(["Multiply"], "factor")
def scale(call: Call) -> list[Ref]:
    return call.one(make("scale", factor=call.config["factor"]))
