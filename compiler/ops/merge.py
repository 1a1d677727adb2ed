"""What makes one value of several. Each may head branches (`add:` / `branch:`)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from ..shape import Shape
from .base import EVERYTHING, Facts, Op, OpError, Takes, operator
from .record import arg, option

Ints = tuple[int, ...]
"""A list of whole numbers."""


def named(shapes: tuple[Shape, ...]) -> str:
    """The different shapes in a sentence."""
    different = [str(x) for x in dict.fromkeys(shapes)]
    return " and ".join([", ".join(different[:-1]), different[-1]] if len(different) > 1 else different)


def disagree(word: str, shapes: tuple[Shape, ...], help: str = "") -> OpError:
    return OpError(f"the branches of `{word}` disagree: {named(shapes)}", help=help)


def agreement(shapes: tuple[Shape, ...]) -> str:
    """What would make two shapes agree, where one reading is likely."""
    if len(shapes) != 2 or shapes[0].rank != shapes[1].rank:
        return ""
    first, second = shapes
    if first.spatial == second.spatial and first.rank:
        return f"`conv {first.channels}, 1x1` behind the branch of {second.channels} channels makes them agree"
    if first.spatial == second.spatial:
        return f"`dense {first.channels}` behind the branch of {second.channels} values makes them agree"
    if first.channels == second.channels:
        return "strides and borders of both branches must lead to the same map"
    return ""


def raised(x: Shape, rank: int) -> Shape:
    """A vector as a map of one place; other shapes as they are."""
    return Shape((*(1,) * rank, *x)) if x.rank == 0 else x


def broadcast(word: str, shapes: tuple[Shape, ...]) -> Shape:
    """The common shape: sizes are equal, or 1 and repeated; a vector counts as a map of one place."""
    rank = max(x.rank for x in shapes)
    maps = tuple(raised(x, rank) for x in shapes)
    if any(x.rank != rank for x in maps):
        raise disagree(word, shapes)

    def pair(a: Shape, b: Shape) -> Shape:
        return Shape(common(m, n) for m, n in zip(a, b, strict=True))

    def common(m: int | None, n: int | None) -> int | None:
        if m is None or n is None:
            return None
        if m != n and 1 not in (m, n):
            raise disagree(word, shapes, agreement(shapes))
        return max(m, n)

    return reduce(pair, maps)


class Merge(Op):
    """Element by element; the shapes must be equal, but for sizes of 1, which are repeated."""

    family = "merge"
    kind = "merge"
    takes = Takes(1, None)
    keras_name = ""
    repeats_silently = False
    """Whether the operation is meant for operands of unlike sizes, such as the weights of a squeeze-and-excitation."""

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        return Facts((broadcast(self.word, inputs),))

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return self.keras_name

    def warnings(self, inputs: tuple[Shape, ...]) -> Iterator[tuple[str, str, str]]:
        if not self.repeats_silently and len(set(inputs)) > 1 and None not in {n for x in inputs for n in x}:
            yield "broadcast", f"the branches of `{self.word}` differ, sizes of 1 are repeated: {named(inputs)}", ""


@operator("add")
class Add(Merge):
    """The sum of all values, which must have one shape.

    `residual:` ends in one, of the shortcut and the body. `drop` is stochastic depth (Huang et al., 2016): in training
    the last operand is left out for a share of the examples, and divided by 1 - drop for the others. Keras: Add.
    """

    examples = ("8x8x4, 8x8x4: add",)
    keras_name = "Add"

    drop: float = option(
        "share of the examples for which the last operand is left out in training", default=0.0, min=0, max=1
    )

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        if self.drop >= 1:
            raise OpError(f"`drop={self.drop:g}` leaves nothing of the last operand", "drop", code="bad-argument")
        return super().facts(inputs)


@operator("scaled_add")
class ScaledAdd(Merge):
    """The sum of all values, the last one times a number: residual scaling (Szegedy et al., 2016: Inception-ResNet).

    Keras: CustomScaleLayer of keras.applications. In a `residual:` a `scale` at the end of the body does the same.
    """

    examples = ("8x8x4, 8x8x4: scaled_add 0.17",)
    keras_name = "CustomScaleLayer"
    takes = Takes(2, None)

    factor: float = arg("what the last value is multiplied by")


@operator("subtract")
class Subtract(Merge):
    """The first value minus the second.

    Keras: Subtract.
    """

    examples = ("128, 128: subtract",)
    keras_name = "Subtract"
    takes = Takes(2, 2)


@operator("multiply")
class Multiply(Merge):
    """The product of all values; sizes of 1 are repeated, as squeeze-and-excitation wants it.

    A vector multiplies the channels of a map. Keras: Multiply.
    """

    examples = ("8x8x4, 1x1x4: multiply", "8x8x4, 4: multiply")
    keras_name = "Multiply"
    repeats_silently = True


@operator("average")
class Average(Merge):
    """The mean of all values, which must have one shape.

    Keras: Average.
    """

    examples = ("8x8x4, 8x8x4: average",)
    keras_name = "Average"


@operator("maximum")
class Maximum(Merge):
    """The largest of the values, element by element.

    Keras: Maximum.
    """

    examples = ("8x8x4, 8x8x4: maximum",)
    keras_name = "Maximum"


@operator("minimum")
class Minimum(Merge):
    """The smallest of the values, element by element.

    Keras: Minimum.
    """

    examples = ("8x8x4, 8x8x4: minimum",)
    keras_name = "Minimum"


AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
"""The names of the spatial axes, by the number of spatial dimensions."""


@operator("concat")
class Concat(Op):
    """All values one behind the other, along the channels where nothing else is said.

    Keras: Concatenate.
    """

    family = "merge"
    kind = "merge"
    takes = Takes(1, None)
    examples = ("8x8x4, 8x8x2: concat", "8x8x4, 8x8x4: concat axis=height")

    axis: str = option(
        "the axis that grows", default="channels", choices=("channels", "length", "depth", "height", "width")
    )

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        if len({x.rank for x in inputs}) > 1:
            raise disagree(self.word, inputs)
        grows = self.position(inputs[0])
        sizes = tuple(self.size(axis, axis == grows, inputs) for axis in range(inputs[0].rank + 1))
        return Facts((Shape(sizes),), window=None if grows == inputs[0].rank else EVERYTHING)

    def position(self, x: Shape) -> int:
        """The axis that grows, counted in the written order."""
        names = (*AXES.get(x.rank, ()), "channels")
        if self.axis not in names:
            raise OpError(f"{x} has no {self.axis}: its axes are {', '.join(names)}", "axis", code="rank")
        return names.index(self.axis)

    def size(self, axis: int, grows: bool, inputs: tuple[Shape, ...]) -> int | None:
        sizes = [x[axis] for x in inputs]
        known = [n for n in sizes if n is not None]
        if grows:
            return sum(known) if len(known) == len(sizes) else None
        if len(set(known)) > 1:
            raise disagree(
                self.word, inputs, "all sizes but the channels must agree" if self.axis == "channels" else ""
            )
        return known[0] if len(known) == len(sizes) else None

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Concatenate"


@operator("dot")
class Dot(Op):
    """The products of the channels of two values, summed: one number for two vectors, a table of the similarity of all
    places for two sequences.

    `axes` says which axis of each is summed over, counted from 1 as in Keras (the batch is 0). Keras: Dot.
    """

    family = "merge"
    kind = "merge"
    takes = Takes(2, 2)
    examples = ("128, 128: dot normalize=true", "10x64, 20x64: dot")

    axes: Ints = option(
        "the axis of the first and of the second that is summed over; the last ones if empty", default=()
    )
    normalize: bool = option("divide by both lengths first: the cosine of the angle", default=False)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        a, b = inputs
        if a.rank > 1 or b.rank > 1:
            raise OpError(f"`dot` works on vectors and sequences, found {named(inputs)}", code="rank")
        i, j = self.summed(inputs)
        if a[i] != b[j]:
            raise OpError(f"`dot` sums over {a[i]} values of {a} and {b[j]} of {b}", "axes" if self.axes else None)
        rest = (*a[:i], *a[i + 1 :], *b[:j], *b[j + 1 :])
        return Facts((Shape(rest or (1,)),), window=EVERYTHING)

    def summed(self, inputs: tuple[Shape, ...]) -> tuple[int, int]:
        """The axis of each operand that is summed over, in the written order, counted from 0."""
        axes = self.axes * 2 if len(self.axes) == 1 else self.axes or tuple(len(x) for x in inputs)
        if len(axes) != 2 or any(not 1 <= axis <= len(x) for axis, x in zip(axes, inputs, strict=True)):
            raise OpError(f"{named(inputs)} have no axes {self.axes}, counted from 1", "axes", code="bad-argument")
        return axes[0] - 1, axes[1] - 1

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return "Dot"


COMMUTES = (Add, Multiply, Maximum, Minimum)
"""The merges whose operands may change places."""
