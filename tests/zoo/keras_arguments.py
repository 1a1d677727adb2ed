"""The arguments of our layers in Keras's terms, to be held against those in tests/zoo/data/keras."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from cnnc.compiler.graph import Node
from cnnc.compiler.ops.activation import ReLU, ReLU6
from cnnc.compiler.ops.base import Op
from cnnc.compiler.ops.conv import Conv, SlidConvolution
from cnnc.compiler.ops.dense import Dense
from cnnc.compiler.ops.dropout import Dropout, DropPath
from cnnc.compiler.ops.geometry import Padding
from cnnc.compiler.ops.merge import ScaledAdd
from cnnc.compiler.ops.norm import BatchNorm, LayerNorm
from cnnc.compiler.ops.pad import Crop, ZeroPad
from cnnc.compiler.ops.pool import GlobalPool, Pool
from cnnc.compiler.ops.reshape import Reshape
from cnnc.compiler.ops.scale import LayerScale, Normalize, Offset, Rescale, Scale

ACTIVATIONS = {"swish": "silu", "hard_swish": "hard_silu"}
"""Where Keras has another word."""


def told(node: Node) -> dict[str, Any]:
    """What Keras's `get_config` would say of the layer."""
    if node.type == "Activation":
        return {"activation": activation(node.op)}
    return arguments(node.op)


@singledispatch
def arguments(op: Op) -> dict[str, Any]:
    return {}


@arguments.register
def _(op: SlidConvolution) -> dict[str, Any]:
    window = {"kernel_size": both(op.size), "strides": both(op.stride), "padding": border(op.pad)}  # type: ignore[attr-defined]
    return {**window, "dilation_rate": both(op.dilation), "use_bias": op.bias, "activation": activation(op.act)}


@arguments.register
def _(op: Conv) -> dict[str, Any]:
    return {**arguments.dispatch(SlidConvolution)(op), "groups": op.groups}


@arguments.register
def _(op: Dense) -> dict[str, Any]:
    return {"use_bias": op.bias, "activation": activation(op.act)}


@arguments.register
def _(op: Pool) -> dict[str, Any]:
    return {"pool_size": both(op.size), "strides": both(op.stride or op.size), "padding": border(op.pad)}


@arguments.register
def _(op: GlobalPool) -> dict[str, Any]:
    return {"keepdims": op.keep}


@arguments.register
def _(op: BatchNorm) -> dict[str, Any]:
    return {"epsilon": op.eps, "momentum": op.momentum, "scale": op.scale, "center": op.center}


@arguments.register
def _(op: LayerNorm) -> dict[str, Any]:
    return {"epsilon": op.eps, "scale": op.scale, "center": op.center}


@arguments.register
def _(op: ReLU) -> dict[str, Any]:
    return {"max_value": op.max, "negative_slope": op.slope, "threshold": op.threshold}


@arguments.register
def _(op: ReLU6) -> dict[str, Any]:
    return {"max_value": 6, "negative_slope": 0, "threshold": 0}


@arguments.register
def _(op: ZeroPad) -> dict[str, Any]:
    return {"padding": pairs(op.border)}


@arguments.register
def _(op: Crop) -> dict[str, Any]:
    return {"cropping": pairs(op.border)}


@arguments.register
def _(op: Dropout) -> dict[str, Any]:
    return {"rate": op.p, "noise_shape": None}


@arguments.register
def _(op: DropPath) -> dict[str, Any]:
    return {"rate": op.p, "noise_shape": [None, 1, 1, 1]}


@arguments.register
def _(op: Reshape) -> dict[str, Any]:
    return {"target_shape": list(op.shape)}


@arguments.register
def _(op: Rescale) -> dict[str, Any]:
    return {"scale": op.scale[0], "offset": op.offset[0]}


@arguments.register
def _(op: Normalize) -> dict[str, Any]:
    return {"mean": op.mean and list(op.mean), "variance": op.std and [std * std for std in op.std]}


@arguments.register
def _(op: LayerScale) -> dict[str, Any]:
    return {"init_values": op.init}


@arguments.register
def _(op: ScaledAdd) -> dict[str, Any]:
    return {"scale": op.factor}


@arguments.register
def _(op: Offset) -> dict[str, Any]:
    return {"numbers": [op.summand]}


@arguments.register
def _(op: Scale) -> dict[str, Any]:
    return {"numbers": [op.factor]}


def activation(op: Any) -> str:
    return "linear" if op is None else ACTIVATIONS.get(op.word, op.word)


def both(sizes: tuple[int, ...]) -> list[int]:
    return list(sizes) * (2 // len(sizes))


def pairs(border: Any) -> list[list[int]]:
    return [list(pair) for pair in border] * (2 // len(border))


def border(pad: Padding) -> Any:
    return pad.kind if pad.kind != "explicit" else pairs(pad.pairs)
