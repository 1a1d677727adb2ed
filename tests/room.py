"""Room for large networks: tests of the whole zoo leave out what this machine cannot hold."""

from __future__ import annotations

import os

import pytest

COPIES = 7
"""Times that the weights lie in memory in fp32 while a network is compared, at most: 5.2 to 5.6 were seen."""


def fits(params: int) -> bool:
    """Whether there is enough memory now."""
    return 4 * COPIES * params <= available()


def require_room(params: int) -> None:
    """Skip where there is too little memory now."""
    if not fits(params):
        pytest.skip(f"{params:,} parameters are too many for {available() / 2**30:.1f} GiB")


def available() -> int:
    """Bytes that can be had without swapping."""
    try:
        with open("/proc/meminfo") as lines:
            found = dict(line.split(":") for line in lines)
        return int(found["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
