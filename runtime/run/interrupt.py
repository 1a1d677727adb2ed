"""Ctrl-C: the first is a wish to stop at the next step, the second leaves at once.

SIGTERM and SIGUSR1, by which SLURM announces that time is up (`--signal=USR1@120`), are wishes to stop as well, and so
is SIGHUP, when a terminal closes, unless `nohup` has it ignored.
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

WISHES = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1", "SIGHUP") if hasattr(signal, name))


class Stopping:
    """Whether somebody asked to stop; called by the loop before each step."""

    def __init__(self, told: Callable[[str], None], leave: Callable[[int], None], steps: bool) -> None:
        self.asked = 0
        """The number of the signal, once there was one."""
        self.steps = steps
        """Whether there is, or soon will be, a step to stop after; else the first wish leaves at once."""
        self.told = told
        self.leave = leave

    def __call__(self) -> bool:
        return self.asked > 0

    def signal(self, number: int, frame: FrameType | None) -> None:
        word = signal.Signals(number).name
        if self.asked and word == "SIGHUP":  # a shell and the system may both tell of one terminal
            return
        if self.asked or not self.steps:
            self.leave(number)
        self.asked = number
        told, again = ("", "Ctrl-C again") if word == "SIGINT" else (f"{word}: ", "another signal")
        self.told(f"{told}stopping after this step; {again} leaves at once")


def heard() -> tuple[signal.Signals, ...]:
    """The wishes that this process is to hear."""
    return tuple(one for one in WISHES if one.name != "SIGHUP" or signal.getsignal(one) != signal.SIG_IGN)


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
    told: Callable[[str], None], leave: Callable[[int], None] = leave_at_once, *, steps: bool = True
) -> Iterator[Stopping]:
    """Inside, the wishes set the flag instead of raising; in a thread, which gets no signals, nothing does."""
    stopping = Stopping(told, leave, steps)
    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return
    before = {number: signal.signal(number, stopping.signal) for number in heard()}
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
    before = {number: signal.signal(number, signal.SIG_DFL) for number in heard()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
