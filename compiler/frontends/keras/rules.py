"""What each class of Keras is in the language: one rule per family, by the name of the class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...decompile.network import Builder, Ref, make
from ...ops.base import Op
from ...ops.geometry import CAUSAL, SAME, VALID
from ...shape import Shape
from ..unread import Unread


@dataclass(frozen=True)
class Call:
    """One call of a layer: its configuration, what it takes, the numbers among its arguments, its earlier calls."""

    build: Builder
    kind: str
    name: str
    config: Mapping[str, Any]
    inputs: Sequence[Ref]
    numbers: Mapping[str, Any]
    earlier: list[int]

    def one(self, op: Op) -> list[Ref]:
        """The layer as one of ours; the second call of one with weights shares those of the first."""
        from .operations import penalised

        shares = self.earlier[0] if self.earlier else None
        ref = self.build.add(penalised(op, self.config), self.inputs, self.name, shares=shares)
        if self.build.layers[ref.layer].facts.weights:
            self.earlier.append(ref.layer)
        count = len(self.build.layers[ref.layer].facts.outputs)
        return [Ref(ref.layer, i) for i in range(count)]

    def then(self, op: Op) -> list[Ref]:
        """A layer without weights, on the first input."""
        return [self.build.add(op, self.inputs[:1], self.name)]

    @property
    def shape(self) -> Shape:
        return self.build.shape(self.inputs[0])


Rule = Callable[[Call], list[Ref]]
RULES: dict[str, Rule] = {}


def reads(*classes: str) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(classes, rule))
        return rule

    return register


def ranked(*stems: str) -> list[str]:
    """Class names in 1-D, 2-D and 3-D: `Conv#D`."""
    return [stem.replace("#", str(rank)) for stem in stems for rank in (1, 2, 3)]


# --- what arguments mean ----------------------------------------------------------------------------------------------

FUNCTIONS = {"silu": "swish", "swish": "swish", "hard_silu": "hard_swish", "hard_swish": "hard_swish", "relu": "relu",
             "relu6": "relu6", "sigmoid": "sigmoid", "softmax": "softmax", "tanh": "tanh", "elu": "elu", "selu": "selu",
             "softplus": "softplus", "softsign": "softsign", "hard_sigmoid": "hard_sigmoid", "mish": "mish",
             "exponential": "exponential", "log_softmax": "log_softmax", "log_sigmoid": "log_sigmoid", "celu": "celu",
             "hard_tanh": "hard_tanh", "tanh_shrink": "tanh_shrink", "soft_shrink": "soft_shrink",
             "hard_shrink": "hard_shrink", "glu": "glu"}  # fmt: skip


def function(value: Any) -> Op | None:
    """The activation that a name stands for; None for `linear`."""
    if isinstance(value, dict):
        inner = value.get("config")
        value = inner if isinstance(inner, str) else (inner or {}).get("name") or value.get("class_name")
    if value in (None, "linear"):
        return None
    if value == "gelu":
        return make("gelu")
    if value == "leaky_relu":
        return make("leaky_relu", slope=0.2)
    if value not in FUNCTIONS:
        raise Unread(f"its activation is `{value}`")
    return make(FUNCTIONS[value])


def sizes(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def padding(config: Mapping[str, Any]) -> Any:
    return {"valid": VALID, "same": SAME, "causal": CAUSAL}[config.get("padding", "valid")]


def pairs(value: Any) -> tuple[tuple[int, int], ...]:
    """A border: one number, a pair, or a list of pairs."""
    if isinstance(value, int):
        return ((value, value),)
    if all(isinstance(n, int) for n in value):
        return ((value[0], value[1]),) if len(value) == 2 else tuple((n, n) for n in value)
    return tuple((a, b) for a, b in value)


def last(config: Mapping[str, Any]) -> None:
    if config.get("data_format") == "channels_first":
        raise Unread("its channels come first")


def windowed(config: Mapping[str, Any]) -> dict[str, Any]:
    """What all convolutions say alike."""
    last(config)
    act = function(config.get("activation"))
    return {
        "size": sizes(config["kernel_size"]),
        "stride": sizes(config.get("strides", 1)),
        "pad": padding(config),
        "dilation": sizes(config.get("dilation_rate", 1)),
        "bias": config.get("use_bias", True),
        "act": act,
    }


# --- layers with weights ----------------------------------------------------------------------------------------------


@reads(*ranked("Conv#D", "Convolution#D"))
def conv(call: Call) -> list[Ref]:
    given = windowed(call.config)
    return call.one(make("conv", out=call.config["filters"], groups=call.config.get("groups", 1), **given))


@reads(*ranked("DepthwiseConv#D"))
def depthwise(call: Call) -> list[Ref]:
    return call.one(
        make("depthwise_conv", multiplier=call.config.get("depth_multiplier", 1), **windowed(call.config))
    )  # fmt: skip


@reads(*ranked("SeparableConv#D", "SeparableConvolution#D"))
def separable(call: Call) -> list[Ref]:
    given = windowed(call.config)
    return call.one(
        make("separable_conv", out=call.config["filters"], multiplier=call.config.get("depth_multiplier", 1), **given)
    )


@reads(*ranked("Conv#DTranspose", "Convolution#DTranspose"))
def conv_transpose(call: Call) -> list[Ref]:
    extra = call.config.get("output_padding")
    if extra is not None and any(sizes(extra)):
        raise Unread(f"its output_padding is {extra}")
    return call.one(make("conv_transpose", out=call.config["filters"], **windowed(call.config)))


@reads("Dense")
def dense(call: Call) -> list[Ref]:
    config = call.config
    act = function(config.get("activation"))
    given = {"out": config["units"], "bias": config.get("use_bias", True), "act": act}
    return call.one(make("dense", **given, per_place=call.shape.rank > 0))


@reads("Embedding")
def embedding(call: Call) -> list[Ref]:
    return call.one(make("embedding", vocabulary=call.config["input_dim"], width=call.config["output_dim"]))


@reads("BatchNormalization", "LayerNormalization", "GroupNormalization")
def normalization(call: Call) -> list[Ref]:
    config = call.config
    axis = config.get("axis", -1)
    axes = axis if isinstance(axis, list) else [axis]
    if axes not in ([-1], [len(call.shape)]):
        raise Unread(f"it normalises the axis {axis}, not the channels")
    if config.get("rms_scaling"):
        raise Unread("its rms_scaling is set")
    given = {
        "eps": config.get("epsilon", 1e-3),
        "scale": config.get("scale", True),
        "center": config.get("center", True),
    }
    if "groups" in config:
        groups = config["groups"]
        alone = groups in (-1, call.shape.channels)  # Keras puts the number in for -1 when it builds
        return call.one(make("instancenorm", **given) if alone else make("groupnorm", groups=groups, **given))
    if "momentum" in config:
        return call.one(make("batchnorm", momentum=config["momentum"], **given))
    return call.one(make("layernorm", **given))


@reads("Normalization")
def normalize(call: Call) -> list[Ref]:
    mean, variance = call.config.get("mean"), call.config.get("variance")
    if mean is None or variance is None:
        return call.one(make("normalize"))
    numbers = [float(n) for n in flat(variance)]
    return call.one(make("normalize", mean=tuple(map(float, flat(mean))), std=tuple(n**0.5 for n in numbers)))


def flat(value: Any) -> list[Any]:
    """The numbers of nested lists, or the one."""
    return [n for item in value for n in flat(item)] if isinstance(value, (list, tuple)) else [value]


@reads("LayerScale")
def layer_scale(call: Call) -> list[Ref]:
    return call.one(make("layer_scale", init=call.config.get("init_values", 1e-6)))


@reads("PReLU")
def prelu(call: Call) -> list[Ref]:
    shared = call.config.get("shared_axes") or []
    rank = call.shape.rank
    if shared not in ([], list(range(1, rank + 1))):
        raise Unread(f"its slopes are shared along the axes {shared}")
    return call.one(make("prelu", per="channel" if shared else "value"))


# --- layers without ---------------------------------------------------------------------------------------------------


@reads(*ranked("MaxPooling#D", "MaxPool#D", "AveragePooling#D", "AvgPool#D"))
def pool(call: Call) -> list[Ref]:
    config = call.config
    last(config)
    given = {"size": sizes(config["pool_size"]), "stride": sizes(config["strides"] or config["pool_size"])}
    return call.one(make("maxpool" if call.kind.startswith("Max") else "avgpool", **given, pad=padding(config)))


@reads(*ranked("GlobalAveragePooling#D", "GlobalAvgPool#D"))
def global_avgpool(call: Call) -> list[Ref]:
    last(call.config)
    return call.one(make("global_avgpool", keep=call.config.get("keepdims", False)))


@reads(*ranked("GlobalMaxPooling#D", "GlobalMaxPool#D"))
def global_maxpool(call: Call) -> list[Ref]:
    last(call.config)
    return call.one(make("global_maxpool", keep=call.config.get("keepdims", False)))


@reads(*ranked("ZeroPadding#D"))
def zeropad(call: Call) -> list[Ref]:
    last(call.config)
    return call.one(make("zeropad", border=pairs(call.config["padding"])))


@reads(*ranked("Cropping#D"))
def crop(call: Call) -> list[Ref]:
    last(call.config)
    return call.one(make("crop", border=pairs(call.config["cropping"])))


@reads(*ranked("UpSampling#D"))
def upsample(call: Call) -> list[Ref]:
    last(call.config)
    mode = call.config.get("interpolation", "nearest")
    if mode not in ("nearest", "bilinear", "bicubic"):
        raise Unread(f"it interpolates by `{mode}`")
    return call.one(make("upsample", factor=sizes(call.config["size"]), mode=mode))


@reads("Activation")
def activation(call: Call) -> list[Ref]:
    return call.then(function(call.config["activation"]) or make("linear"))


@reads("ReLU")
def relu(call: Call) -> list[Ref]:
    highest, slope = call.config.get("max_value"), call.config.get("negative_slope", 0.0) or 0.0
    if highest == 6 and not slope and not call.config.get("threshold"):
        return call.then(make("relu6"))
    given = {"max": highest, "slope": float(slope), "threshold": float(call.config.get("threshold") or 0.0)}
    plain = highest is None and not slope and not given["threshold"]
    return call.then(make("relu", **given, layer=plain))


@reads("LeakyReLU")
def leaky_relu(call: Call) -> list[Ref]:
    slope = call.config.get("negative_slope", call.config.get("alpha", 0.3))
    return call.then(
        make("leaky_relu", slope=float(flat(slope)[0] if not isinstance(slope, dict) else slope["config"]))
    )


@reads("ELU")
def elu(call: Call) -> list[Ref]:
    alpha = float(call.config.get("alpha", 1.0))
    return call.then(make("elu", alpha=alpha, layer=alpha == 1))


@reads("Softmax")
def softmax(call: Call) -> list[Ref]:
    if call.config.get("axis", -1) not in (-1, len(call.shape)):
        raise Unread(f"it runs over the axis {call.config['axis']}, which does not hold the channels")
    return call.then(make("softmax", layer=True))


@reads("Dropout")
def dropout(call: Call) -> list[Ref]:
    """With a noise of one number for each example it is stochastic depth."""
    shape = call.config.get("noise_shape")
    if shape is None:
        return call.then(make("dropout", p=call.config["rate"]))
    if shape[1:] != [1] * len(call.shape):
        raise Unread(f"its noise_shape is {shape}")
    return call.then(make("drop_path", p=call.config["rate"]))


@reads(*ranked("SpatialDropout#D"), "AlphaDropout", "GaussianDropout")
def other_dropout(call: Call) -> list[Ref]:
    words = {"AlphaDropout": "alpha_dropout", "GaussianDropout": "gaussian_dropout"}
    return call.then(make(words.get(call.kind, "spatial_dropout"), p=call.config["rate"]))


@reads("GaussianNoise")
def gaussian_noise(call: Call) -> list[Ref]:
    return call.then(make("gaussian_noise", std=call.config["stddev"]))


@reads("StochasticDepth")
def drop_path(call: Call) -> list[Ref]:
    return call.then(make("drop_path", p=call.config.get("drop_path_rate", call.config.get("rate"))))


@reads("Flatten")
def flatten(call: Call) -> list[Ref]:
    last(call.config)
    return call.then(make("flatten"))


@reads("Reshape")
def reshape(call: Call) -> list[Ref]:
    wanted = tuple(None if n == -1 else n for n in call.config["target_shape"])
    return call.then(make("reshape", shape=wanted))


@reads("Permute")
def permute(call: Call) -> list[Ref]:
    return call.then(make("permute", order=tuple(call.config["dims"])))


@reads("Rescaling")
def rescale(call: Call) -> list[Ref]:
    scale, offset = (tuple(float(n) for n in flat(call.config[key])) for key in ("scale", "offset"))
    return call.then(make("rescale", scale=scale, offset=offset))


@reads("UnitNormalization")
def l2_normalize(call: Call) -> list[Ref]:
    return call.then(make("l2_normalize"))


@reads("Identity")
def identity(call: Call) -> list[Ref]:
    return list(call.inputs[:1])


# --- merges, and arithmetic with numbers ------------------------------------------------------------------------------

MERGES = {"Add": "add", "Multiply": "multiply", "Average": "average", "Maximum": "maximum", "Minimum": "minimum",
          "Subtract": "subtract"}  # fmt: skip


@reads(*MERGES)
def merge(call: Call) -> list[Ref]:
    """Of values; Keras's operations of the same names also take a number."""
    if len(call.inputs) > 1:
        return call.one(make(MERGES[call.kind]))
    number = next(iter(call.numbers.values()), None)
    if number is None:
        raise Unread("it merges one value")
    return arithmetic(call, float(number))


def arithmetic(call: Call, number: float) -> list[Ref]:
    """`x + 3`, `x * 0.5` and their like."""
    kind, turned = call.kind, "0" in call.numbers
    if kind == "Multiply":
        return call.then(make("scale", factor=number))
    if kind == "Add":
        return call.then(make("offset", summand=number))
    if kind == "Subtract" and not turned:
        return call.then(make("offset", summand=-number))
    raise Unread(f"it computes `{kind.lower()}` with the number {number:g}")


@reads("TrueDivide", "Divide")
def divide(call: Call) -> list[Ref]:
    number = call.numbers.get("1")
    if number is None or len(call.inputs) > 1:
        raise Unread("it divides by a value")
    return call.then(make("scale", factor=1 / number))


@reads("Concatenate")
def concat(call: Call) -> list[Ref]:
    axis, rank = call.config.get("axis", -1), call.shape.rank
    names = (*{1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}.get(rank, ()), "channels")
    position = axis if axis < 0 else axis - 1
    if axis == 0 or not -len(names) <= position < len(names):
        raise Unread(f"it joins along the axis {axis}")
    return call.one(make("concat", axis=names[position]))


@reads("CustomScaleLayer")
def scaled_add(call: Call) -> list[Ref]:
    return call.one(make("scaled_add", factor=float(call.config["scale"])))
