"""Processes that make batches ahead: torch's DataLoader under a plan. Threads share one interpreter, which many cores
starve for; what a batch holds is the same, since all that is random is keyed."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any

from torch.utils.data import DataLoader, Dataset

from ...compiler.diagnostics import UserError
from ..run.interrupt import WISHES

if TYPE_CHECKING:
    from ..devices.ranks import Positions
    from .batch import Batch
    from .feed import Feed


class Batches(Dataset[Any]):
    """The batches of a feed by (epoch, positions). What is wrong with a file comes back as what it is."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed

    def __getitem__(self, at: tuple[int, Positions]) -> Batch | UserError:
        try:
            return self.feed.batch(*at).without_way()
        except UserError as error:
            return error


class Planned:
    """What is to be read: the same object for the loader, whatever the plan."""

    plan: Iterable[tuple[int, Positions]] = ()

    def __iter__(self) -> Iterator[tuple[int, Positions]]:
        return iter(self.plan)


class Readers:
    """So many processes for one feed, kept from epoch to epoch. They end with this object, to which nothing that it
    holds leads back: else they would stay until somebody looks for such circles."""

    def __init__(self, feed: Feed, count: int, most: int, *, pinned: bool) -> None:
        """`most` batches lie ahead, if need be of fewer processes."""
        self.planned, self.way, self.most = Planned(), feed.way, most
        count = min(count, most)
        self.loader: DataLoader[Any] = DataLoader(
            Batches(copy(feed)), batch_size=None, sampler=self.planned, num_workers=count, persistent_workers=True,
            prefetch_factor=most // count, pin_memory=pinned, worker_init_fn=deaf_and_mute, collate_fn=as_it_is,
        )  # fmt: skip

    def batches(self, plan: Iterable[tuple[int, Positions]]) -> Iterator[Batch]:
        """The batches of a plan, which are begun at once."""
        self.planned.plan = plan
        return self.handed_over(iter(self.loader))

    def handed_over(self, made: Iterator[Batch | UserError]) -> Iterator[Batch]:
        while True:
            try:
                found = next(made)
            except StopIteration:
                return
            except (ConnectionError, EOFError) as error:
                if "Caught" in str(error):  # while it read, not while it handed over
                    raise
                raise RuntimeError("DataLoader worker hung up") from error
            if isinstance(found, UserError):
                raise found
            yield found.with_way(self.way)


def as_it_is(batch: Any) -> Any:
    """Without it arrays would become tensors."""
    return batch


def deaf_and_mute(number: int) -> None:
    """A terminal sends Ctrl-C to all processes: only the first one is to hear it. It ends the others, by SIGTERM.

    What goes wrong with examples it tells as well; all that is left to say is that it hung up on a thread that hands
    over tensors.
    """
    sys.excepthook = lambda *_: None
    for wish in set(WISHES) - {signal.SIGTERM}:
        signal.signal(wish, signal.SIG_IGN)


@contextmanager
def readers_needed() -> Iterator[None]:
    """Inside, the end of a process that reads is told in words."""
    try:
        yield
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # torch would tell it again when the others end
        raise UserError(
            "a process that reads examples was ended, perhaps for want of memory, in a container that of /dev/shm: "
            "`--workers` asks for fewer, `docker run --shm-size` gives more, `--resume` goes on"
        ) from error
