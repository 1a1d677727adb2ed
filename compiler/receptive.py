"""Checked -> what each layer sees of the input: its receptive field, along the longest path.

The arithmetic is that of Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks" (2019):
behind a window of `size` and `stride` the field grows by (size - 1) * jump and the jump is multiplied by the stride.
Behind a merge it is the smallest stretch that holds the fields of all inputs. Borders are not cut off: a field may be
larger than the input.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from .graph import Checked, Node
from .ops.base import Window
from .shape import Shape


class Field(NamedTuple):
    """The places of the input that one place depends on, per spatial dimension.

    `size` are places from first to last, `jump` is the step in the input between neighbours, `before` how far the field
    of the first place begins before the input. All are empty for a vector. `whole` says that the place also depends on
    the whole input, by way of global pooling, `flatten` or a normalisation over the map.
    """

    size: tuple[int | Fraction, ...] = ()
    jump: tuple[int | Fraction, ...] = ()
    before: tuple[int | Fraction, ...] = ()
    whole: bool = False

    @property
    def rank(self) -> int:
        return len(self.size)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The size in whole places, behind layers that enlarge the map the largest it gets."""
        return tuple(map(ceil, self.size))

    def __str__(self) -> str:
        """`35x35`; `35x35 + all` where something global is mixed in; `all`; `1` for what sees itself only."""
        local = "x".join(map(str, self.sizes))
        return " + ".join(filter(None, (local, "all" * self.whole))) or "1"


WHOLE = Field(whole=True)

SIZE_ONLY = frozenset({"upsample", "crop"})
"""Operators that take only the size of their further inputs, not their numbers."""


def itself(rank: int) -> Field:
    """The field of an input."""
    return Field((1,) * rank, (1,) * rank, (0,) * rank)


def together(fields: Iterable[Field], rank: int) -> Field:
    """The field of values that meet in a map of `rank` dimensions; what comes from another rank counts as global."""
    fields = list(fields)
    local = [field for field in fields if field.rank == rank]
    whole = any(field.whole or field.rank not in (0, rank) for field in fields)
    if not local or not rank:
        return Field(whole=whole)
    if len(local) == 1:
        return local[0]._replace(whole=whole)
    before = tuple(map(max, zip(*(field.before for field in local), strict=True)))
    behind = (tuple(n - b for n, b in zip(field.size, field.before, strict=True)) for field in local)
    size = tuple(b + max(ends) for b, ends in zip(before, zip(*behind, strict=True), strict=True))
    return Field(size, tuple(map(max, zip(*(field.jump for field in local), strict=True))), before, whole)


def through(field: Field, window: Window, given: Shape, made: Shape) -> Field:
    """The field behind a layer with `window` that turns a value of shape `given` into one of shape `made`."""
    if not window.size:
        stays = made.rank and made.spatial == given.spatial
        return field._replace(whole=True) if stays else WHOLE
    if field.rank != len(window.size):
        return field
    axes = list(zip(field.size, field.jump, field.before, window.size, window.stride, window.before, strict=True))
    return Field(
        tuple(size + (span - 1) * jump for size, jump, _, span, _, _ in axes),
        tuple(jump * stride for _, jump, _, _, stride, _ in axes),
        tuple(before + first * jump for _, jump, before, _, _, first in axes),
        field.whole,
    )


def seen(node: Node, known: dict[int, Field]) -> Field:
    """The field of a node's outputs, once those of its inputs are known."""
    made = node.facts.output
    if not node.inputs:
        return itself(made.rank)
    window = node.facts.window
    ports = node.inputs[:1] if node.op.word in SIZE_ONLY else node.inputs
    rank = max(port.shape.rank for port in ports)
    field = together((known[port.node.serial] for port in ports), rank)
    if window is not None:
        field = through(field, window, ports[0].shape, made)
    if field.rank not in (0, made.rank):
        return WHOLE
    return field


def widest(fields: Iterable[Field]) -> Field:
    """The largest of the fields that are a part of the input: the figure papers give."""
    local = [field for field in fields if field.rank]
    return max(local, key=lambda field: field.sizes) if local else WHOLE


def receptive_fields(checked: Checked) -> dict[int, Field]:
    """The field of every node, by its serial number."""
    known: dict[int, Field] = {}
    for node in checked.nodes:
        known[node.serial] = seen(node, known)
    return known
