"""Ctrl-C: the first is a wish to stop at the next step, the second leaves at once."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SHOW_CURSOR = "\x1b[?25h"


class Stopping:
    """Whether somebody asked to stop; called by the loop before each step."""

    def __init__(self, told: Callable[[], None]) -> None:
        self.asked = False
        self.told = told

    def __call__(self) -> bool:
        return self.asked

    def signal(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            if sys.stderr.isatty():
                os.write(2, SHOW_CURSOR.encode())
            os._exit(128 + number)
        self.asked = True
        self.told()


@contextmanager
def stoppable(told: Callable[[], None]) -> Iterator[Stopping]:
    """Inside, Ctrl-C and SIGTERM set the flag instead of raising."""
    stopping = Stopping(told)
    before = {number: signal.signal(number, stopping.signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
