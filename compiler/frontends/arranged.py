"""Values whose axes lie otherwise than written, as channel-first frameworks have them, and what is done to them there.

We write spatial sizes first and channels last. A value from elsewhere keeps note of where its axes are; it is permuted
only where a layer needs it, and a flattened map is left to the weights behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..decompile.network import Builder, Layer, Ref, make
from ..ops.base import Op
from ..shape import Shape
from .unread import Unread


class Map(NamedTuple):
    """A value of the network. `axes` says for each axis behind the batch which axis of the written shape it is.

    `order` is the written shape of a map that lies flattened with its channels first: a dense layer's weights are
    permuted for it.
    """

    ref: Ref
    axes: tuple[int, ...]
    order: Shape | None = None


def first(rank: int) -> tuple[int, ...]:
    """Channels first."""
    return (rank, *range(rank))


def last(rank: int) -> tuple[int, ...]:
    """Channels last: as written."""
    return tuple(range(rank + 1))


class Arranged:
    """Layers read so far, from values with arrangements of their own."""

    def __init__(self) -> None:
        self.build = Builder()
        self.splits: dict[tuple[Ref, int], Ref] = {}
        self.joins: dict[tuple[str, tuple[Ref, ...]], Map] = {}

    def shape(self, value: Map) -> Shape:
        return self.build.shape(value.ref)

    def maker(self, value: Map) -> Layer:
        return self.build.layers[value.ref.layer]

    def dims(self, value: Map) -> tuple[int | None, ...]:
        """The sizes behind the batch as the source has them."""
        shape = self.shape(value)
        return tuple(shape[axis] for axis in value.axes)

    def like(self, value: Map, op: Op) -> Map:
        """A layer that keeps the arrangement of its input."""
        return Map(self.build.add(op, [value.ref]), value.axes, value.order)

    def settled(self, value: Map) -> Map:
        """The value with its axes permuted where they lie otherwise than channels first."""
        rank = len(value.axes) - 1
        if value.axes == first(rank) or rank == 0:
            return value
        order = (*(value.axes[1:]), value.axes[0])
        return Map(self.build.add(make("permute", order=tuple(a + 1 for a in order)), [value.ref]), first(rank))

    def as_stored(self, value: Map) -> Map:
        """The value such that its written axes are those of the source."""
        if value.axes == last(len(value.axes) - 1):
            return value
        order = tuple(a + 1 for a in value.axes)
        return Map(self.build.add(make("permute", order=order), [value.ref]), last(len(value.axes) - 1))

    def along(self, x: Map, axis: int) -> Map:
        """The value with an axis of the source, counted with the batch, in place of the channels."""
        written, rank = x.axes[axis % (len(x.axes) + 1) - 1], len(x.axes) - 1
        if written == rank:
            return x
        order = (*(a for a in range(rank + 1) if a != written), written)
        permuted = self.build.add(make("permute", order=tuple(a + 1 for a in order)), [x.ref])
        return Map(permuted, tuple(order.index(a) for a in x.axes))

    def transposed(self, x: Map, order: Sequence[int]) -> Map:
        """The axes in another order, the batch counted as 0; nothing is moved for it yet."""
        if sorted(order) != list(range(len(x.axes) + 1)):
            raise Unread(f"it orders {len(x.axes) + 1} axes by {list(order)}")
        if order[0] != 0:
            raise Unread(f"it moves the batch: {list(order)}")
        if x.order is not None:
            raise Unread("it turns a map flattened with its channels first")
        return Map(x.ref, tuple(x.axes[axis - 1] for axis in order[1:]))

    def flattened(self, x: Map) -> Map:
        """All values in one vector. With channels first only the order of the next weights changes."""
        rank = len(x.axes) - 1
        if rank == 0:
            return x
        shape, layer = self.shape(x), self.maker(x)
        if layer.op.word in ("global_avgpool", "global_maxpool") and layer.op.__dict__["keep"]:
            return Map(self.build.add(layer.op.changed(keep=False), layer.inputs), last(0))
        if x.axes == last(rank) or shape.area == 1 or shape.channels == 1:
            return Map(self.build.add(make("flatten"), [x.ref]), last(0))
        if x.axes != first(rank):
            return Map(self.build.add(make("flatten"), [self.as_stored(x).ref]), last(0))
        if shape.size is None:
            raise Unread(f"the size of {shape} must be known to flatten it")
        return Map(self.build.add(make("flatten"), [x.ref]), last(0), order=shape)

    def in_order(self, x: Map) -> Map:
        """The value, a map flattened with its channels first really so: its axes are moved for it."""
        if x.order is None:
            return x
        layer, rank = self.maker(x), x.order.rank
        flat = layer.op.word == "flatten"
        whole = layer.inputs[0] if flat else self.build.add(make("reshape", shape=tuple(x.order)), [x.ref])
        moved = self.build.add(make("permute", order=(rank + 1, *range(1, rank + 1))), [whole])
        return Map(self.build.add(make("flatten"), [moved]), last(0))

    def reshaped(self, x: Map, sizes: Sequence[int | None]) -> Map:
        """The values in another shape, in the order in which they lie in the source."""
        if list(sizes) == list(self.dims(x)):
            return x
        if len(sizes) == 1:
            return self.flattened(x)
        if x.order is not None:
            return self.unflattened(x, sizes)
        if self.shape(x).area == 1 and len(sizes) == len(x.axes) > 1:  # a single place has no order
            rank, width = len(x.axes) - 1, self.shape(x).channels
            axes = first(rank) if sizes[0] == width else last(rank)
            if sizes[axes.index(rank)] == width:
                return Map(x.ref, axes)
        thin = self.thinned(x, sizes)
        if thin is not None:
            return thin
        vector = self.vector(x)
        if vector is not None and sizes[0] == self.shape(x).channels and set(sizes[1:]) == {1}:
            op = make("reshape", shape=(*sizes[1:], sizes[0]))
            return Map(self.build.add(op, [vector.ref]), first(len(sizes) - 1))
        if x.axes == first(len(x.axes) - 1) and sizes[0] == self.shape(x).channels:
            return Map(self.build.add(make("reshape", shape=(*sizes[1:], sizes[0])), [x.ref]), first(len(sizes) - 1))
        stored = self.as_stored(x)
        return Map(self.build.add(make("reshape", shape=tuple(sizes)), [stored.ref]), last(len(sizes) - 1))

    def thinned(self, x: Map, sizes: Sequence[int | None]) -> Map | None:
        """The value with more or fewer dimensions of one place, the channels where they were; None for others."""
        rank, new = len(x.axes) - 1, len(sizes) - 1
        for axes, there in ((first(rank), first(new)), (last(rank), last(new))):
            if x.axes != axes or not rank or not new or rank == new:
                continue
            asked = tuple(sizes[there.index(written)] for written in range(new + 1))
            shape = self.shape(x)
            same = [n for n in asked[:-1] if n != 1] == [n for n in shape.spatial if n != 1]
            if same and asked[-1] == shape.channels:
                return Map(self.build.add(make("reshape", shape=asked), [x.ref]), there)
        return None

    def vector(self, x: Map) -> Map | None:
        """The vector that a value is, or of which it is the map of one place; None for others."""
        if len(x.axes) == 1:
            return x
        layer = self.maker(x)
        alone = self.shape(x).area == 1 and x.axes == first(len(x.axes) - 1)
        if alone and layer.op.word == "reshape" and self.build.shape(layer.inputs[0]).rank == 0:
            return Map(layer.inputs[0], last(0))
        return None

    def unflattened(self, x: Map, sizes: Sequence[int | None]) -> Map:
        """A map flattened with its channels first, as a map again."""
        order = x.order
        assert order is not None
        if list(sizes) != [order.channels, *order.spatial]:
            return self.reshaped(self.in_order(x), sizes)
        return Map(self.build.add(make("reshape", shape=tuple(order)), [x.ref]), first(order.rank))

    def taken(self, x: Map, channels: Sequence[int]) -> Map:
        """Some of the channels."""
        return Map(self.build.add(make("take_channels", channels=tuple(channels)), [x.ref]), x.axes)

    def share(self, x: Map, start: int, end: int, size: int) -> Map:
        """A run of the channels: one of equal parts where it is one."""
        length = end - start
        if size % length or start % length or length >= size:
            return self.taken(x, range(start, end))
        return self.parts(x, size // length)[start // length]

    def parts(self, x: Map, count: int) -> list[Map]:
        """Equal shares of the channels; asked for twice they are made once."""
        if (x.ref, count) not in self.splits:
            self.splits[x.ref, count] = self.build.add(make("split", parts=count), [x.ref])
        made = self.splits[x.ref, count]
        return [Map(made._replace(output=i), x.axes) for i in range(count)]

    def joined(self, values: Sequence[Map], axis: str) -> Map:
        """A concatenation; what it has in common with an earlier one is taken from that (DenseNet)."""
        refs = tuple(value.ref for value in values)
        made = values[0]
        for length in range(len(values), 1, -1):
            known = self.joins.get((axis, refs[:length]))
            if known is not None:
                made, values = known, [known, *values[length:]]
                break
        if len(values) > 1:
            made = self.merged(make("concat", axis=axis), values)
        self.joins[axis, refs] = made
        return made

    def merged(self, op: Op, values: Sequence[Map]) -> Map:
        """A merge, of values with one arrangement."""
        if len({v.axes for v in values if len(v.axes) > 1}) > 1:
            values = [self.settled(v) for v in values]
        if len({v.order for v in values}) > 1:
            raise Unread("its operands are flattened in different orders")
        widest = max(values, key=lambda v: (len(v.axes), self.shape(v).area != 1))
        if self.shape(widest).area != 1 and op.word in ("add", "multiply"):
            values = [self.vector(v) or v for v in values]
        return Map(self.build.add(op, [v.ref for v in values]), widest.axes, widest.order)
