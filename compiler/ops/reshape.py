"""The same values in another arrangement."""

from __future__ import annotations

from math import prod

from ..shape import Shape
from .base import EVERYTHING, Facts, Op, OpError, Window, operator
from .geometry import channels
from .record import arg

Dims = tuple["int | None", ...]
"""A shape such as 7x7x64, with None for what is to be found."""

Ints = tuple[int, ...]
"""A list of whole numbers."""


@operator("flatten")
class Flatten(Op):
    """All values in one vector, in the written order (height, width, channels).

    Keras: Flatten. PyTorch's order is channels first: weights from there are permuted on the way in.
    """

    family = "dense"
    examples = ("7x7x64: flatten",)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        (x,) = inputs
        if x.size is None:
            raise OpError(f"the size of {x} must be known to flatten it", code="open-size")
        return Facts((Shape((x.size,)),), window=EVERYTHING if x.rank else None)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Flatten"


@operator("reshape")
class Reshape(Op):
    """The values in another shape, taken and put down in the written order (height, width, channels).

    One size may be open (`?`): it follows from the others. Keras: Reshape. PyTorch: reshape, which runs channels first.
    """

    family = "shape"
    examples = ("3136: reshape 7x7x64", "8x8x4: reshape ?x4", "1x1x1000: reshape 1000")

    shape: Dims = arg("the new shape, channels last")

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        (x,) = inputs
        if self.shape.count(None) > 1:
            raise OpError("only one size can follow from the others", "shape", code="bad-argument")
        if any(n is not None and n < 1 for n in self.shape):
            raise OpError(f"sizes are at least 1, found {Shape(self.shape)}", "shape", code="bad-argument")
        return Facts((self.target(x),), window=self.window(x))

    def target(self, x: Shape) -> Shape:
        wanted = Shape(self.shape)
        known = prod(n for n in wanted if n is not None)
        if x.size is None:
            if None not in wanted:
                raise OpError(f"the size of {x} must be known to become {wanted}", "shape", code="open-size")
            return wanted
        if x.size % known or (None not in wanted and x.size != known):
            raise OpError(f"{x} has {x.size} values, {wanted} {'a multiple of ' * (None in wanted)}{known}", "shape")
        return Shape(x.size // known if n is None else n for n in wanted)

    def window(self, x: Shape) -> Window | None:
        """Places keep what they see where only axes of size 1 come or go."""
        return None if x.area == 1 else EVERYTHING

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Reshape"


@operator("permute")
class Permute(Op):
    """The axes in another order, counted from 1 in the written order as in Keras.

    `permute (2, 1)` turns 10x64 into 64x10. Keras: Permute. PyTorch: permute, which counts the batch as 0 and the
    channels as 1.
    """

    family = "shape"
    examples = ("10x64: permute (2, 1)", "8x6x4: permute (2, 1, 3)")

    order: Ints = arg("the axes of the input in their new order, as in (2, 1, 3)")

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        (x,) = inputs
        if sorted(self.order) != list(range(1, len(x) + 1)):
            axes = ", ".join(map(str, range(1, len(x) + 1)))
            raise OpError(
                f"`order` names each axis of {x} once: {axes}; found {self.order}", "order", code="bad-argument"
            )
        same = self.order == tuple(range(1, len(x) + 1))
        return Facts((Shape(x[axis - 1] for axis in self.order),), window=None if same else EVERYTHING)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Permute"


@operator("take_channels")
class TakeChannels(Op):
    """Some of the channels, in the order given, counted from 0: the connection table of LeNet-5.

    Keras: ops.take. PyTorch: index_select.
    """

    family = "shape"
    examples = ("14x14x6: take_channels [0, 1, 2]",)

    channels: Ints = arg("which channels, counted from 0", min=0)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        (x,) = inputs
        width = channels(x)
        missing = [n for n in self.channels if n >= width]
        if missing:
            raise OpError(f"{x} has the channels 0 to {width - 1}, found {missing[0]}", "channels", code="bad-argument")
        return Facts((Shape((*x.spatial, len(self.channels))),))

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Take"


@operator("split")
class Split(Op):
    """Several values with equal shares of the channels: `a, b = c -> split 2` (ShuffleNetV2).

    Keras: ops.split. PyTorch: chunk.
    """

    family = "shape"
    examples = ("28x28x116: split 2",)

    parts: int = arg("number of values", min=1)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        (x,) = inputs
        width = channels(x)
        if width % self.parts:
            raise OpError(f"{width} channels do not split into {self.parts} parts", "parts")
        return Facts((Shape((*x.spatial, width // self.parts)),) * self.parts)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Split"


@operator("channel_shuffle")
class ChannelShuffle(Op):
    """Deal the channels of all groups out like cards: one of each group, then the next of each (ShuffleNet).

    Keras has none. PyTorch: ChannelShuffle.
    """

    family = "shape"
    examples = ("28x28x116: channel_shuffle 2",)

    groups: int = arg("groups that the channels come in", min=1)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        width = channels(inputs[0])
        if width % self.groups:
            raise OpError(f"{width} channels do not split into {self.groups} groups", "groups")
        return Facts(inputs)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "ChannelShuffle"
