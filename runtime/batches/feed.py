"""Batches: examples loaded, brought to the model's size, changed by the chain of steps, stacked with their labels."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...compiler.recipes.steps import HistogramMatch, Step
from ..augment import at_once, fixed, moves, sizing
from ..data import DataError, Held, Split
from ..devices.available import cores, memory
from ..devices.ranks import Positions
from . import keyed
from .batch import Batch, Rest
from .draws import Draws
from .readers import Readers
from .sampling import Members
from .stock import CACHE, Kept, Stock, Wanted
from .tensors import in_unit, resized
from .way import Made, Way

AHEAD = min(max(cores(), 3), 16)
"""Batches prepared while the network works, each in a thread of its own, as far as there is room."""
ROOM = memory() // 8
"""Bytes that batches may take which are prepared ahead."""
VALUE = 4
"""Bytes of a number that the network takes."""
AT_ONCE = 2**22
"""Bytes of examples that are gathered at once from memory."""
TURN = 2**40
"""What the number of an example grows by where it comes again in an epoch: it is then changed anew."""

Weigh = Callable[[Tensor], tuple[Tensor, ...]]
"""From label maps to what their places weigh, in each way that is wanted."""

Plan = tuple[tuple[int, Positions], ...]
"""For each step (epoch, positions in the split)."""

Sample = Callable[[int, Positions], Members]
"""From the epoch and the positions of a batch to what each input of the model gets."""


class Reading(NamedTuple):
    """How batches are made: `ahead` of a network that runs elsewhere, by so many `processes` or by threads of this one,
    in `pinned` memory, from which a GPU takes them by itself; `room` is for so many bytes of them."""

    ahead: bool = False
    processes: int = 0
    pinned: bool = False
    room: int = ROOM


AT_HAND = Reading()
"""For a network that runs here, on the same cores."""


class Feed:
    """A split with the chain of steps its examples go through.

    Where examples may differ in size, steps up to the last one that sets it run example by example; all others take
    whole batches, and for a network that runs elsewhere those that pay there. Where no step sets a size examples are
    brought to the model's. Masks go along where a step moves places. `clean` keeps a copy of what the examples are
    without noise. `once`: the examples go by once, and none is kept in memory. `maps` tells what places weigh, of masks
    that no further step moves.
    """

    def __init__(
        self, split: Split, steps: tuple[Step, ...], wanted: Wanted, seed: int, *,
        reading: Reading = AT_HAND, sample: Sample | None = None, clean: bool = False, once: bool = False,
        maps: Weigh | None = None,
    ) -> None:  # fmt: skip
        self.split, self.wanted, self.reading, self.sample, self.maps = split, wanted, reading, sample, maps
        self.way = Way(steps, wanted, seed, clean)
        size = behind_last(steps, sizing)
        cut = 0 if alike(split) else size
        moved = behind_last(steps, moves) if maps is not None else 0
        last = max(behind_last(steps, away if reading.ahead else changing), moved, cut)
        self.alone, self.later, self.rest = range(cut), range(cut, last), range(last, len(steps))
        require_alike(steps[:cut])
        numbers, kept = split.numbers, Kept.AS_IT_IS if cut < size else Kept.AT_SIZE if not cut else Kept.NOT
        stock = partial(Stock, numbers=numbers, wanted=wanted, kept=kept, room=0 if once else CACHE)
        self.stocks = [stock(inputs) for inputs in (split.examples, *split.others)]
        self.masks = stock(split.masks, labels=True) if split.masks is not None else None
        self.readers: Readers | None = None
        self.settled = not size and not self.later and not reading.ahead and self.settle()
        """Whether the examples are kept as the network takes them."""
        self.ready = self.settled and self.masks is None and sample is None and not clean
        """Whether nothing is left to do but to gather them."""

    def __len__(self) -> int:
        return len(self.split)

    def settle(self) -> bool:
        """Finish what is kept in memory; False where that would be too much."""
        fits = all(stock.cache is not None and stock.values * VALUE <= CACHE for stock in self.stocks)
        for stock in self.stocks if fits else ():
            self.way.require_size(stock.together(np.arange(min(len(self), 1))))
            stock.change(lambda x: self.way.ended(self.way.gone(self.rest, Made(x)).x))
        return fits

    @property
    def kept(self) -> bool:
        """Whether all of it is in memory."""
        return all(stock.cache is not None for stock in (*self.stocks, *([self.masks] if self.masks else [])))

    @property
    def gathered_soon(self) -> bool:
        """Whether there is little to do for a batch: its examples are kept, and their places weigh nothing."""
        return self.kept and self.maps is None

    @property
    def apart(self) -> bool:
        """Whether processes make the batches, as soon as they are asked for."""
        return self.reading.processes > 0 and not self.gathered_soon

    def batches(self, plan: Iterable[tuple[int, Positions]]) -> Iterator[Batch]:
        """The batches of a plan of (epoch, positions in the split).

        Files are read ahead by others; what is in memory is not, where the network runs on the same cores.
        """
        if self.ready:
            return self.cut(plan)
        if self.kept and not self.reading.ahead:
            return (self.batch(epoch, positions) for epoch, positions in plan)
        plan = iter(plan)
        first = list(islice(plan, 1))
        most, plan = self.most(*first[0]) if first else 1, chain(first, plan)
        if not self.apart:
            return self.batches_ahead(plan, min(most, AHEAD))
        most = min(most, 2 * self.reading.processes)
        if self.readers is None or self.readers.most != most:
            self.readers = Readers(self, self.reading.processes, most, pinned=self.reading.pinned)
        return self.readers.batches(plan)

    def most(self, epoch: int, positions: Positions) -> int:
        """How many batches like this one there is room for: at least one."""
        one = self.batch(epoch, positions[:1])
        size = sum(x.nbytes for x in (*one.inputs, one.y, one.clean, *one.maps) if x is not None)
        return max(self.reading.room // max(size * len(positions), 1), 1)

    def close(self) -> None:
        """End the processes that read; who asks for batches again gets new ones."""
        self.readers = None

    def __getstate__(self) -> dict[str, Any]:
        """What the processes that read know of it."""
        return {**self.__dict__, "readers": None}

    def batches_ahead(self, plan: Iterable[tuple[int, Positions]], most: int) -> Iterator[Batch]:
        with ThreadPoolExecutor(max_workers=1 if self.gathered_soon else AHEAD) as pool:
            waiting: deque[Future[Batch]] = deque()
            try:
                for epoch, positions in plan:
                    waiting.append(pool.submit(self.pinned, epoch, positions))
                    if len(waiting) > most:
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
        names = tuple(self.named(stock, at) for stock, at in zip(stocks, members.inputs))
        made = [
            self.prepared(i, stock, epoch, at, names[i]) for i, (stock, at) in enumerate(zip(stocks, members.inputs))
        ]
        _, mask, clean = made[0]
        labels = self.split.labels[positions % len(self.split)] if members.labels is None else members.labels
        y = torch.from_numpy(labels) if mask is None else mask
        rest = Rest(self.way, None if self.settled else self.rest.start, epoch, names, mask is not None)
        maps = self.maps(mask[:, 0].long()) if self.maps is not None and mask is not None else ()
        found = Batch(tuple(one.x for one in made), y, positions, clean, rest, maps)
        return found if self.reading.ahead else found.finished()

    def named(self, stock: Stock, positions: Positions) -> Positions:
        """The names of examples, by which what is random is drawn: those that come again in an epoch have others."""
        turns, positions = np.divmod(positions, len(self.split))
        found: Positions = stock.numbers[positions] + TURN * turns
        return found

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

    def prepared(self, place: int, stock: Stock, epoch: int, positions: Positions, names: Positions) -> Made:
        """One input as far as it goes here, and the masks that belong to it."""
        positions = positions % len(self.split)
        masks = self.masks if not place else None
        if self.alone:
            made = self.one_by_one(place, stock, masks, epoch, positions, names)
        else:
            made = Made(stock.together(positions), masks.together(positions) if masks is not None else None)
        for number in self.later:
            others = None
            if isinstance(self.way.steps[number], HistogramMatch):
                found = in_unit(stock.together(self.partners(number + 100 * place, epoch, names)))
                others = resized(found, *made.x.shape[2:])
            made = self.way.gone(range(number, number + 1), made, epoch, place, names, others)
        return made

    def one_by_one(
        self, place: int, stock: Stock, masks: Stock | None, epoch: int, positions: Positions, names: Positions
    ) -> Made:
        """Through the steps up to the last that sets a size."""
        found = []
        for position, name in zip(positions, names):
            given = Made(stock.alone(position), masks.alone(position) if masks is not None else None)
            made = self.way.gone(self.alone, given, epoch, place, np.array([name]))
            self.way.require_size(made.x)
            found.append(made)
        x, mask, clean = zip(*found)
        return Made(
            batched(x), torch.cat(mask) if masks is not None else None, batched(clean) if clean[0] is not None else None
        )

    def partners(self, place: int, epoch: int, names: Positions) -> Positions:
        """Another example for each."""
        draws = Draws(self.way.seed, epoch, place, names)
        share = keyed.uniform((*draws.key, keyed.PARTNER), draws.examples, 1)[:, 0]
        return (share * len(self.split)).astype(np.int64)


def alike(split: Split) -> bool:
    """Whether all examples lie in memory in one shape, so that steps which set a size take whole batches as well."""
    every = (split.examples, *split.others, *([split.masks] if split.masks is not None else []))
    return all(isinstance(examples, Held) for examples in every)


def behind_last(steps: tuple[Step, ...], what: Callable[[Step], bool]) -> int:
    """How many steps there are up to the last of a kind."""
    return max((number for number, step in enumerate(steps, 1) if what(step)), default=0)


def changing(step: Step) -> bool:
    """Whether it is another one each time."""
    return not fixed(step)


def away(step: Step) -> bool:
    """Whether it is better done before, where the network runs elsewhere."""
    return not at_once(step)


def require_alike(steps: tuple[Step, ...]) -> None:
    """DataError where one of them looks at two examples, which may differ in size."""
    if any(isinstance(step, HistogramMatch) for step in steps):
        raise DataError("`histogram_match` takes examples of one size: put it behind the step that sets the size")


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


def batched(found: Sequence[Tensor]) -> Tensor:
    """Examples of one shape together, channels last in memory."""
    x = torch.cat(tuple(found))
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x
