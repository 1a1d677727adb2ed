"""Transposed convolution: the learned way back to a larger map."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from ..shape import Shape
from .base import Facts, OpError, Weight, operator
from .conv import Convolution, split
from .geometry import VALID, Enlarging, Padding, Sizes, channels, extent, placed, spread, uncover
from .record import arg, option


@operator("conv_transpose")
class ConvTranspose(Convolution):
    """Every place of the map puts a window of numbers down, `stride` apart, and overlapping ones are summed.

    Keras: Conv1DTranspose, Conv2DTranspose, Conv3DTranspose. PyTorch: ConvTranspose1d, 2d, 3d. The size becomes
    size * stride with `pad=same`, (size - 1) * stride + window with `pad=valid` (size * stride where the window is
    smaller than the stride); numbers are PyTorch's: places taken away from both ends.
    """

    examples = ("14x14x64: conv_transpose 32, 2x2, stride=2", "1x1x100: conv_transpose 512, 4, pad=0")
    torch_differs = (
        "PyTorch knows numbers only: for 3x3 with stride 2 its padding=1, output_padding=1 gives the size of "
        "`pad=same`, moved by one place."
    )

    out: int = arg("output channels", min=1)
    size: Sizes = arg("window, one size per spatial dimension or one for all", min=1)
    pad: Padding = option("`valid`, `same`, or places to take away", default=VALID)
    stride: Sizes = option("distance between the windows: the factor of enlargement", default=(1,), min=1)
    output_pad: Sizes | None = option("places added at the end", default=None, min=0)
    groups: int = option("independent groups of channels", default=1, min=1)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        (x,) = inputs
        over, width = self.enlarging(x), channels(x)
        split(width, "input", self.groups, self.out)
        split(self.out, "output", self.groups, width)
        taps, out = prod(over.size), self.out // self.groups
        weight = Weight((width, out, *over.size), init=self.init, fans=(taps * out, taps * width))
        macs = None if x.area is None else weight.size * x.area
        return Facts((Shape((*over.counts, self.out)),), {"weight": weight, **self.biases(self.out)}, macs, over.window)

    def enlarging(self, x: Shape) -> Enlarging:
        """Where the windows are put down; OpError where nothing would be left."""
        rank = placed(x).rank
        self.check_border(rank)
        size, stride = spread(self.size, rank, "size"), spread(self.stride, rank, "stride")
        dilation = spread(self.dilation, rank, "dilation")
        extra = (None,) * rank if self.output_pad is None else spread(self.output_pad, rank, "output_pad")
        spans = tuple(map(extent, size, dilation))
        crops = tuple(
            uncover(self.pad, span, step, more, axis, rank)
            for axis, (span, step, more) in enumerate(zip(spans, stride, extra))
        )
        counts = tuple(
            None if n is None else (n - 1) * step + span - before - after
            for n, span, step, (before, after) in zip(x.spatial, spans, stride, crops)
        )
        if any(n is not None and n < 1 for n in counts):
            raise OpError(f"`pad={self.pad}` takes everything of {x} away", "pad", code="window-too-large")
        return Enlarging(size, stride, dilation, crops, counts)

    def check_border(self, rank: int) -> None:
        if self.pad.kind == "causal":
            raise OpError(
                "`conv_transpose` cannot be causal", "pad", code="bad-argument", help="`valid`, `same` or numbers"
            )
        if self.output_pad is None:
            return
        if self.pad.kind == "same":
            message = "with `pad=same` the size is always size x stride, there is nothing to add"
            raise OpError(message, "output_pad", code="bad-argument", help="leave `output_pad` out")
        limits = tuple(map(max, spread(self.stride, rank, "stride"), spread(self.dilation, rank, "dilation")))
        for extra, limit in zip(spread(self.output_pad, rank, "output_pad"), limits):
            if extra >= limit:
                message = f"`output_pad` must be smaller than the stride or the dilation: {extra} against {limit}"
                raise OpError(message, "output_pad", code="bad-argument")

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"Conv{inputs[0].rank}DTranspose"

    def warnings(self, inputs: tuple[Shape, ...]) -> Iterator[tuple[str, str, str]]:
        """Odena et al. (2016): where the window is no multiple of the stride, places get unequally many summands."""
        rank = inputs[0].rank
        for size, step in zip(spread(self.size, rank, "size"), spread(self.stride, rank, "stride")):
            if size % step:
                message = f"a window of {size} is no multiple of the stride {step}: a checkerboard will show"
                yield "checkerboard", message, "size"
                return
