"""Batches: examples loaded, brought to the model's size, changed by the chain of steps, stacked with their labels."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...compiler.recipes.steps import Erase, HistogramMatch, Noise, Step
from ..augment import apply, fixed, in_bytes, moves, sizing
from ..data import DataError, Split
from ..devices.ranks import Positions
from . import keyed
from .draws import Draws
from .readers import Readers
from .sampling import Members
from .stock import CACHE, Stock, Wanted
from .tensors import in_unit

AHEAD = min(max(os.cpu_count() or 1, 3), 16)
"""Batches prepared while the network works, each in a thread of its own."""
VALUE = 4
"""Bytes of a number that the network takes."""
AT_ONCE = 2**22
"""Bytes of examples that are gathered at once from memory."""
TURN = 2**40
"""What the number of an example grows by where it comes again in an epoch: it is then changed anew."""

Sample = Callable[[int, Positions], Members]
"""From the epoch and the positions of a batch to what each input of the model gets."""


class Reading(NamedTuple):
    """How batches are made: `ahead` of a network that runs elsewhere, by so many `processes` or by threads of this one,
    in `pinned` memory, from which a GPU takes them by itself."""

    ahead: bool = False
    processes: int = 0
    pinned: bool = False


AT_HAND = Reading()
"""For a network that runs here, on the same cores."""


class Finish(NamedTuple):
    """What makes examples ready for the network: the last steps, in which nothing is left to chance, brightness and
    layout. It can be done once for all epochs, and where the network runs."""

    steps: tuple[Step, ...]
    to_255: bool

    def done(self, x: Tensor) -> Tensor:
        """The examples, ready."""
        for step in self.steps:
            x = changed(step, x, NOTHING)
        x = in_unit(x)
        x = x.mul(255) if self.to_255 else x
        return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x.contiguous()


NOTHING = Draws(0, 0, 0, np.empty(0, np.int64))
"""What steps draw that draw nothing."""


class Batch(NamedTuple):
    """Examples (N, C, spatial...) for each input, what is known about them, and their positions.

    Positions count on behind the end of the split for examples that come again in an epoch.

    `y` is (N,) of class numbers, (N, values), or (N, spatial...) of class numbers where -1 does not count. `clean` are
    the examples before noise was added and pieces were blanked out, for those who are to give them back. `finish` is
    what is still to be done with them.
    """

    inputs: tuple[Tensor, ...]
    y: Tensor
    positions: Positions
    clean: Tensor | None = None
    finish: Finish | None = None

    @property
    def x(self) -> Tensor:
        """The first input."""
        return self.inputs[0]

    def each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        """With another form of all its tensors."""
        clean = change(self.clean) if self.clean is not None else None
        return self._replace(inputs=tuple(map(change, self.inputs)), y=change(self.y), clean=clean)

    def on(self, device: torch.device) -> Batch:
        """On the device of the network, ready for it."""
        there = device.type == "cpu"
        return (self if there else self.each(lambda x: x.to(device, non_blocking=True))).finished()

    def finished(self) -> Batch:
        """Ready for the network."""
        if self.finish is None:
            return self
        clean = self.finish.done(self.clean) if self.clean is not None else None
        return self._replace(inputs=tuple(map(self.finish.done, self.inputs)), clean=clean, finish=None)


class Feed:
    """A split with the chain of steps its examples go through.

    Steps up to the last one that sets a size run example by example, the rest on whole batches. Where no step sets a
    size examples are brought to the model's. Masks go along where a step moves places. `clean` keeps a copy of what
    the examples are without noise. For a network that runs elsewhere batches are finished there.
    """

    def __init__(
        self, split: Split, steps: tuple[Step, ...], wanted: Wanted, seed: int, *,
        reading: Reading = AT_HAND, sample: Sample | None = None, clean: bool = False,
    ) -> None:  # fmt: skip
        cut = max((i + 1 for i, step in enumerate(steps) if sizing(step)), default=0)
        self.split, self.wanted, self.seed = split, wanted, seed
        last = max((i + 1 for i, step in enumerate(steps) if not fixed(step)), default=0)
        self.alone, self.later = steps[:cut], steps[cut:last]
        self.finish = Finish(steps[max(cut, last) :], wanted.to_255)
        self.reading, self.sample, self.clean = reading, sample, clean
        numbers = split.numbers
        self.stocks = [Stock(inputs, numbers, wanted, keep=not cut) for inputs in (split.examples, *split.others)]
        self.masks = Stock(split.masks, numbers, wanted, labels=True, keep=not cut) if split.masks is not None else None
        self.readers: Readers | None = None
        self.settled = not self.later and not reading.ahead and self.settle()
        """Whether the examples are kept as the network takes them."""
        self.ready = self.settled and self.masks is None and sample is None and not clean
        """Whether nothing is left to do but to gather them."""

    def __len__(self) -> int:
        return len(self.split)

    def settle(self) -> bool:
        """Finish what is kept in memory; False where that would be too much."""
        fits = all(stock.cache is not None and stock.values * VALUE <= CACHE for stock in self.stocks)
        for stock in self.stocks if fits else ():
            stock.change(self.finish.done)
            self.require_size(stock.together(np.arange(min(len(self), 1))))
        return fits

    @property
    def kept(self) -> bool:
        """Whether all of it is in memory."""
        return all(stock.cache is not None for stock in (*self.stocks, *([self.masks] if self.masks else [])))

    def batches(self, plan: Iterable[tuple[int, Positions]]) -> Iterator[Batch]:
        """The batches of a plan of (epoch, positions in the split).

        Files are read ahead by others; what is in memory is not, where the network runs on the same cores.
        """
        if self.ready:
            return self.cut(plan)
        if self.kept and not self.reading.ahead:
            return (self.batch(epoch, positions) for epoch, positions in plan)
        if self.reading.processes and not self.kept:
            self.readers = self.readers or Readers(self, self.reading.processes, pinned=self.reading.pinned)
            return self.readers.batches(plan)
        return self.batches_ahead(plan)

    def __getstate__(self) -> dict[str, Any]:
        """For the processes that read."""
        return {**self.__dict__, "readers": None}

    def batches_ahead(self, plan: Iterable[tuple[int, Positions]]) -> Iterator[Batch]:
        with ThreadPoolExecutor(max_workers=1 if self.kept else AHEAD) as pool:
            waiting: deque[Future[Batch]] = deque()
            try:
                for epoch, positions in plan:
                    waiting.append(pool.submit(self.pinned, epoch, positions))
                    if len(waiting) > AHEAD:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()

    def pinned(self, epoch: int, positions: Positions) -> Batch:
        """One batch, where the device can take it by itself."""
        found = self.batch(epoch, positions)
        return found.each(Tensor.pin_memory) if self.reading.pinned else found

    def batch(self, epoch: int, positions: Positions) -> Batch:
        """One batch; its random changes hang on the epoch and on each example's number."""
        if self.ready:
            return self.gathered(positions)
        members = self.sample(epoch, positions) if self.sample is not None else Members((positions,) * len(self.stocks))
        stocks = self.stocks if len(self.stocks) == len(members.inputs) else self.stocks * len(members.inputs)
        made = [self.prepared(i, stock, epoch, at) for i, (stock, at) in enumerate(zip(stocks, members.inputs))]
        (x, mask, clean), *_ = made
        labels = self.split.labels[positions % len(self.split)] if members.labels is None else members.labels
        y = torch.from_numpy(labels) if mask is None else counted(mask)
        clean = x if self.clean and clean is None else clean
        finish = None if self.settled else self.finish
        found = Batch(tuple(one[0] for one in made), y, positions, clean, finish)
        return found if self.reading.ahead else found.finished()

    def cut(self, plan: Iterable[tuple[int, Positions]]) -> Iterator[Batch]:
        """Batches of what is kept as the network takes it, several gathered at once: for small ones, to begin takes
        longer than to gather."""
        size = sum(stock.values for stock in self.stocks) * VALUE // max(len(self), 1)
        for parts in lots(plan, size):
            whole = self.gathered(np.concatenate(parts))
            lengths = [len(part) for part in parts]
            inputs = zip(*(torch.split(x, lengths) for x in whole.inputs))
            yield from map(Batch, inputs, torch.split(whole.y, lengths), parts)

    def gathered(self, positions: Positions) -> Batch:
        """One batch of what is kept as the network takes it."""
        within = positions % len(self.split)
        inputs = tuple(stock.together(within) for stock in self.stocks)
        return Batch(inputs, torch.from_numpy(self.split.labels.take(within, 0)), positions)

    def prepared(
        self, place: int, stock: Stock, epoch: int, positions: Positions
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """One input through all steps, the masks that belong to it, and the examples without noise if they differ."""
        masks = self.masks if not place else None
        turns, positions = np.divmod(positions, len(self.split))
        names = stock.numbers[positions] + TURN * turns
        if self.alone:
            x, mask = self.one_by_one(place, stock, masks, epoch, positions, names)
        else:
            x, mask = stock.together(positions), masks.together(positions) if masks is not None else None
        clean = None
        for number, step in enumerate(self.later, len(self.alone)):
            if self.clean and clean is None and isinstance(step, (Noise, Erase)):
                clean = x
            draws = Draws(self.seed, epoch, number + 100 * place, names)
            if isinstance(step, HistogramMatch):
                draws = draws._replace(others=in_unit(stock.together(self.drawn(draws))))
            mask = apply(step, mask, draws) if mask is not None and moves(step) else mask
            clean = changed(step, clean, draws) if clean is not None and not isinstance(step, (Noise, Erase)) else clean
            x = changed(step, x, draws)
        self.require_size(x)
        return x, mask, clean

    def one_by_one(
        self, place: int, stock: Stock, masks: Stock | None, epoch: int, positions: Positions, names: Positions
    ) -> tuple[Tensor, Tensor | None]:
        """Through the steps up to the last that sets a size."""
        found, maps = [], []
        for position, name in zip(positions, names):
            x = stock.alone(position)
            x = x if x.ndim == 4 else in_unit(x)
            mask = masks.alone(position) if masks is not None else None
            for number, step in enumerate(self.alone):
                draws = Draws(self.seed, epoch, number + 100 * place, np.array([name]))
                mask = apply(step, mask, draws) if mask is not None and moves(step) else mask
                x = changed(step, x, draws)
            self.require_size(x)
            found.append(x)
            maps.append(mask)
        return batched(found), torch.cat([m for m in maps if m is not None]) if masks is not None else None

    def drawn(self, draws: Draws) -> Positions:
        """Another example for each."""
        share = keyed.uniform((*draws.key, keyed.PARTNER), draws.examples, 1)[:, 0]
        return (share * len(self.split)).astype(np.int64)

    def require_size(self, x: Tensor) -> None:
        *sizes, channels = self.wanted.shape
        if x.shape[1:] != (channels, *sizes):
            found, wanted = ("x".join(map(str, shape)) for shape in ((*x.shape[2:], x.shape[1]), self.wanted.shape))
            kind = "steps give pictures" if self.alone or self.later else "examples are"
            hint = f": end them with `center_crop {'x'.join(map(str, sizes))}`" if self.alone else ""
            raise DataError(f"the {kind} of {found}, the model takes {wanted}{hint}")


def lots(plan: Iterable[tuple[int, Positions]], size: int) -> Iterator[list[Positions]]:
    """The positions of batches in lots of about `AT_ONCE`, where an example takes `size` bytes."""
    lot: list[Positions] = []
    held = 0
    for _, positions in plan:
        lot.append(positions)
        held += len(positions) * size
        if held >= AT_ONCE:
            yield lot
            lot, held = [], 0
    if lot:
        yield lot


def changed(step: Step, x: Tensor, draws: Draws) -> Tensor:
    """Examples after a step; pictures stay bytes, a quarter of the same as numbers, as long as steps take them."""
    return apply(step, x if in_bytes(step) else in_unit(x), draws)


def batched(found: list[Tensor]) -> Tensor:
    """Examples of one shape together, channels last in memory."""
    x = torch.cat(found)
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x


def counted(mask: Tensor) -> Tensor:
    """(N, spatial...) of class numbers."""
    return mask[:, 0].long()
