"""How batches are made for a device."""

from __future__ import annotations

from ..batches.feed import ROOM, Reading
from .available import cores

READERS = 16
"""Processes that read examples for one device, unless more are asked for."""


def reading(kind: str, processes: int | None = None, devices: int = 1) -> Reading:
    """By processes beside a GPU, one a core up to 16 for each of the devices here; by threads beside a CPU."""
    if processes is None:
        processes = min(max(cores() // devices, 1), READERS) if kind != "cpu" else 0
    return Reading(kind != "cpu", processes, kind == "cuda", ROOM // devices)
