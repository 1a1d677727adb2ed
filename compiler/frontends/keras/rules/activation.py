"""Activations: as layers, and as functions of `keras.ops`."""

from __future__ import annotations

from ....decompile.network import Ref, make
from ....ops.initializers import Zeros
from ...unread import Unread
from ..activations import LAYERS, function, numbered
from ..arguments import COMMON
from ..beginnings import initial
from ..call import Call, reads


@reads("Activation")
def activation(call: Call) -> list[Ref]:
    return call.then(function(call.config["activation"]) or make("linear"))


@reads("ReLU")
def relu(call: Call) -> list[Ref]:
    op = LAYERS["ReLU"](call.config)
    return call.then(op.changed(layer=True) if op == make("relu") else op)


@reads("LeakyReLU")
def leaky_relu(call: Call) -> list[Ref]:
    return call.then(LAYERS["LeakyReLU"](call.config))


@reads("ELU")
def elu(call: Call) -> list[Ref]:
    op = LAYERS["ELU"](call.config)
    return call.then(op.changed(layer=True) if op == make("elu") else op)


def at_channels(call: Call) -> None:
    if call.config.get("axis", -1) not in (-1, len(call.shape)):
        raise Unread(f"it runs over the axis {call.config['axis']}, which does not hold the channels")


@reads("Softmax")
def softmax(call: Call) -> list[Ref]:
    at_channels(call)
    return call.then(make("softmax", layer=True))


@reads("PReLU")
def prelu(call: Call) -> list[Ref]:
    rank, shared = call.shape.rank, list(call.config.get("shared_axes") or [])
    known = {"channel": list(range(1, rank + 1)), "value": [], "layer": list(range(1, rank + 2))}
    per = next((per for per, axes in known.items() if axes == shared), None)
    if per is None:
        raise Unread(f"its slopes are shared along the axes {shared}")
    begins = initial(call.config.get("alpha_initializer") or "zeros")
    slope = 0.0 if isinstance(begins, Zeros) else getattr(begins, "value", None)
    if slope is None:
        raise Unread("its slopes begin with other numbers than one")
    return call.one(make("prelu", per=per, slope=slope))


PLAIN: dict[str, str] = {
    "Relu": "relu", "Relu6": "relu6", "Sigmoid": "sigmoid", "Tanh": "tanh", "Silu": "swish", "Selu": "selu",
    "Softplus": "softplus", "Softsign": "softsign", "HardSigmoid": "hard_sigmoid", "HardSilu": "hard_swish",
    "Mish": "mish", "LogSigmoid": "log_sigmoid", "HardTanh": "hard_tanh", "TanhShrink": "tanh_shrink",
    "Absolute": "abs", "Abs": "abs", "Square": "square", "Exp": "exponential",
}  # fmt: skip


@reads(*PLAIN)
def plain(call: Call) -> list[Ref]:
    return call.then(make(PLAIN[call.kind]))


WORDS = {"Gelu": "gelu", "LeakyRelu": "leaky_relu", "Elu": "elu", "Celu": "celu", "SoftShrink": "soft_shrink",
         "HardShrink": "hard_shrink", "Threshold": "threshold", "Clip": "clip"}  # fmt: skip


@reads(*WORDS)
def with_numbers(call: Call) -> list[Ref]:
    """Functions with numbers."""
    numbers = {key: value for key, value in call.config.items() if key not in COMMON}
    return call.then(numbered(WORDS[call.kind], numbers))


@reads("Glu")
def glu(call: Call) -> list[Ref]:
    at_channels(call)
    return call.then(make("glu"))


@reads("LogSoftmax")
def log_softmax(call: Call) -> list[Ref]:
    at_channels(call)
    return call.then(make("log_softmax"))
