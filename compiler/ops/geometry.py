"""Windows over maps: the arithmetic that convolution and pooling share, in the shape rule and in every backend.

One function says where padding goes (`border`), one how many windows fit (`slide`); `Sliding` and `Enlarging` are their
answers for all dimensions of a map, and what the backends translate.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple, Optional

from ..shape import Shape
from .base import Op, OpError, Window

Sizes = tuple[int, ...]
"""One size for each spatial dimension, or a single one for all."""

Pairs = tuple[tuple[int, int], ...]
"""Places (before, after) for each spatial dimension, or a single pair for all."""

Activation = Optional[Op]


class Padding(NamedTuple):
    """`valid`, `same`, `causal`, or explicit `pairs` of places (before, after).

    A single pair stands for every dimension where `pairs` came from one number; `pad=(1, 2)` has one number for each
    dimension, in a 1-D map it is one pair.
    """

    kind: str
    pairs: Pairs = ()
    scalar: bool = False

    def __str__(self) -> str:
        if self.kind != "explicit":
            return self.kind
        if self.scalar:
            return str(self.pairs[0][0])
        return "(" + ", ".join(f"({a}, {b})" if a != b else str(a) for a, b in self.pairs) + ")"


VALID = Padding("valid")
SAME = Padding("same")
CAUSAL = Padding("causal")


def sides(rank: int) -> tuple[str, ...]:
    """What the spatial dimensions are called."""
    return {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}[rank]


def placed(x: Shape, needs: str = "") -> Shape:
    """The shape, if it has spatial dimensions."""
    if x.rank == 0:
        raise OpError(f"a map is needed, found a vector of {x.channels}{needs}", code="rank")
    if x.rank > 3:
        raise OpError(f"a map of 1, 2 or 3 spatial dimensions is needed, found {x}", code="rank")
    return x


def channels(x: Shape) -> int:
    """The number of channels, which must be known for weights to have a size."""
    if x.channels is None:
        raise OpError(f"the number of channels of {x} must be known", code="open-size")
    return x.channels


def spread(sizes: Sizes, rank: int, name: str) -> Sizes:
    """One size per spatial dimension."""
    if len(sizes) == rank:
        return sizes
    if len(sizes) == 1:
        return sizes * rank
    raise OpError(f"`{name}` has {len(sizes)} sizes, the input has {rank} spatial dimension{'s' * (rank != 1)}", name)


def explicit(pairs: Pairs, rank: int, name: str = "pad") -> Pairs:
    """One pair per spatial dimension from what was written."""
    if any(n < 0 for pair in pairs for n in pair):
        raise OpError(f"`{name}` cannot be negative", name, code="bad-argument", help="`crop` takes places away")
    if len(pairs) == rank:
        return pairs
    if len(pairs) == 1:
        return pairs * rank
    if rank == 1 and len(pairs) == 2 and all(a == b for a, b in pairs):
        return ((pairs[0][0], pairs[1][0]),)
    dimensions = f"{rank} spatial dimension{'s' * (rank != 1)}"
    raise OpError(f"`{name}` has {len(pairs)} entries, the input has {dimensions}", name)


def extent(size: int, dilation: int) -> int:
    """Places from the first to the last tap of a dilated window."""
    return (size - 1) * dilation + 1


def border(pad: Padding, size: int | None, span: int, stride: int, axis: int, rank: int) -> tuple[int, int] | None:
    """Places to add before and after one dimension of `size` for a window that spans `span` places.

    `same` is TensorFlow's: ceil(size / stride) windows, the odd place after the map. None where that depends on an open
    size, which is so for `same` with a window and a stride above 1.
    """
    if pad.kind == "valid":
        return 0, 0
    if pad.kind == "causal":
        return span - 1, 0
    if pad.kind == "explicit":
        return explicit(pad.pairs, rank)[axis]
    if stride == 1 or span == 1:
        total = span - 1
    elif size is None:
        return None
    else:
        total = max((-(-size // stride) - 1) * stride + span - size, 0)
    return total // 2, total - total // 2


def slide(size: int | None, span: int, stride: int, before: int, after: int, *, ceil: bool = False) -> int | None:
    """Number of windows along one dimension; below 1 where none fits. `ceil` counts a last, incomplete one."""
    if size is None:
        return None
    room = size + before + after - span
    if not ceil:
        return room // stride + 1
    count = -(-room // stride) + 1
    # PyTorch: the last window must begin inside the map or its border before it
    return count - 1 if (count - 1) * stride >= size + before else count


class Sliding(NamedTuple):
    """A window slid over a map: its size, stride and dilation, the border and the number of windows per dimension.

    A border is None where it depends on an open size (`border`); a count is None where the size is open.
    """

    size: Sizes
    stride: Sizes
    dilation: Sizes
    borders: tuple[tuple[int, int] | None, ...]
    counts: tuple[int | None, ...]

    @property
    def spans(self) -> Sizes:
        return tuple(map(extent, self.size, self.dilation))

    @property
    def window(self) -> Window:
        """The receptive field; a border that is not known yet is taken to be that of stride 1."""
        spans = self.spans
        before = tuple((span - 1) // 2 if edge is None else edge[0] for edge, span in zip(self.borders, spans))
        return Window(spans, self.stride, before)


def sliding(x: Shape, size: Sizes, stride: Sizes, dilation: Sizes, pad: Padding, *, ceil: bool = False) -> Sliding:
    """A window slid over `x`; OpError where it does not fit or an argument has not one entry per dimension."""
    rank = placed(x).rank
    if pad.kind == "causal" and rank != 1:
        message = f"`pad=causal` is for sequences, {x} has {rank} spatial dimensions"
        raise OpError(message, "pad", code="bad-argument", help="`pad=same`")
    size, stride = spread(size, rank, "size"), spread(stride, rank, "stride")
    dilation = spread(dilation, rank, "dilation")
    borders = tuple(
        border(pad, places, extent(k, d), step, axis, rank)
        for axis, (places, k, d, step) in enumerate(zip(x.spatial, size, dilation, stride))
    )
    found = Sliding(size, stride, dilation, borders, ())
    return found._replace(counts=_counts(x, found, ceil))


def _counts(x: Shape, over: Sliding, ceil: bool) -> tuple[int | None, ...]:
    counts: list[int | None] = []
    for axis, (places, span, step, edge) in enumerate(zip(x.spatial, over.spans, over.stride, over.borders)):
        before, after = edge or (0, 0)
        count = slide(places, span, step, before, after, ceil=ceil)
        if count is not None and count < 1:
            raise _too_large(x, span, axis, before + after)
        counts.append(count)
    return tuple(counts)


def _too_large(x: Shape, span: int, axis: int, padding: int) -> OpError:
    """The window does not fit into the map."""
    side, size = sides(x.rank)[axis], x[axis] or 0
    padded = f", {size + padding} with its border" if padding else ""
    return OpError(
        f"a window of {span} does not fit into {x}: its {side} is {size}{padded}",
        "size",
        code="window-too-large",
        help=f"an input at least {span - padding} in {side} here, a smaller window, or `pad=same`",
    )


def untiled(x: Shape, counts: tuple[int | None, ...], window: Window) -> Iterator[tuple[str, str, str]]:
    """The warning for windows that leave gaps, or that end before a tenth or more of the map was seen.

    Windows of one place are left out (a strided 1x1 convolution skips on purpose), and so is the odd last row of a
    large map, which hardly any published network minds.
    """
    for side, size, count, span, step, before in zip(sides(x.rank), x, counts, *window):
        if size is None or count is None or span == 1 or step == 1:
            continue
        seen = (count - 1) * step + span - before
        missed = int(size - seen)
        if span < step and count > 1:
            gap = f"leave {step - span} of every {step} places out"
            yield "kernel-tiling", f"windows of {span} with stride {step} {gap} along the {side}", "size"
            return
        if missed * 10 >= size:
            tail = "the last place is" if missed == 1 else f"the last {missed} places are"
            message = f"windows of {span} with stride {step} do not tile the {side} of {size}: {tail} never seen"
            yield "kernel-tiling", message, "size"
            return


class Enlarging(NamedTuple):
    """A transposed convolution: every place of the input puts a window of `size` down, `stride` apart.

    `crops` are the places taken from both ends of what all windows cover; below 0, zeros are added there.
    """

    size: Sizes
    stride: Sizes
    dilation: Sizes
    crops: Pairs
    counts: tuple[int | None, ...]

    @property
    def window(self) -> Window:
        """What one output place sees at most; between two inputs the step is 1 / stride."""
        spans = tuple(map(extent, self.size, self.dilation))
        seen = tuple(-(-span // step) for span, step in zip(spans, self.stride))
        before = tuple(max(span - 1 - cut, 0) // step for span, (cut, _), step in zip(spans, self.crops, self.stride))
        return Window(seen, tuple(Fraction(1, step) for step in self.stride), before)


def uncover(pad: Padding, span: int, stride: int, extra: int | None, axis: int, rank: int) -> tuple[int, int]:
    """Places a transposed convolution takes from both ends of one dimension; `extra` are those of `output_pad`.

    `same` gives size * stride (Keras), `valid` size * stride + max(span - stride, 0) (Keras), explicit numbers
    (size - 1) * stride + span - before - after + extra (PyTorch).
    """
    if pad.kind == "same":
        before = max(span - stride, 0) // 2
        return before, span - stride - before
    if pad.kind == "valid":
        return 0, -(max(stride - span, 0) if extra is None else extra)
    before, after = explicit(pad.pairs, rank)[axis]
    return before, after - (extra or 0)


def parted(before: int, after: int, limit: int) -> tuple[int, int, tuple[int, int | None]]:
    """The places taken from both ends by a transposed convolution as PyTorch's `padding` and `output_padding`, and the
    first and last place to keep of the result.

    PyTorch takes the same number from both ends and adds fewer than `limit` at the end.
    """
    if 0 <= before - after < limit:
        return before, before - after, (0, None)
    pad = min(before, max(after, 0))
    surplus = max(after - pad, 0)
    return pad, max(-after, 0), (before - pad, -surplus if surplus else None)


# --- values that are taken for their size ----------------------------------------------------------------------------


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
