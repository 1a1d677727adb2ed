"""Convolution, 1-D, 2-D and 3-D by the input: plain, depthwise and separable."""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd, prod
from typing import Any

from ..shape import Shape
from .base import Facts, Initializer, Op, OpError, Weight, operator
from .fixed import Array, fixed
from .geometry import VALID, Activation, Padding, Sizes, Sliding, channels, sliding, untiled
from .initializers import NormOf
from .record import arg, option


class Convolution(Op):
    """What all convolutions share, the transposed one included."""

    family = "convolution"

    size: Sizes
    stride: Sizes = option("step of the window", default=(1,), min=1)
    pad: Padding = option("border: `valid`, `same`, `causal` (1-D), or places to add", default=VALID)
    dilation: Sizes = option("distance between the taps of the window", default=(1,), min=1)
    bias: bool = option("add a trained number to each output channel", default=True)
    act: Activation = option("activation behind it, in the same row", default=None)
    init: Initializer | None = option("how the kernel begins", default=None)
    bias_init: Initializer | None = option("how the bias begins", default=None)
    l1: float = option("L1 penalty on the kernel", default=0.0, min=0)
    l2: float = option("L2 penalty on the kernel", default=0.0, min=0)

    def biases(self, width: int) -> dict[str, Weight]:
        return {"bias": Weight((width,), init=self.bias_init)} if self.bias else {}


class SlidConvolution(Convolution):
    """What the convolutions share whose window is slid over the map."""

    def sliding(self, x: Shape) -> Sliding:
        """Where the windows lie."""
        return sliding(x, self.size, self.stride, self.dilation, self.pad)

    def warnings(self, inputs: tuple[Shape, ...]) -> Iterator[tuple[str, str, str]]:
        over = self.sliding(inputs[0])
        return untiled(inputs[0], over.counts, over.window)


def slid(over: Sliding, width: int, weights: dict[str, Weight], kernels: int) -> Facts:
    """The facts of windows with `kernels` weights that make `width` channels at every place."""
    output = Shape((*over.counts, width))
    area = output.area
    return Facts((output,), weights, None if area is None else kernels * area, over.window)


def split(number: int, what: str, groups: int, other: int) -> None:
    """Channels must split evenly into groups."""
    if number % groups:
        message = f"{number} {what} channels do not split into {groups} groups"
        raise OpError(message, "groups", code="bad-argument", help=common_groups(number, other))


def common_groups(number: int, other: int) -> str:
    """Into how many groups both numbers of channels split; nothing where it is one only."""
    both = gcd(number, other)
    divisors = [str(n) for n in range(1, min(both, 64) + 1) if both % n == 0]
    return f"{number} and {other} channels both split into {', '.join(divisors)} groups" if both > 1 else ""


@operator("conv")
class Conv(SlidConvolution):
    """Slide a window over the map; every output channel mixes the input channels of its group.

    Keras: Conv1D, Conv2D, Conv3D. PyTorch: Conv1d, Conv2d, Conv3d. With `kernel=` the numbers of the window are given
    and stay as they are: one window, put on every input channel and summed up, or a list, one per output channel.
    `weight_norm=true` (Salimans and Kingma, 2016) trains direction and length of each output channel's kernel apart.
    """

    examples = (
        "32x32x3: conv 64, 3x3, pad=same, act=relu",
        "1014x70: conv 256, 7",
        "16x32x32x3: conv 8, 3, stride=2",
        "28x28x1: conv 1, 3x3, kernel=[[1, 0, -1], [2, 0, -2], [1, 0, -1]]",
    )
    torch_differs = "PyTorch draws kernel and bias uniformly within 1 / sqrt(fan in); ours are glorot_uniform and 0."

    out: int = arg("output channels", min=1)
    size: Sizes = arg("window, one size per spatial dimension or one for all", min=1)
    groups: int = option("independent groups of channels", default=1, min=1)
    kernel: Array | None = option("fixed numbers of the window; `bias` is then off unless given", default=None)
    weight_norm: bool = option("train direction and length of each kernel apart", default=False)

    def __init__(self, **values: Any) -> None:
        values.setdefault("bias", values.get("kernel") is None)
        super().__init__(**values)
        if self.kernel is not None and self.weight_norm:
            raise OpError("`weight_norm` has no meaning for a fixed kernel", "weight_norm", code="bad-argument")
        if self.weight_norm and (self.l1 or self.l2):
            name = "l1" if self.l1 else "l2"
            raise OpError(
                f"`{name}` has no meaning for a kernel whose length `weight_norm` trains", name, code="bad-argument"
            )

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        (x,) = inputs
        over, width = self.sliding(x), channels(x)
        split(width, "input", self.groups, self.out)
        split(self.out, "output", self.groups, width)
        weights = self.kernels((self.out, width // self.groups, *over.size), over.size)
        kernels = self.out * (width // self.groups) * prod(over.size)
        return slid(over, self.out, {**weights, **self.biases(self.out)}, kernels)

    def kernels(self, shape: tuple[int, ...], size: Sizes) -> dict[str, Weight]:
        """The kernel under PyTorch's names: `weight`, or `weight_g` and `weight_v` where it is normalised."""
        if self.kernel is not None:
            return {"weight": fixed(self.kernel, shape, size)}
        taps = prod(size)
        weight = Weight(shape, init=self.init, fans=(taps * shape[1], taps * shape[0]))
        if not self.weight_norm:
            return {"weight": weight}
        norms = (shape[0], *[1] * (len(shape) - 1))
        return {"weight_g": Weight(norms, init=NormOf(weight="weight_v")), "weight_v": weight}

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"Conv{inputs[0].rank}D"


@operator("depthwise_conv")
class DepthwiseConv(SlidConvolution):
    """Slide a window over each channel on its own; channel c makes the output channels c * multiplier and following.

    Keras: DepthwiseConv1D, DepthwiseConv2D. PyTorch: Conv2d with as many groups as channels. `kernel=` fixes the
    numbers: one window for every channel, or a list, one per output channel.
    """

    examples = ("32x32x16: depthwise_conv 3x3, pad=same", "56x56x96: depthwise_conv 7, pad=same, multiplier=2")

    size: Sizes = arg("window, one size per spatial dimension or one for all", min=1)
    multiplier: int = option("output channels per input channel", default=1, min=1)
    kernel: Array | None = option("fixed numbers of the window; `bias` is then off unless given", default=None)

    def __init__(self, **values: Any) -> None:
        values.setdefault("bias", values.get("kernel") is None)
        super().__init__(**values)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        (x,) = inputs
        over, width = self.sliding(x), channels(x)
        shape, taps = (width * self.multiplier, 1, *over.size), prod(over.size)
        if self.kernel is not None:
            weight = fixed(self.kernel, shape, over.size)
        else:
            weight = Weight(shape, init=self.init, fans=(taps * width, taps * self.multiplier))
        return slid(over, shape[0], {"weight": weight, **self.biases(shape[0])}, weight.size)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"DepthwiseConv{inputs[0].rank}D"


@operator("separable_conv")
class SeparableConv(SlidConvolution):
    """A depthwise convolution and a 1x1 convolution that mixes its channels, in one row, with one bias at the end.

    Keras: SeparableConv1D, SeparableConv2D. PyTorch: two convolutions.
    """

    examples = ("32x32x16: separable_conv 64, 3x3, pad=same",)

    out: int = arg("output channels", min=1)
    size: Sizes = arg("window of the depthwise part", min=1)
    multiplier: int = option("channels of the depthwise part per input channel", default=1, min=1)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        (x,) = inputs
        over, width = self.sliding(x), channels(x)
        inner, taps = width * self.multiplier, prod(over.size)
        depthwise = Weight((inner, 1, *over.size), init=self.init, fans=(taps * width, taps * self.multiplier))
        pointwise = Weight((self.out, inner, *[1] * x.rank), init=self.init, fans=(inner, self.out))
        weights = {"depthwise.weight": depthwise, "pointwise.weight": pointwise, **self.biases(self.out)}
        return slid(over, self.out, weights, depthwise.size + pointwise.size)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"SeparableConv{inputs[0].rank}D"
