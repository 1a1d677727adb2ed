"""Convolution without shared weights."""

from __future__ import annotations

from math import prod

from ..shape import Shape
from .base import Facts, OpError, Weight, operator
from .conv import SlidConvolution
from .geometry import Sizes, Sliding, channels
from .record import arg


@operator("local_conv")
class LocalConv(SlidConvolution):
    """A convolution whose kernel and bias are others at every place: what comes of sharing no weights.

    The size of the input must be known, since it sets the number of kernels. Keras: LocallyConnected1D and 2D, up to
    Keras 2. PyTorch has none. Each kernel begins as that of a convolution would.
    """

    examples = ("63x63x16: local_conv 16, 9x9", "71x71x32: local_conv 16, 7x7, stride=2, act=relu")

    out: int = arg("output channels", min=1)
    size: Sizes = arg("window, one size per spatial dimension or one for all", min=1)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        (x,) = inputs
        over, width = self.sliding(x), channels(x)
        places, taps = self.places(x, over), prod(over.size)
        weight = Weight((*places, self.out, width, *over.size), init=self.init, fans=(taps * width, taps * self.out))
        bias = {"bias": Weight((self.out, *places), init=self.bias_init)} if self.bias else {}
        return Facts((Shape((*places, self.out)),), {"weight": weight, **bias}, weight.size, over.window)

    def places(self, x: Shape, over: Sliding) -> Sizes:
        """The number of windows along each dimension, every one with a kernel of its own."""
        known = tuple(count for count in over.counts if count is not None)
        if len(known) < len(over.counts):
            message = f"the size of {x} must be known: every place has its own kernel"
            raise OpError(message, code="open-size", help="`--input` or a size in `input` sets it")
        return known

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"LocallyConnected{inputs[0].rank}D"
