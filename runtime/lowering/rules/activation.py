"""Activations: as functions for `act=`, as modules for layers of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, singledispatch
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ....compiler.ops import activation as ops
from ....compiler.ops.base import Op
from ....compiler.shape import Shape
from .table import module
from .weighted import Weighted

Function = Callable[[Tensor], Tensor]


@singledispatch
def function(op: Op) -> Function:
    """The function that `act=op` applies to a tensor (N, C, D, H, W)."""
    raise NotImplementedError(f"no torch function for `{op.word}`")


def linear(x: Tensor) -> Tensor:
    """The value itself."""
    return x


PLAIN: dict[type[Op], Function] = {
    ops.ReLU6: functional.relu6,
    ops.SELU: functional.selu,
    ops.Swish: functional.silu,
    ops.Mish: functional.mish,
    ops.Softplus: functional.softplus,
    ops.Softsign: functional.softsign,
    ops.Sigmoid: torch.sigmoid,
    ops.LogSigmoid: functional.logsigmoid,
    ops.HardSigmoid: functional.hardsigmoid,
    ops.HardSwish: functional.hardswish,
    ops.Tanh: torch.tanh,
    ops.HardTanh: functional.hardtanh,
    ops.TanhShrink: functional.tanhshrink,
    ops.Abs: torch.abs,
    ops.Square: torch.square,
    ops.Exponential: torch.exp,
    ops.Linear: linear,
    ops.Softmax: partial(torch.softmax, dim=1),
    ops.LogSoftmax: partial(torch.log_softmax, dim=1),
}
"""Those without arguments that change what they compute."""


@function.register
def plain(op: ops.Function) -> Function:
    return PLAIN[type(op)]


@function.register
def relu(op: ops.ReLU) -> Function:
    if op.threshold:
        return partial(rectify, top=op.max, slope=op.slope, threshold=op.threshold)
    if op.slope and op.max is not None:
        return partial(rectify, top=op.max, slope=op.slope, threshold=0.0)
    if op.slope:
        return partial(functional.leaky_relu, negative_slope=op.slope)
    return functional.relu if op.max is None else partial(torch.clamp, min=0.0, max=op.max)


def rectify(x: Tensor, top: float | None, slope: float, threshold: float) -> Tensor:
    """Keras's ReLU with everything it can be told."""
    x = torch.where(x > threshold, x, slope * (x - threshold))
    return x if top is None else x.clamp(max=top)


@function.register
def leaky_relu(op: ops.LeakyReLU) -> Function:
    return partial(functional.leaky_relu, negative_slope=op.slope)


@function.register
def elu(op: ops.ELU) -> Function:
    return partial(functional.elu, alpha=op.alpha)


@function.register
def celu(op: ops.CELU) -> Function:
    return partial(functional.celu, alpha=op.alpha)


@function.register
def gelu(op: ops.GELU) -> Function:
    return partial(functional.gelu, approximate="tanh" if op.approximate else "none")


@function.register
def scaled_sigmoid(op: ops.ScaledSigmoid) -> Function:
    return partial(stretched, of=torch.sigmoid, amplitude=op.amplitude, slope=op.slope)


@function.register
def scaled_tanh(op: ops.ScaledTanh) -> Function:
    return partial(stretched, of=torch.tanh, amplitude=op.amplitude, slope=op.slope)


def stretched(x: Tensor, of: Function, amplitude: float, slope: float) -> Tensor:
    return amplitude * of(slope * x)


@function.register
def soft_shrink(op: ops.SoftShrink) -> Function:
    return partial(functional.softshrink, lambd=op.threshold)


@function.register
def hard_shrink(op: ops.HardShrink) -> Function:
    return partial(functional.hardshrink, lambd=op.threshold)


@function.register
def threshold(op: ops.Threshold) -> Function:
    return partial(functional.threshold, threshold=op.at, value=op.otherwise)


@function.register
def clip(op: ops.Clip) -> Function:
    return partial(torch.clamp, min=op.low, max=op.high)


def told(of: str, act: Function | None) -> str:
    """How a layer prints itself: what torch says `of` it, and the function of its `act=`."""
    if act is None:
        return of
    name = act.func.__name__ if isinstance(act, partial) else act.__name__
    given = ", ".join(f"{k}={v}" for k, v in act.keywords.items()) if isinstance(act, partial) else ""
    return f"{of}, act={name.rstrip('_')}" + (f"({given})" if given else "")


# --- layers of their own ----------------------------------------------------------------------------------------------


class Applied(nn.Module):
    """An activation as a layer: the function that `act=` would apply."""

    def __init__(self, word: str, function: Function) -> None:
        super().__init__()
        self.word = word
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)

    def extra_repr(self) -> str:
        return self.word


MODULES: dict[type[Op], Callable[[], nn.Module]] = {
    ops.ReLU6: nn.ReLU6,
    ops.Swish: nn.SiLU,
    ops.HardSwish: nn.Hardswish,
    ops.HardSigmoid: nn.Hardsigmoid,
    ops.Linear: nn.Identity,
}
"""Torch's own modules for the frequent ones: they know `inplace`, which the network sets where it may."""


@module.register
def applied(op: ops.Function, shapes: tuple[Shape, ...]) -> nn.Module:
    made = MODULES.get(type(op))
    return Applied(op.word, function(op)) if made is None else made()


@module.register
def relu_module(op: ops.ReLU, shapes: tuple[Shape, ...]) -> nn.Module:
    call: Any = function(op)
    return nn.ReLU() if call is functional.relu else Applied(op.word, call)


@module.register
def leaky_relu_module(op: ops.LeakyReLU, shapes: tuple[Shape, ...]) -> nn.Module:
    return nn.LeakyReLU(op.slope)


@module.register
def glu(op: ops.GLU, shapes: tuple[Shape, ...]) -> nn.Module:
    return nn.GLU(dim=1)


class ValuePReLU(Weighted):
    """A trained slope for each value of the map."""

    weight: Tensor

    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x > 0, x, self.weight * x)


@module.register
def prelu(op: ops.PReLU, shapes: tuple[Shape, ...]) -> nn.Module:
    weights = op.facts(shapes).weights
    if op.per == "value" and shapes[0].rank:
        return ValuePReLU(weights)
    return nn.PReLU(weights["weight"].size)
