"""A layer -> where its windows lie, dimension by dimension: what a picture of padding and stride is drawn from."""

from __future__ import annotations

from functools import singledispatch
from typing import NamedTuple

from ...graph import Node
from ...ops.base import Op
from ...ops.conv import SlidConvolution
from ...ops.conv_transpose import ConvTranspose
from ...ops.geometry import Sliding
from ...ops.pool import Pool
from ...shape import Shape

LARGEST = 40
"""Places of a side, border included, that a picture has room for."""


class PictureError(Exception):
    """The windows of a layer cannot be drawn; the text says why."""


class Axis(NamedTuple):
    """One dimension: `total` windows of taps at `taps`, `step` apart, over a map of `size` with a border around it.

    Places are counted from the first of the map; the border before it has negative ones.
    """

    size: int
    border: tuple[int, int]
    taps: tuple[int, ...]
    step: int
    total: int

    def start(self, window: int) -> int:
        """Where a window begins."""
        return window * self.step - self.border[0]

    @property
    def span(self) -> int:
        """Places from the first tap to the last."""
        return self.taps[-1] + 1

    @property
    def first(self) -> int:
        """The first place there is, in the border or the map."""
        return min(0, -self.border[0])

    @property
    def end(self) -> int:
        """Behind the last place, also of a window that hangs over."""
        return max(self.size, self.size + self.border[1], self.start(self.total - 1) + self.span)

    @property
    def left_over(self) -> int:
        """Places behind the last window, too few for another."""
        return max(self.size + max(self.border[1], 0) - (self.start(self.total - 1) + self.span), 0)

    def touching(self, place: int) -> int:
        """How many windows have a tap at the place."""
        return sum(place - self.start(window) in self.taps for window in range(self.total))


class Windows(NamedTuple):
    """The windows over a map, rows and columns.

    `over_output` where they are put down on the result; `zeros` where the border holds zeros that count.
    """

    rows: Axis
    columns: Axis
    over_output: bool
    zeros: bool


def windows(node: Node) -> Windows:
    """The windows of a layer. PictureError where it has none, or the map is too large or not known."""
    axes = along(node.op, *node.shapes[:1] or (Shape(()),))
    if len(axes) > 2:
        raise PictureError("a map of three dimensions cannot be drawn")
    rows, columns = axes if len(axes) == 2 else (Axis(1, (0, 0), (0,), 1, 1), *axes)
    sides = [axis.end - axis.first for axis in (rows, columns)]
    if max(sides) > LARGEST:
        drawn = "x".join(map(str, sides))
        raise PictureError(f"a map of {drawn}, border included, is too large to draw: at most {LARGEST}x{LARGEST}")
    return Windows(rows, columns, isinstance(node.op, ConvTranspose), isinstance(node.op, SlidConvolution))


@singledispatch
def along(op: Op, x: Shape) -> list[Axis]:
    """The dimensions. PictureError where the operator has no windows, or a size is not known."""
    raise PictureError(f"`{op.word}` has no window to draw")


@along.register
def _(op: SlidConvolution, x: Shape) -> list[Axis]:
    return slid(op.sliding(x), x)


@along.register
def _(op: Pool, x: Shape) -> list[Axis]:
    return slid(op.sliding(x), x)


def slid(over: Sliding, x: Shape) -> list[Axis]:
    """Windows over the input."""
    found = []
    for size, border, taps, apart, step, count in zip(
        x.spatial, over.borders, over.size, over.dilation, over.stride, over.counts, strict=True
    ):
        if size is None or border is None or count is None:
            raise PictureError(f"the size of {x} must be known to draw its windows: give it with `--input`")
        found.append(Axis(size, border, tuple(range(0, taps * apart, apart)), step, count))
    return found


@along.register
def _(op: ConvTranspose, x: Shape) -> list[Axis]:
    """Every place of the input puts a window down; what the border takes away lies around the result."""
    over = op.enlarging(x)
    found = []
    for places, crop, taps, apart, step, made in zip(
        x.spatial, over.crops, over.size, over.dilation, over.stride, over.counts, strict=True
    ):
        if places is None or made is None:
            raise PictureError(f"the size of {x} must be known to draw its windows: give it with `--input`")
        found.append(Axis(made, crop, tuple(range(0, taps * apart, apart)), step, places))
    return found
