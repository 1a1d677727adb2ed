"""Writing as often as costs little."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

OVERHEAD = 400
"""What is written takes at most one part in so many of the time."""


class Sparing:
    """Tells when it is time to write again, by how long the last time took."""

    def __init__(self) -> None:
        self.last, self.took = time.perf_counter(), 0.0

    @property
    def due(self) -> bool:
        return time.perf_counter() - self.last > OVERHEAD * self.took

    @contextmanager
    def writing(self) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.last = time.perf_counter()
        self.took = self.last - began
