"""Activations: as layers, and as functions of `keras.ops`."""

from __future__ import annotations

from ....decompile.network import Ref, make
from ...unread import Unread
from ..arguments import flat, function
from ..call import Call, reads


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


@reads("PReLU")
def prelu(call: Call) -> list[Ref]:
    shared = call.config.get("shared_axes") or []
    rank = call.shape.rank
    if shared not in ([], list(range(1, rank + 1))):
        raise Unread(f"its slopes are shared along the axes {shared}")
    return call.one(make("prelu", per="channel" if shared else "value"))


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
