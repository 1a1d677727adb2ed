"""Ctrl-C: the first is a wish to stop at the next step, the second leaves at once.

SIGTERM and SIGUSR1, by which SLURM announces that time is up (`--signal=USR1@120`), are wishes to stop as well.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ERASE_LINE = "\r\x1b[K"

WISHES = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1") if hasattr(signal, name))


class Stopping:
    """Whether somebody asked to stop; called by the loop before each step."""

    def __init__(self, told: Callable[[], None], leave: Callable[[int], None], steps: bool) -> None:
        self.asked = False
        self.steps = steps
        """Whether there is, or soon will be, a step to stop after; else the first wish leaves at once."""
        self.told = told
        self.leave = leave

    def __call__(self) -> bool:
        return self.asked

    def signal(self, number: int, frame: FrameType | None) -> None:
        if self.asked or not self.steps:
            self.leave(number)
        self.asked = True
        self.told()


def leave_at_once(number: int) -> None:
    """End the process: for the command line."""
    if sys.stderr.isatty():
        os.write(2, ERASE_LINE.encode())
    os._exit(128 + number)


def raise_interrupt(number: int) -> None:
    """Leave the call but not the process: for notebooks."""
    raise KeyboardInterrupt


@contextmanager
def stoppable(
    told: Callable[[], None], leave: Callable[[int], None] = leave_at_once, *, steps: bool = True
) -> Iterator[Stopping]:
    """Inside, the wishes set the flag instead of raising; in a thread, which gets no signals, nothing does."""
    stopping = Stopping(told, leave, steps)
    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return
    before = {number: signal.signal(number, stopping.signal) for number in WISHES}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def plain() -> Iterator[None]:
    """Inside, the same signals end the process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_DFL) for number in WISHES}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
