"""Unpooling: numbers put back where a pool found them."""

from __future__ import annotations

from fractions import Fraction

from ..shape import Shape
from .base import Facts, Maker, Op, Operand, OpError, Takes, Window, operator
from .geometry import Sizes, beside, placed, spread, target
from .pool import MaxPoolPlaces
from .record import arg, option


@operator("unpool")
class Unpool(Op):
    """Put every number back where `maxpool_places` found it, zeros elsewhere: `unpool places`.

    The result has the size of the map that was pooled. Places that come from elsewhere say nothing of it: then it is
    (size - 1) * stride + window - border, or that of `to=`. PyTorch: MaxUnpool2d.
    """

    family = "pooling"
    examples = ("4x4x8, 4x4x8: unpool",)
    takes = Takes(2, 3)
    whole_inputs = (1,)

    size: Sizes = arg("window of the pool", default=(2,), min=1)
    stride: Sizes | None = option("step of the pool's window, its size where not given", default=None, min=1)
    pad: Sizes = option("border that the pool added on each side", default=(0,), min=0)
    to: Sizes | Operand | None = option("size of the result, or a value that has it", default=None)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        maps, places = placed(inputs[0]), inputs[1]
        beside(inputs, 3 if isinstance(self.to, int) else 2)
        if maps != places:
            raise OpError(f"maps and places disagree: {maps} and {places}")
        sizes = self.sizes(inputs)
        steps = tuple(Fraction(a, b) if a and b else Fraction(1) for a, b in zip(maps.spatial, sizes))
        return Facts((Shape((*sizes, maps.channels)),), window=Window((1,) * maps.rank, steps, (0,) * maps.rank))

    def completed(self, makers: tuple[Maker, ...]) -> tuple[Op, tuple[tuple[int, int], ...]]:
        """Places mean something in a map of one size: where the window's arithmetic does not lead there, the map that
        was pooled is taken besides, for its size."""
        if len(makers) < 2 or not isinstance(makers[1].op, MaxPoolPlaces):
            return self, ()
        pool, (pooled,) = makers[1].op, makers[1].inputs
        found = self.sizes(tuple(maker.shape for maker in makers))
        if self.to is None:
            self.check_window(pool, pooled)
            same = found == pooled.spatial and None not in found
            return (self, ()) if same else (self.changed(to=len(makers)), ((1, 0),))
        if any(a is not None and b is not None and a != b for a, b in zip(found, pooled.spatial)):
            raise OpError(f"places in a map of {pooled} cannot be found in one of {Shape(found)}", "to")
        return self, ()

    def check_window(self, pool: MaxPoolPlaces, pooled: Shape) -> None:
        """A window that is given is that of the pool."""
        here, there = spread(self.size, pooled.rank, "size"), spread(pool.size, pooled.rank, "size")
        if self.size != type(self).fields["size"].default and here != there:
            raise OpError(f"the window is {Shape(here)} here and {Shape(there)} in `maxpool_places`", "size")

    def sizes(self, inputs: tuple[Shape, ...]) -> tuple[int | None, ...]:
        """The size of the result."""
        maps = inputs[0]
        if isinstance(self.to, int):
            return target(maps, inputs[self.to])
        if self.to is not None:
            return spread(self.to, maps.rank, "to")
        size, pad = spread(self.size, maps.rank, "size"), spread(self.pad, maps.rank, "pad")
        stride = spread(self.stride or self.size, maps.rank, "stride")
        dimensions = zip(maps.spatial, stride, size, pad)
        found = tuple(None if n is None else (n - 1) * step + k - 2 * edge for n, step, k, edge in dimensions)
        if any(n is not None and n < 1 for n in found):
            raise OpError(f"a border of {max(pad)} takes everything of {maps} away", "pad", code="window-too-large")
        return found

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"MaxUnpooling{inputs[0].rank}D"
