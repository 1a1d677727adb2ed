"""Convolution, 1-D, 2-D and 3-D by the input."""

from __future__ import annotations

from math import prod
from typing import Optional

from ..shape import Shape
from .base import Facts, Initializer, Op, OpError, Weight, Window, arg, operator, option
from .geometry import SAME, VALID, Padding, Sizes, border, channels, placed, slide, spread

Activation = Optional[Op]


def extent(kernel: int, dilation: int) -> int:
    """Places from the first to the last tap of a dilated kernel."""
    return (kernel - 1) * dilation + 1


def slid(
    x: Shape, kernel: Sizes, stride: Sizes, dilation: Sizes, pad: Padding, *, ceil: bool = False
) -> tuple[tuple[int | None, ...], Window]:
    """Output sizes and window of a kernel slid over a map; OpError where it does not fit."""
    sizes: list[int | None] = []
    before: list[int] = []
    spans = tuple(extent(k, d) for k, d in zip(kernel, dilation))
    for axis, (size, span, step) in enumerate(zip(x.spatial, spans, stride)):
        if size is None and pad.kind == "same":
            sizes.append(None)
            before.append((span - 1) // 2)
            continue
        first, last = border(pad, size, span, step, axis, x.rank)
        count = slide(size, span, step, first, last, ceil=ceil)
        if count is not None and count < 1:
            raise too_large(x, span, axis, size or 0, first + last)
        sizes.append(count)
        before.append(first)
    return tuple(sizes), Window(spans, stride, tuple(before))


def too_large(x: Shape, span: int, axis: int, size: int, padding: int) -> OpError:
    """The window does not fit into the map."""
    side = ("height", "width") if x.rank == 2 else ("depth", "height", "width") if x.rank == 3 else ("length",)
    padded = f" padded to {size + padding}" if padding else ""
    return OpError(
        f"a window of {span} does not fit into {x}: its {side[axis]} is {size}{padded}",
        "kernel",
        code="window-too-large",
        help=f"an input at least {span - padding} in {side[axis]} here, a smaller window, or `pad=same`",
    )


@operator("conv")
class Conv(Op):
    """Slide a window over the map; every output channel mixes the input channels of its group.

    Keras: Conv1D, Conv2D, Conv3D. PyTorch: Conv1d, Conv2d, Conv3d.
    """

    family = "convolution"
    examples = ("32x32x3: conv 64, 3x3, pad=same, act=relu", "1014x70: conv 256, 7", "16x32x32x3: conv 8, 3, stride=2")

    out: int = arg("output channels", min=1)
    kernel: Sizes = arg("window, one size per spatial dimension or one for all", min=1)
    stride: Sizes = option("step of the window", default=(1,), min=1)
    pad: Padding = option("border: `valid`, `same`, `causal` (1-D), or places to add", default=VALID)
    dilation: Sizes = option("distance between the taps of the window", default=(1,), min=1)
    groups: int = option("independent groups of channels", default=1, min=1)
    bias: bool = option("add a trained number to each output channel", default=True)
    act: Activation = option("activation behind it, in the same row", default=None)
    init: Initializer | None = option("how the kernel begins", default=None)
    bias_init: Initializer | None = option("how the bias begins", default=None)
    l1: float = option("L1 penalty on the kernel", default=0.0, min=0)
    l2: float = option("L2 penalty on the kernel", default=0.0, min=0)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        (x,) = inputs
        placed(x, "; `dense` works on vectors")
        rank, width = x.rank, channels(x)
        self.check_groups(width)
        kernel, stride = spread(self.kernel, rank, "kernel"), spread(self.stride, rank, "stride")
        sizes, window = slid(x, kernel, stride, spread(self.dilation, rank, "dilation"), self.pad)
        output = Shape((*sizes, self.out))
        taps = prod(kernel)
        weight = Weight(
            (self.out, width // self.groups, *kernel),
            init=self.init,
            fans=(taps * width // self.groups, taps * self.out),
        )
        weights = {"weight": weight}
        if self.bias:
            weights["bias"] = Weight((self.out,), init=self.bias_init)
        area = output.area
        return Facts((output,), weights, None if area is None else weight.size * area, window)

    def check_groups(self, width: int) -> None:
        for name, number, what in (("groups", width, "input"), ("groups", self.out, "output")):
            if number % self.groups:
                nearest = [n for n in (number // self.groups * self.groups, -(-number // self.groups) * self.groups) if n]
                raise OpError(
                    f"{number} {what} channels do not split into {self.groups} groups",
                    name,
                    help=f"{self.groups} groups divide {' or '.join(map(str, nearest))} channels, not {number}",
                )

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"Conv{inputs[0].rank}D"


__all__ = ["SAME", "VALID", "Activation", "Conv", "extent", "slid", "too_large"]
