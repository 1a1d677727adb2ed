"""Ctrl-C: the first is a wish to stop at the next step, the second leaves at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SHOW_CURSOR = "\x1b[?25h"


class Stopping:
    """Whether somebody asked to stop; called by the loop before each step."""

    def __init__(self, told: Callable[[], None], leave: Callable[[int], None]) -> None:
        self.asked = False
        self.told = told
        self.leave = leave

    def __call__(self) -> bool:
        return self.asked

    def signal(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            self.leave(number)
        self.asked = True
        self.told()


def leave_at_once(number: int) -> None:
    """End the process: for the command line."""
    if sys.stderr.isatty():
        os.write(2, SHOW_CURSOR.encode())
    os._exit(128 + number)


def raise_interrupt(number: int) -> None:
    """Leave the call but not the process: for notebooks."""
    raise KeyboardInterrupt


@contextmanager
def stoppable(told: Callable[[], None], leave: Callable[[int], None] = leave_at_once) -> Iterator[Stopping]:
    """Inside, Ctrl-C and SIGTERM set the flag instead of raising; in a thread, which gets no signals, nothing does."""
    stopping = Stopping(told, leave)
    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return
    before = {number: signal.signal(number, stopping.signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
