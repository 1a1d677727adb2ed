"""What the processes of a run tell each other. Where there is one process, everything is what it was."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from subprocess import Popen

import torch
from torch import Tensor, distributed, nn

from ...compiler.diagnostics import UserError
from .fetch import Fetched
from .portions import from_first
from .ranks import FIRST, Positions, Ranks

GLANCE = 0.3
"""Seconds between two looks at the other processes."""


class RankLost(UserError):
    """Another process of the run is gone."""


class Together:
    """The processes of a run, on one kind of device."""

    def __init__(self, ranks: Ranks, device: torch.device) -> None:
        self.ranks, self.device = ranks, device

    def sums(self, *values: float) -> tuple[float, ...]:
        """Each value added up over the processes."""
        return values if self.ranks.alone else tuple(self.sent(values).read())

    def sent(self, values: Sequence[float]) -> Fetched:
        """The sums once they are there, for which nobody need wait: a GPU has other work before them."""
        found = torch.tensor(values, dtype=torch.float64).to(self.device, non_blocking=True)
        distributed.all_reduce(found)
        return Fetched(found.unbind())

    def wanted(self, *wishes: bool) -> tuple[bool, ...]:
        """For each wish whether any process has it."""
        if self.ranks.alone:
            return wishes
        return tuple(total > 0 for total in self.sums(*map(float, wishes)))

    @torch.no_grad()
    def as_first(self, module: nn.Module, whole: nn.Module) -> None:
        """Give every process the weights and statistics of the first, where all of them stand in `whole`."""
        if self.ranks.split:
            from_first(module.state_dict(), whole.state_dict())
        for value in module.state_dict().values() if not self.ranks.alone and not self.ranks.split else ():
            distributed.broadcast(value, 0)

    def agree(self, number: int) -> bool:
        """Whether all processes have the number that the first has."""
        return not self.wanted(int(self.from_first(torch.tensor([number]))) != number)[0]

    def from_first(self, value: Tensor) -> Tensor:
        """What the first process has; the others give its shape and type."""
        if self.ranks.alone:
            return value
        passed = value.to(self.device)
        distributed.broadcast(passed, 0)
        return passed.cpu()

    def gathered(self, x: Tensor, positions: Positions) -> Tensor:
        """The rows of all processes, in the order of the batch whose shares they are."""
        if self.ranks.alone:
            return x
        counts = [len(share) for share in self.ranks.shares(positions)]
        own = torch.zeros(max(counts), *x.shape[1:], dtype=x.dtype, device=x.device)
        own[: len(x)] = x
        rows = [torch.empty_like(own) for _ in counts]
        distributed.all_gather(rows, own)
        return torch.cat([part[:count] for part, count in zip(rows, counts)])

    def close(self) -> None:
        if not self.ranks.alone and distributed.is_initialized():
            distributed.destroy_process_group()


@contextmanager
def joined(ranks: Ranks) -> Iterator[None]:
    """Inside, a connection that breaks is told as what it is: another process is gone."""
    try:
        yield
    except RuntimeError as error:
        if ranks.alone or not broken(error):
            raise
        time.sleep(3 * GLANCE)  # who looks after the processes knows more, and speaks first
        raise RankLost("another process of the run ended, and this one with it; `--resume` goes on") from error


def broken(error: RuntimeError) -> bool:
    """Whether the word of gloo or NCCL is about a connection."""
    text = str(error).lower()
    return isinstance(error, distributed.DistError) or "gloo" in text or "connection" in text


@contextmanager
def starting() -> Iterator[None]:
    """Processes that are started inside know who did it."""
    before = os.environ.get(FIRST)
    os.environ[FIRST] = str(os.getpid())
    try:
        yield
    finally:
        if before is None:
            del os.environ[FIRST]
        else:
            os.environ[FIRST] = before


def attend(children: list[Popen[bytes]]) -> None:
    """Look after the processes that this one is about to start: none stays behind alone."""
    threading.Thread(target=look_after, args=(children,), daemon=True, name="ranks").start()


def accompany() -> None:
    """End with the process that started this one."""
    first = int(os.environ.get(FIRST, 0))
    if first == os.getppid():
        threading.Thread(target=go_with, args=(first,), daemon=True, name="first rank").start()


def look_after(children: list[Popen[bytes]]) -> None:
    """When one dies, say so and end all. They are taken off the list, since Lightning looks after those that are on it
    too, and kills this process without a word."""
    ours: list[Popen[bytes]] = []
    while not ours or any(child.poll() is None for child in ours):
        time.sleep(GLANCE)
        while children:
            ours.append(children.pop(0))
        for rank, child in enumerate(ours, 1):
            if child.poll():
                word = f"cnnc: rank {rank} {fate(child.returncode)}: ending the others; `--resume` goes on"
                os.write(2, f"{word}\n".encode())
                for other in ours:
                    other.kill()
                os._exit(1)


def fate(status: int) -> str:
    return f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"


def go_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(GLANCE)
    os._exit(1)
