"""A batch, and what is still to be done with it where the network runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from ..devices.ranks import Positions
from .way import Made, Way


class Rest(NamedTuple):
    """The way that is left from a step on; None: it is gone to its end. `names` are those of the examples of each
    input. `masked`: what is known of them are masks, which go along."""

    way: Way
    first: int | None
    epoch: int
    names: tuple[Positions, ...]
    masked: bool

    def gone(self, place: int, made: Made) -> Made:
        """One input, ready for the network."""
        if self.first is None:
            return made
        part = range(self.first, len(self.way.steps))
        x, mask, clean = self.way.gone(part, made, self.epoch, place, self.names[place])
        return Made(self.way.ended(x), mask, self.way.ended(clean) if clean is not None else None)


class Batch(NamedTuple):
    """Examples (N, C, spatial...) for each input, what is known about them, and their positions.

    Positions count on behind the end of the split for examples that come again in an epoch.

    `y` is (N,) of class numbers, (N, values), or (N, spatial...) of class numbers where -1 does not count. `clean` are
    the examples before noise was added and pieces were blanked out, for those who are to give them back. `maps` are
    what places weigh. With a `rest` it is not ready, and masks still are (N, 1, spatial...).
    """

    inputs: tuple[Tensor, ...]
    y: Tensor
    positions: Positions
    clean: Tensor | None = None
    rest: Rest | None = None
    maps: tuple[Tensor, ...] = ()

    @property
    def x(self) -> Tensor:
        """The first input."""
        return self.inputs[0]

    def each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        """With another form of all its tensors."""
        clean = change(self.clean) if self.clean is not None else None
        inputs, maps = (tuple(map(change, some)) for some in (self.inputs, self.maps))
        return self._replace(inputs=inputs, y=change(self.y), clean=clean, maps=maps)

    def without_way(self) -> Batch:
        """As it is handed from process to process: both know the way, which may hold large tables."""
        return self if self.rest is None else self.with_way(self.rest.way._replace(steps=()))

    def with_way(self, way: Way) -> Batch:
        """Handed over, as it was before."""
        return self if self.rest is None else self._replace(rest=self.rest._replace(way=way))

    def on(self, device: torch.device) -> Batch:
        """On the device of the network, ready for it."""
        there = device.type == "cpu"
        return (self if there else self.each(lambda x: x.to(device, non_blocking=True))).finished()

    def finished(self) -> Batch:
        """Ready for the network."""
        rest = self.rest
        if rest is None:
            return self
        first = rest.gone(0, Made(self.x, self.y if rest.masked else None, self.clean))
        others = tuple(rest.gone(place, Made(x)).x for place, x in enumerate(self.inputs[1:], 1))
        y = self.y if first.mask is None else first.mask[:, 0].long()
        clean = first.x if rest.way.clean and first.clean is None else first.clean
        return self._replace(inputs=(first.x, *others), y=y, clean=clean, rest=None)
