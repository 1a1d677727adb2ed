"""Pooling: one number for each window, place by place and channel by channel."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import gcd

from ..shape import Shape
from .base import EVERYTHING, Facts, Op, OpError, Window, operator
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
