"""How the sizes of a layer come about, step by step, in numbers: one rule per kind of operator.

Every rule ends in the size that the operator's own `facts` gave; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from typing import NamedTuple

from ...ops.base import Op
from ...ops.conv import SlidConvolution
from ...ops.conv_transpose import ConvTranspose
from ...ops.dense import Dense
from ...ops.geometry import Padding, Sliding, sides
from ...ops.merge import Concat
from ...ops.pad import Crop, Pad
from ...ops.pool import AdaptivePool, GlobalPool, Pool
from ...ops.reshape import Flatten
from ...ops.resize import Upsample
from ...shape import Shape


class Step(NamedTuple):
    """One line of arithmetic: what is computed, and how; `note` says why where that is a surprise."""

    title: str
    formula: str
    note: str = ""


def number(size: int | None) -> str:
    return "?" if size is None else f"{size:,}"


@singledispatch
def sizes(op: Op, inputs: tuple[Shape, ...], made: Shape) -> Iterator[Step]:
    """The arithmetic of the output's shape."""
    if inputs and made == inputs[0]:
        yield Step("size", f"{made}, that of the input")
    else:
        yield Step("size", f"{' and '.join(map(str, inputs)) or 'as declared'} -> {made}")


@sizes.register
def _(op: SlidConvolution, inputs: tuple[Shape, ...], made: Shape) -> Iterator[Step]:
    over = op.sliding(inputs[0])
    yield from slides(over, inputs[0], op.pad)
    yield channels(made, "the number of kernels" if hasattr(op, "out") else "those of the input x `multiplier`")


@sizes.register
def _(op: Pool, inputs: tuple[Shape, ...], made: Shape) -> Iterator[Step]:
    yield from slides(op.sliding(inputs[0]), inputs[0], op.pad, op.ceil)
    yield channels(made, "each on its own")


def channels(made: Shape, why: str) -> Step:
    return Step("channels", f"{number(made.channels)}, {why}")


def slides(over: Sliding, x: Shape, pad: Padding, ceil: bool = False) -> Iterator[Step]:
    """A window slid along each dimension."""
    for axis, (side, size, span, count) in enumerate(
        zip(sides(x.rank), x.spatial, over.spans, over.counts, strict=True)
    ):
        stride = over.stride[axis]
        if over.size[axis] != span:
            taps, apart = over.size[axis], over.dilation[axis]
            yield Step("window", f"({taps} - 1) * {apart} + 1 = {span}", f"{taps} taps, {apart} apart")
        if pad.kind == "same":
            yield from same(side, size, span, stride, over.borders[axis])
            continue
        before, after = over.borders[axis] or (0, 0)
        room = f"{number(size)}{plus(before, after)} - {span}"
        rounded = "ceil" if ceil else "floor"
        note = ""
        if ceil and count != uncut(size, span, stride, before + after):
            note = "the last window would begin behind the map and is left out"
        less = " - 1" if note else ""
        yield Step(side, f"{rounded}(({room}) / {stride}) + 1{less} = {number(count)}", note)


def uncut(size: int | None, span: int, stride: int, border: int) -> int | None:
    """Windows counted with `ceil` before PyTorch's rule takes one away."""
    return None if size is None else -(-(size + border - span) // stride) + 1


def same(side: str, size: int | None, span: int, stride: int, edge: tuple[int, int] | None) -> Iterator[Step]:
    """TensorFlow's `same`: the size is settled first, the border follows from it."""
    count = None if size is None else -(-size // stride)
    yield Step(side, f"ceil({number(size)} / {stride}) = {number(count)}", "`pad=same`")
    if size is None or count is None or edge is None:
        return
    total = f"max(({count} - 1) * {stride} + {span} - {size}, 0) = {sum(edge)}"
    yield Step(
        "border", f"{total}: {edge[0]} before, {edge[1]} after", "the odd place comes after" * (edge[0] != edge[1])
    )


def plus(before: int, after: int) -> str:
    """The border as a summand."""
    if before == after:
        return f" + 2*{before}" if before else ""
    return f" + {before} + {after}"


@sizes.register
def _(op: ConvTranspose, inputs: tuple[Shape, ...], made: Shape) -> Iterator[Step]:
    (x,) = inputs
    over = op.enlarging(x)
    axes = zip(sides(x.rank), x.spatial, over.size, over.dilation, over.stride, over.crops, over.counts, strict=True)
    for side, size, taps, apart, stride, (before, after), count in axes:
        span = (taps - 1) * apart + 1
        if span != taps:
            yield Step("window", f"({taps} - 1) * {apart} + 1 = {span}", f"{taps} taps, {apart} apart")
        cut = "".join(f" {'-' if n > 0 else '+'} {abs(n)}" for n in (before, after) if n)
        note = f"`pad=same`: {number(size)} * {stride}" if op.pad.kind == "same" else ""
        yield Step(side, f"({number(size)} - 1) * {stride} + {span}{cut} = {number(count)}", note)
    yield channels(made, "the number of kernels")


@sizes.register
def _(op: AdaptivePool, inputs: tuple[Shape, ...], made: Shape) -> Iterator[Step]:
    for side, size, count in zip(sides(made.rank), inputs[0].spatial, made.spatial, strict=True):
        window = f"window i of {number(count)}: floor(i * {number(size)} / {number(count)}) to "
        yield Step(side, f"{number(count)}, as asked for", f"{window}ceil((i + 1) * {number(size)} / {number(count)})")
    yield channels(made, "each on its own")


@sizes.register
def _(op: GlobalPool, inputs: tuple[Shape, ...], made: Shape) -> Iterator[Step]:
    yield Step("size", f"{inputs[0]} -> {made}, one number for each channel over all {number(inputs[0].area)} places")


@sizes.register
def _(op: Upsample, inputs: tuple[Shape, ...], made: Shape) -> Iterator[Step]:
    for side, size, count in zip(sides(made.rank), inputs[0].spatial, made.spatial, strict=True):
        if op.factor is not None and size and count:
            yield Step(side, f"{size} * {count // size} = {count}")
        else:
            yield Step(side, f"{number(size)} -> {number(count)}, as asked for")
    yield channels(made, "each on its own")


@sizes.register
def _(op: Pad, inputs: tuple[Shape, ...], made: Shape) -> Iterator[Step]:
    yield from bordered(inputs[0], made)


@sizes.register
def _(op: Crop, inputs: tuple[Shape, ...], made: Shape) -> Iterator[Step]:
    yield from bordered(inputs[0], made)


def bordered(x: Shape, made: Shape) -> Iterator[Step]:
    """Places added or taken away."""
    for side, size, count in zip(sides(made.rank), x.spatial, made.spatial, strict=True):
        if size is not None and count is not None:
            yield Step(side, f"{size} {'-' if count < size else '+'} {abs(count - size)} = {count}")
    yield channels(made, "those of the input")


@sizes.register
def _(op: Flatten, inputs: tuple[Shape, ...], made: Shape) -> Iterator[Step]:
    product = " * ".join(map(str, inputs[0]))
    yield Step(
        "size",
        f"{product} = {number(made.size)}",
        "in the written order: channels run fastest" if made != inputs[0] else "",
    )


@sizes.register
def _(op: Concat, inputs: tuple[Shape, ...], made: Shape) -> Iterator[Step]:
    grows = op.position(made)
    total = " + ".join(number(x[grows]) for x in inputs)
    yield Step(op.axis, f"{total} = {number(made[grows])}", "the other sizes agree")


@sizes.register
def _(op: Dense, inputs: tuple[Shape, ...], made: Shape) -> Iterator[Step]:
    yield Step("outputs", f"{number(made.channels)}, as asked for")
