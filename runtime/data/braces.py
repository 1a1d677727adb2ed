"""Several files by one pattern: `train-{000..127}.tar`, `{a,b}.tar`, `train-*.tar`."""

from __future__ import annotations

import re
from glob import glob
from pathlib import Path

from .dataset import DataError

MOST = 1_000_000
"""Files that a range may name."""


def expanded(pattern: str) -> list[Path]:
    """The files in order; those of braces whether they are there or not."""
    found = re.search(r"\{(?:(\d+)\.\.(\d+)|([^{}]*,[^{}]*))\}", pattern)
    if found is None:
        return [Path(path) for path in sorted(glob(pattern))] if re.search(r"[*?\[]", pattern) else [Path(pattern)]
    first, last, words = found.groups()
    choices = words.split(",") if words else ranged(first, last, pattern)
    before, behind = pattern[: found.start()], pattern[found.end() :]
    return [path for choice in choices for path in expanded(before + choice + behind)]


def ranged(first: str, last: str, pattern: str) -> list[str]:
    """Numbers of as many digits as the first has."""
    if not int(first) <= int(last) < int(first) + MOST:
        raise DataError(f"{pattern}: a range goes from a number to a larger one, found {first}..{last}")
    return [f"{number:0{len(first)}}" for number in range(int(first), int(last) + 1)]
