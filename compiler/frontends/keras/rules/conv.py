"""Convolutions, dense layers and embeddings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....decompile.network import Ref, make
from ....ops.base import Op
from ...borders import worded
from ...unread import Unread
from ..activations import function
from ..arguments import last, padding, sizes
from ..call import Call, ranked, reads


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


@reads(*ranked("Conv#D", "Convolution#D"))
def conv(call: Call) -> list[Ref]:
    given = windowed(call.config)
    return slid(call, make("conv", out=call.config["filters"], groups=call.config.get("groups", 1), **given))


def slid(call: Call, op: Op) -> list[Ref]:
    """The layer with its border by its word, where it has one."""
    return call.one(worded(op, call.shape))


@reads(*ranked("DepthwiseConv#D"))
def depthwise(call: Call) -> list[Ref]:
    multiplier = call.config.get("depth_multiplier", 1)
    return slid(call, make("depthwise_conv", multiplier=multiplier, **windowed(call.config)))


@reads(*ranked("SeparableConv#D", "SeparableConvolution#D"))
def separable(call: Call) -> list[Ref]:
    given = {"multiplier": call.config.get("depth_multiplier", 1), **windowed(call.config)}
    return slid(call, make("separable_conv", out=call.config["filters"], **given))


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
