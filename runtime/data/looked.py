"""What the first look into files found, remembered: the next look goes only into those that changed since.

One index for each folder, table or pattern, in the cache of the user, never among the data: by the name of a file its
size, the times of its last change, and the shape of what is in it. Files that cannot be read are not remembered, nor is
what changed while it was looked into. An index that cannot be read counts as none, and may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...compiler.kept import cache_folder, keep

VARIABLE = "CNNC_LOOKS"
"""The folder of the indexes, in place of `looks` in the cache; `no` where nothing is to be remembered."""
FORMAT = 2
"""Of an index; grows where `measured` of a kind of file finds another shape than before, or refuses what it took."""
WORTH = 0.5
"""Seconds that a look takes to be worth remembering."""
FRESH = 2.0
"""Seconds that a file must have been at rest: clocks of disks are coarse, a later change might have the same time."""

Shape = tuple[int, ...]
Stamp = tuple[int, int, int]
"""Size, the time of the last change of content, and of the last change at all, in nanoseconds."""


class Known(NamedTuple):
    """What is remembered of a file."""

    stamp: Stamp
    shape: Shape


def stamp(path: Path) -> Stamp | None:
    """None where there is no such file, which then says so when it is looked into."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def whole(paths: Iterable[Path]) -> Stamp | None:
    """Of several files that are one example, a hash in place of a size."""
    found = [stamp(path) for path in paths]
    there = [one for one in found if one is not None]
    if not there or len(there) < len(found):
        return None
    content = hashlib.sha256(repr([(str(path), one) for path, one in zip(paths, there)]).encode()).digest()
    return int.from_bytes(content[:7], "big"), max(one[1] for one in there), max(one[2] for one in there)


def index(kind: str, where: object) -> Path | None:
    """The file of an index; None where nothing is to be remembered."""
    said = os.environ.get(VARIABLE)
    if said == "no":
        return None
    name = hashlib.sha256(f"{FORMAT}\n{kind}\n{os.path.abspath(str(where))}".encode("utf-8", "replace")).hexdigest()
    try:
        folder = Path(said).expanduser() if said else cache_folder() / "looks"
    except RuntimeError:  # there is no home
        return None
    return folder / f"{name[:24]}.npz"


# --- an index as a file -----------------------------------------------------------------------------------------------


def recalled(path: Path | None) -> dict[str, Known]:
    """What an index says; nothing where there is none, or it is broken."""
    if path is None or not path.exists():
        return {}
    try:
        with np.load(path, allow_pickle=False) as found:
            names = found["names"].tobytes().decode("utf-8", "surrogateescape").split("\0")
            stamps = [tuple(row) for row in found["stamps"].tolist()]
            shapes = [tuple(map(int, shape)) for shape in json.loads(found["shapes"].tobytes())]
            which = found["which"].tolist()
            if not len(names) == len(stamps) == len(which):
                return {}
            return {name: Known(one, shapes[i]) for name, one, i in zip(names, stamps, which)}
    except Exception:  # numpy, zipfile and json raise what they like for broken files
        return {}


def remember(path: Path | None, known: Mapping[str, Known]) -> None:
    """Write an index, whole or not at all."""
    if path is None or not known:
        return
    shapes = {shape: number for number, shape in enumerate({one.shape for one in known.values()})}
    packed = io.BytesIO()
    np.savez_compressed(
        packed,
        names=as_bytes("\0".join(known)),
        stamps=np.array([one.stamp for one in known.values()], np.int64),
        which=np.array([shapes[one.shape] for one in known.values()], np.int32),
        shapes=as_bytes(json.dumps(list(shapes))),
    )
    keep(packed.getvalue(), path)


def as_bytes(text: str) -> NDArray[Any]:
    return np.frombuffer(text.encode("utf-8", "surrogateescape"), np.uint8)


def at_rest(one: Stamp, now: float | None = None) -> bool:
    """Whether a file changed long enough ago for its times to tell a later change."""
    return max(one[1:]) / 1e9 < (time.time() if now is None else now) - FRESH
