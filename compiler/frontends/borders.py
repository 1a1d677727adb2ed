"""The border of a window as a person writes it: taken together with one put around the map before, and by its word."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any

from ..ops.base import Op, OpError
from ..ops.geometry import CAUSAL, SAME, VALID, Padding, explicit
from ..ops.pool import AvgPool, Pool
from ..shape import Shape
from .arranged import Arranged, Map


def bordered(to: Arranged, op: Any, x: Map) -> tuple[Op, Map]:
    """A convolution or pool with what it takes: a border that a layer before it makes becomes its own."""
    made = to.maker(x)
    if made.op.word == "zeropad" and made.op.__dict__["value"] == outside(op):
        before = Map(made.inputs[0], x.axes)
        whole = widened(op, made.op.__dict__["border"], to.shape(before))
        if whole is not None:
            op, x = whole, before
    return worded(op, to.shape(x)), x


def outside(op: Op) -> float | None:
    """The number beyond the map that makes no difference between a border of the window and one of the map."""
    if isinstance(op, AvgPool):
        return 0.0 if op.count_pad else None
    return -inf if isinstance(op, Pool) else 0.0


def widened(op: Any, border: Any, x: Shape) -> Op | None:
    """The layer with more places around the map; None where it cannot have them."""
    if op.pad.kind not in ("valid", "explicit") or getattr(op, "ceil", False):
        return None
    inner = explicit(op.pad.pairs, x.rank) if op.pad.kind == "explicit" else ((0, 0),) * x.rank
    pairs = tuple((a + c, b + d) for (a, b), (c, d) in zip(inner, explicit(border, x.rank)))
    whole: Op = op.changed(pad=Padding("explicit", pairs))
    try:
        whole.facts((x,))
    except OpError:
        return None
    return whole


def worded(op: Any, x: Shape) -> Op:
    """The layer with its border by its word: `causal`, and where both ends differ what puts the same windows there."""
    if op.pad.kind != "explicit" or (evenly(op, x.rank) and not shorter(op)):
        return op  # type: ignore[no-any-return]
    windows = op.sliding(x)
    for changes in words(op, x):
        other = op.changed(**changes)
        try:
            found = other.sliding(x)
        except OpError:
            continue
        ends = [edge and edge[0] for edge in found.borders] == [edge[0] for edge in windows.borders]
        if ends and found.counts == windows.counts and (None not in found.counts or found.borders == windows.borders):
            return other  # type: ignore[no-any-return]
    return op  # type: ignore[no-any-return]


def evenly(op: Any, rank: int) -> bool:
    """Whether the border is one number for each dimension."""
    return all(before == after for before, after in explicit(op.pad.pairs, rank))


def shorter(op: Any) -> bool:
    """Whether `same` also says that the border does not count; with a step of 1 it is the border at any size."""
    return isinstance(op, AvgPool) and not op.counts_border and op.stride is not None and set(op.stride) == {1}


def words(op: Any, x: Shape) -> Iterator[dict[str, Any]]:
    """What may say the same border, the more likely first; of a mean, only where the border does not count."""
    if not isinstance(op, Pool):
        yield from ({"pad": CAUSAL}, {"pad": SAME})
        return
    if isinstance(op, AvgPool):
        yield from () if op.counts_border else ({"pad": SAME, "count_pad": True},)
        return
    pairs = explicit(op.pad.pairs, x.rank)
    if all(before <= after for before, after in pairs):
        least = tuple((before, before) for before, _ in pairs)
        yield {"pad": Padding("explicit", least) if any(map(any, least)) else VALID, "ceil": True}
    yield {"pad": SAME}


def taking(op: Any, x: Shape, border: Any) -> Op | None:
    """A transposed convolution that takes more places from both ends; None where it cannot say so."""
    over = op.enlarging(x)
    pairs = tuple((a + c, b + d) for (a, b), (c, d) in zip(over.crops, explicit(border, x.rank)))
    if op.output_pad is not None or min(map(min, pairs)) < 0:
        return None
    same: Op = op.changed(pad=SAME)
    if same.enlarging(x).crops == pairs:  # type: ignore[attr-defined]
        return same
    whole: Op = op.changed(pad=Padding("explicit", pairs))
    return whole
