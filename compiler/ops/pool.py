"""Pooling: one number for each window, place by place and channel by channel."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import gcd

from ..shape import Shape
from .base import EVERYTHING, Facts, Maker, Op, Operand, OpError, Takes, Window, operator
from .geometry import VALID, Padding, Sizes, Sliding, placed, slide, sliding, spread, untiled
from .record import arg, option


class Pool(Op):
    """What the pools with a window share."""

    family = "pooling"

    size: Sizes = arg("window, one size per spatial dimension or one for all", min=1)
    stride: Sizes | None = option("step of the window, the window's size where not given", default=None, min=1)
    pad: Padding = option("border: `valid`, `same`, or places to add", default=VALID)
    ceil: bool = option("count a last window that is not full (PyTorch's ceil_mode)", default=False)

    def sliding(self, x: Shape) -> Sliding:
        """Where the windows lie."""
        if self.pad.kind == "causal":
            raise OpError(
                f"`{self.word}` cannot be causal", "pad", code="bad-argument", help="`valid`, `same` or numbers"
            )
        over = sliding(x, self.size, self.stride or self.size, (1,), self.pad, ceil=self.ceil)
        self.check_border(over)
        return over

    def stock(self, x: Shape) -> tuple[Sizes, bool] | None:
        """PyTorch's `padding` and `ceil_mode` under which its own pool puts the same windows; None where it has none.

        It pads both ends alike, by half a window at most. A last place more at the end, which `same` often wants, is
        what its `ceil_mode` does.
        """
        over = self.sliding(x)
        if any(edge is None or 2 * edge[0] > size for edge, size in zip(over.borders, over.size)):
            return None
        pairs = [edge for edge in over.borders if edge is not None]
        pad = tuple(before for before, _ in pairs)
        if all(a == b for a, b in pairs):
            return pad, self.ceil
        return (pad, True) if self.pad.kind == "same" and counts_alike(x, over) else None

    def check_border(self, over: Sliding) -> None:
        """A window that lies in the border alone has nothing to pool."""
        for size, edge in zip(over.size, over.borders):
            if edge is not None and max(edge) >= size:
                message = f"a border of {max(edge)} against a window of {size}: some windows see nothing of the map"
                raise OpError(message, "pad", code="bad-argument", help="`zeropad` before the pool adds real zeros")

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        (x,) = inputs
        over = self.sliding(x)
        return Facts((Shape((*over.counts, x.channels)),), window=over.window)

    def warnings(self, inputs: tuple[Shape, ...]) -> Iterator[tuple[str, str, str]]:
        over = self.sliding(inputs[0])
        return untiled(inputs[0], over.counts, over.window)


def counts_alike(x: Shape, over: Sliding) -> bool:
    """Whether a border as large behind the map as before it gives as many windows, the last one not full."""
    dimensions = zip(x.spatial, over.size, over.stride, over.borders, over.counts)
    return all(
        n is not None and edge is not None and slide(n, k, step, edge[0], edge[0], ceil=True) == count
        for n, k, step, edge, count in dimensions
    )


@operator("maxpool")
class MaxPool(Pool):
    """The largest number of each window; the border never counts.

    Keras: MaxPooling1D, MaxPooling2D, MaxPooling3D. PyTorch: MaxPool1d, MaxPool2d, MaxPool3d.
    """

    examples = ("32x32x64: maxpool 2", "112x112x64: maxpool 3x3, stride=2, pad=1", "1008x256: maxpool 3")

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"MaxPooling{inputs[0].rank}D"


@operator("avgpool")
class AvgPool(Pool):
    """The mean of each window.

    Keras: AveragePooling1D, AveragePooling2D, AveragePooling3D. PyTorch: AvgPool1d, AvgPool2d, AvgPool3d. With
    `pad=same` the border never counts (Keras); places added by number count as zeros (PyTorch) unless
    `count_pad=false`. What a last window of `ceil=true` lacks never counts.
    """

    examples = ("32x32x64: avgpool 2", "35x35x192: avgpool 3, stride=1, pad=same")
    torch_differs = (
        "`avgpool 3, stride=1, pad=1` counts the zeros of its border as AvgPool2d does, `pad=same` does not."
    )

    count_pad: bool = option("places added by number count as zeros", default=True)

    @property
    def counts_border(self) -> bool:
        """Whether zeros of the border take part in the mean."""
        return self.count_pad and self.pad.kind == "explicit"

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"AveragePooling{inputs[0].rank}D"


@operator("l2pool")
class L2Pool(Pool):
    """The root of the sum of the squares of each window: its Euclidean length (Boureau et al., 2010; FaceNet).

    The border never counts. Keras has none. PyTorch: LPPool1d, LPPool2d, LPPool3d with 2.
    """

    examples = ("28x28x256: l2pool 3, stride=1, pad=same",)
    torch_differs = "PyTorch takes no border, and its ceil_mode scales a last window that is not full up to a full one."

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"L2Pooling{inputs[0].rank}D"


@operator("maxpool_places")
class MaxPoolPlaces(Pool):
    """Max pooling that also tells the place of every maximum, for `unpool`: two outputs, maps and places.

    TensorFlow: max_pool_with_argmax. PyTorch: MaxPool2d with return_indices. A place is the running number of the
    maximum in its channel's map, row by row; the first of equal ones.
    """

    examples = ("32x32x64: maxpool_places 2",)
    whole_outputs = (1,)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        found = super().facts(inputs)
        return found._replace(outputs=found.outputs * 2)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"MaxPoolingWithArgmax{inputs[0].rank}D"


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


def beside(inputs: tuple[Shape, ...], count: int) -> None:
    """No value may stand beside the flow that nothing refers to."""
    if len(inputs) > count:
        message = "no more values are taken beside the flow"
        raise OpError(message, code="bad-argument", help="`to=` takes the size of a value")


def target(x: Shape, other: Shape) -> tuple[int | None, ...]:
    """The spatial size of another value, which must have as many dimensions."""
    if other.rank != x.rank:
        raise OpError(f"{other} has {other.rank} spatial dimensions, {x} has {x.rank}", "to", code="rank")
    return other.spatial


class AdaptivePool(Op):
    """What the pools to a given size share: window i of n goes from floor(i * size / n) to ceil((i + 1) * size / n)."""

    family = "pooling"

    out: Sizes = arg("size of the result, one per spatial dimension or one for all", min=1)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        x = placed(inputs[0])
        sizes = spread(self.out, x.rank, "out")
        return Facts((Shape((*sizes, x.channels)),), window=self.window(x, sizes))

    def window(self, x: Shape, sizes: Sizes) -> Window:
        if set(sizes) == {1}:
            return EVERYTHING
        known = [(n or out, out) for n, out in zip(x.spatial, sizes)]
        widest = tuple(widest_part(n, out) for n, out in known)
        steps = tuple(Fraction(n, out) for n, out in known)
        return Window(widest, steps, tuple(round((size - step) / 2) for size, step in zip(widest, steps)))


def widest_part(size: int, parts: int) -> int:
    """The longest window: the one that begins most behind a place, by parts - gcd(size, parts) of `parts`."""
    return -(-(parts - gcd(size, parts) + size) // parts)


@operator("adaptive_avgpool")
class AdaptiveAvgPool(AdaptivePool):
    """The mean of as many windows as the result has places, whatever the size of the map.

    Keras: AdaptiveAveragePooling2D. PyTorch: AdaptiveAvgPool2d.
    """

    examples = ("13x13x256: adaptive_avgpool 6",)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"AdaptiveAveragePooling{inputs[0].rank}D"


@operator("adaptive_maxpool")
class AdaptiveMaxPool(AdaptivePool):
    """The largest number of as many windows as the result has places, whatever the size of the map.

    Keras: AdaptiveMaxPooling2D. PyTorch: AdaptiveMaxPool2d.
    """

    examples = ("13x13x256: adaptive_maxpool 6",)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"AdaptiveMaxPooling{inputs[0].rank}D"


class GlobalPool(Op):
    """What the pools over the whole map share."""

    family = "pooling"

    keep: bool = option("keep the spatial dimensions, with size 1", default=False)

    def facts(self, inputs: tuple[Shape, ...]) -> Facts:
        x = placed(inputs[0], "; it already has one number for each channel")
        ones = (1,) * x.rank if self.keep else ()
        return Facts((Shape((*ones, x.channels)),), window=EVERYTHING)


@operator("global_avgpool")
class GlobalAvgPool(GlobalPool):
    """The mean of each channel over the whole map.

    Keras: GlobalAveragePooling1D, 2D, 3D. PyTorch: AdaptiveAvgPool2d(1) and flatten.
    """

    examples = ("7x7x512: global_avgpool", "7x7x512: global_avgpool keep=true")

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"GlobalAveragePooling{inputs[0].rank}D"


@operator("global_maxpool")
class GlobalMaxPool(GlobalPool):
    """The largest number of each channel over the whole map.

    Keras: GlobalMaxPooling1D, 2D, 3D. PyTorch: AdaptiveMaxPool2d(1) and flatten.
    """

    examples = ("7x7x512: global_maxpool",)

    def keras(self, inputs: tuple[Shape, ...]) -> str:
        return f"GlobalMaxPooling{inputs[0].rank}D"
