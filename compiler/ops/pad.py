"""Borders put around a map, and cut away from it."""

from __future__ import annotations

from ..shape import Shape
from .base import Facts, Op, Operand, OpError, Takes, Window, operator
from .geometry import Pairs, beside, explicit, placed, sides, target
from .record import arg, option


class Pad(Op):
    """What the layers share that put a border around a map."""

    family = "padding"

    border: Pairs = arg("places to add: one number, one per spatial dimension, or pairs (before, after)", min=0)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        x = placed(inputs[0])
        pairs = self.pairs(x)
        sizes = (None if n is None else n + before + after for n, (before, after) in zip(x.spatial, pairs))
        return Facts((Shape((*sizes, x.channels)),), window=shifted(tuple(before for before, _ in pairs)))

    def pairs(self, x: Shape) -> Pairs:
        """Places to add before and after, for each spatial dimension."""
        return explicit(self.border, x.rank, "border")


def shifted(before: tuple[int, ...]) -> Window:
    """The window of a layer that only moves the map: place 0 lies `before` places before it."""
    ones = (1,) * len(before)
    return Window(ones, ones, before)


@operator("zeropad")
class ZeroPad(Pad):
    """Put zeros around the map, or another number.

    Keras: ZeroPadding1D, ZeroPadding2D, ZeroPadding3D. PyTorch: ZeroPad2d, ConstantPad2d.
    """

    examples = ("224x224x3: zeropad 3", "112x112x64: zeropad ((0, 1), (0, 1))")

    value: float = option("the number to put there", default=0.0)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"ZeroPadding{inputs[0].rank}D" if self.value == 0 else f"ConstantPadding{inputs[0].rank}D"


@operator("reflection_pad")
class ReflectionPad(Pad):
    """Put a mirror image around the map, its edge not repeated: c b | a b c | b a.

    PyTorch: ReflectionPad2d.
    """

    examples = ("64x64x3: reflection_pad 3",)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        x = placed(inputs[0])
        for side, size, pair in zip(sides(x.rank), x.spatial, self.pairs(x)):
            if size is not None and max(pair) >= size:
                message = f"a {side} of {size} has {size - 1} places to mirror, not {max(pair)}"
                raise OpError(message, "border", code="bad-argument")
        return super().facts(inputs)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"ReflectionPadding{inputs[0].rank}D"


@operator("edge_pad")
class EdgePad(Pad):
    """Repeat the edge around the map: a a | a b c | c c.

    PyTorch: ReplicationPad2d.
    """

    examples = ("64x64x3: edge_pad 1",)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"EdgePadding{inputs[0].rank}D"


@operator("crop")
class Crop(Op):
    """Cut places away at the sides, or the middle out at the size of another value: `crop up`.

    Keras: Cropping1D, Cropping2D, Cropping3D; CenterCrop. Where an odd number of places is to go, the smaller half goes
    before.
    """

    family = "padding"
    takes = Takes(1, 2)
    examples = ("32x32x3: crop 2", "1014x70: crop ((1013, 0),)")

    border: Pairs | Operand = arg("places to cut, as for `zeropad`, or a value whose size is wanted", min=0)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        x = placed(inputs[0])
        if isinstance(self.border, int):
            return self.centred(x, target(x, inputs[self.border]))
        beside(inputs, 1)
        pairs = explicit(self.border, x.rank, "border")
        sizes = [None if n is None else n - before - after for n, (before, after) in zip(x.spatial, pairs)]
        for side, size, left, (before, after) in zip(sides(x.rank), x.spatial, sizes, pairs):
            if left is not None and left < 1:
                message = f"{before} + {after} places leave nothing of a {side} of {size}"
                raise OpError(message, "border", code="bad-argument")
        return Facts((Shape((*sizes, x.channels)),), window=shifted(tuple(-before for before, _ in pairs)))

    def centred(self, x: Shape, sizes: tuple[int | None, ...]) -> Facts:
        """The middle of the map, at the given size."""
        for side, size, left in zip(sides(x.rank), x.spatial, sizes):
            if size is not None and left is not None and left > size:
                raise OpError(f"cannot cut a {side} of {left} out of {x}: its {side} is {size}", "border")
        before = tuple(-((a - b) // 2) if a is not None and b is not None else 0 for a, b in zip(x.spatial, sizes))
        return Facts((Shape((*sizes, x.channels)),), window=shifted(before))

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"Cropping{inputs[0].rank}D" if len(inputs) == 1 else "CenterCrop"
