"""One process at a time looks into the same files: the others wait, and take what it found.

The processes of a run begin at the same moment, and so do runs of one data set that are started together. A lock is the
operating system's: it is gone with the process that held it, however it ended.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows: each looks for itself
    fcntl = None  # type: ignore[assignment]

GLANCE = 0.05
"""Seconds between two attempts."""
LONG = 2.0
"""Seconds after which it is said that another is waited for, where somebody watches."""


@contextmanager
def alone(path: Path | None, where: object) -> Iterator[None]:
    """Inside, no other process is inside for the same index; none is kept out where there is no index, or no lock."""
    lock = path.with_suffix(".lock") if path is not None and fcntl is not None else None
    held = taken(lock, where) if lock is not None else None
    try:
        yield
    finally:
        if lock is not None and held is not None:
            with suppress(OSError):
                lock.unlink()
            held.close()


def taken(lock: Path, where: object) -> IO[bytes] | None:
    """The lock once it is ours; None where there can be none."""
    began, told = time.monotonic(), False
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        while (held := attempt(lock)) is None:
            if not told and sys.stderr.isatty() and time.monotonic() - began > LONG:
                told = True
                print(f"another process looks into {where}: waiting for what it finds", file=sys.stderr)
            time.sleep(GLANCE)
        return held
    except OSError:  # a folder that cannot be written, a disk without locks
        return None


def attempt(lock: Path) -> IO[bytes] | None:
    """The lock, None where another has it; who had it may have removed the file meanwhile, and then it is none."""
    held = lock.open("ab")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(held.fileno()), lock.stat()):
            return held
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:
        held.close()
        raise
    held.close()
    return None
