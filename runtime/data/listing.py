"""The files below a folder, those passed over that systems and people leave there unseen."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

LEFT_BEHIND = ("__MACOSX", "__pycache__", "lost+found", "$RECYCLE.BIN")
"""Folders that systems make."""

Suffixes = tuple[str, ...]

PACKED = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
"""Compressed tar files, of which no member can be read by itself."""


def seen(path: Path) -> bool:
    """Neither hidden nor made by a system."""
    return not path.name.startswith(".") and path.name not in LEFT_BEHIND


def folders(folder: Path) -> list[Path]:
    """The sub-folders in alphabetical order."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and seen(path))


def first_of(root: Path, names: tuple[str, ...]) -> Path | None:
    """The first of these sub-folders, in any case of letters."""
    there = {path.name.lower(): path for path in reversed(folders(root))}
    return next((there[name] for name in names if name in there), None)


def files(folder: Path, suffixes: Suffixes, others: Counter[str] | None = None) -> list[Path]:
    """The files of a kind below a folder; of others it is counted how many have which ending."""
    found = []
    for at, below, names in os.walk(folder):
        below[:] = [name for name in below if seen(Path(name))]
        for name in names:
            if name.startswith("."):
                continue
            if name.lower().endswith(suffixes):
                found.append(Path(at) / name)
            elif others is not None:
                others[Path(name).suffix.lower() or "without an ending"] += 1
    return found


def counted(paths: Iterable[Path]) -> list[Path]:
    """In the order in which they were made: numbers in names by their size, `frame2` before `frame10`."""
    return sorted(paths, key=lambda path: ([pieces(part) for part in path.with_suffix("").parts], path))


def pieces(name: str) -> list[str | int]:
    """A name as text and numbers in turn, text first."""
    return [int(piece) if number % 2 else piece for number, piece in enumerate(re.split(r"(\d+)", name))]
