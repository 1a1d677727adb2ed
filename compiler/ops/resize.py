"""Other sizes of a map: enlarged or reduced by interpolation, or by moving channels to places."""

from __future__ import annotations

from ctypes import c_float
from fractions import Fraction
from math import prod

from ..shape import Shape
from .base import Facts, Op, Operand, OpError, Takes, Window, operator
from .geometry import Sizes, beside, channels, placed, spread, target
from .record import arg, option

RANKS = {"bilinear": (2,), "bicubic": (2,), "trilinear": (3,)}
"""The modes that go with certain numbers of spatial dimensions only."""

TAPS = {"nearest": 1, "nearest_floor": 1, "bicubic": 4}
"""Places of the input that one place of the result is made of, per dimension; 2 for the linear modes."""


def taken(size: int, out: int, mode: str) -> list[int]:
    """The places that `nearest` and `nearest_floor` take of a dimension, in PyTorch's arithmetic of 32 bits."""
    step, middle = c_float(size / out).value, 0.0 if mode == "nearest_floor" else 0.5
    return [min(int(c_float((i + middle) * step).value), size - 1) for i in range(out)]


@operator("upsample")
class Upsample(Op):
    """Another size by interpolation: `upsample 2` doubles, `upsample to=c3` takes the size of a value.

    Keras: UpSampling1D, UpSampling2D, UpSampling3D; Resizing. PyTorch: Upsample, functional.interpolate. Places are
    taken at their centres (half-pixel) unless `align_corners=true`. `nearest` takes the place whose centre is nearest,
    `nearest_floor` rounds down; they differ where the factor is no whole number. Nothing is smoothed when reducing.
    """

    family = "resizing"
    takes = Takes(1, 2)
    examples = ("16x16x64: upsample 2", "16x16x64: upsample to=40x40, mode=bilinear")
    torch_differs = (
        "PyTorch's `nearest` is our `nearest_floor`; its bicubic has a=-0.75 and repeats the edge, "
        "Keras's has a=-0.5 and leaves out what lies beyond it."
    )

    factor: Sizes | None = arg("times as large, one per spatial dimension or one for all", default=None, min=1)
    to: Sizes | Operand | None = option("size of the result, or a value that has it", default=None, min=1)
    mode: str = option(
        "how numbers between the places are found; `linear` goes with any number of dimensions",
        default="nearest",
        choices=("nearest", "nearest_floor", "linear", "bilinear", "trilinear", "bicubic"),
    )
    align_corners: bool = option("lay corner centres on corner centres (linear modes)", default=False)
    a: float = option("shape of bicubic: -0.5 as Keras, -0.75 as PyTorch (with its border)", default=-0.5)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        x = placed(inputs[0])
        self.check(x.rank)
        beside(inputs, 2 if isinstance(self.to, int) else 1)
        sizes = self.sizes(inputs)
        return Facts((Shape((*sizes, x.channels)),), window=self.window(x, sizes))

    def check(self, rank: int) -> None:
        if (self.factor is None) == (self.to is None):
            message = "`upsample` needs a factor or `to=`, one of them"
            raise OpError(message, code="bad-argument", help="`upsample 2` or `upsample to=c3`")
        if rank not in RANKS.get(self.mode, (rank,)):
            goes = f"`{self.mode}` goes with {RANKS[self.mode][0]} spatial dimensions, not {rank}"
            hint = "`mode=linear`" if self.mode.endswith("linear") else "`mode=linear` or `mode=nearest`"
            raise OpError(goes, "mode", code="bad-argument", help=hint)
        if self.align_corners and not self.mode.endswith("linear"):
            raise OpError(f"`align_corners` has no meaning for `{self.mode}`", "align_corners", code="bad-argument")
        if self.a not in (-0.5, -0.75):
            raise OpError(f"`a` is -0.5 (Keras) or -0.75 (PyTorch), found {self.a:g}", "a", code="bad-argument")

    def sizes(self, inputs: tuple[Shape, ...]) -> tuple[int | None, ...]:
        """The spatial size of the result."""
        x = inputs[0]
        if isinstance(self.to, int):
            return target(x, inputs[self.to])
        if self.to is not None:
            return spread(self.to, x.rank, "to")
        assert self.factor is not None
        return tuple(None if n is None else n * f for n, f in zip(x.spatial, spread(self.factor, x.rank, "factor")))

    def window(self, x: Shape, sizes: tuple[int | None, ...]) -> Window:
        taps = TAPS.get(self.mode, 2)
        if self.factor is not None:
            steps = tuple(Fraction(1, f) for f in spread(self.factor, x.rank, "factor"))
        else:
            steps = tuple(Fraction(a, b) if a and b else Fraction(1) for a, b in zip(x.spatial, sizes))
        return Window((taps,) * x.rank, steps, (taps // 2,) * x.rank)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        rank = inputs[0].rank
        if self.factor is not None:
            return f"UpSampling{rank}D"
        return "Resizing" if rank == 2 else f"Resizing{rank}D"


@operator("pixel_shuffle")
class PixelShuffle(Op):
    """Move channels to places: h x w x (c * r * r) becomes (h * r) x (w * r) x c (Shi et al., 2016).

    PyTorch: PixelShuffle, whose order of channels it has: channel c * r * r + i * r + j goes to row i, column j of
    channel c. (TensorFlow's depth_to_space has the output channel vary fastest.)
    """

    family = "resizing"
    examples = ("16x16x64: pixel_shuffle 2",)
    torch_differs = "The order of channels is PyTorch's, Keras has no such layer; ours works in 1-D and 3-D too."

    factor: int = arg("times as large", min=1)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        x = placed(inputs[0])
        width, block = channels(x), self.factor**x.rank
        if width % block:
            message = f"{width} channels do not split into blocks of {'x'.join([str(self.factor)] * x.rank)}"
            raise OpError(message, "factor", help=f"a multiple of {block} channels before it")
        sizes = (None if n is None else n * self.factor for n in x.spatial)
        step = (Fraction(1, self.factor),) * x.rank
        return Facts((Shape((*sizes, width // block)),), window=Window((1,) * x.rank, step, (0,) * x.rank))

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"PixelShuffle{inputs[0].rank}D"


@operator("pixel_unshuffle")
class PixelUnshuffle(Op):
    """Move places to channels: the inverse of `pixel_shuffle`, space to depth.

    PyTorch: PixelUnshuffle.
    """

    family = "resizing"
    examples = ("32x32x3: pixel_unshuffle 2",)

    factor: int = arg("times as small", min=1)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        x = placed(inputs[0])
        for n in x.spatial:
            if n is not None and n % self.factor:
                raise OpError(f"{x} does not split into blocks of {'x'.join([str(self.factor)] * x.rank)}", "factor")
        sizes = (None if n is None else n // self.factor for n in x.spatial)
        output = Shape((*sizes, channels(x) * prod((self.factor,) * x.rank)))
        step = (self.factor,) * x.rank
        return Facts((output,), window=Window(step, step, (0,) * x.rank))

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"PixelUnshuffle{inputs[0].rank}D"
