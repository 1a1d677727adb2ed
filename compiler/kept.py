"""The folder of what can be made again, and how files come into it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def cache_folder() -> Path:
    """Where this platform keeps what can be made again, and in it what is ours."""
    return _of_all() / "cnnc"


def _of_all() -> Path:
    if os.environ.get("XDG_CACHE_HOME"):
        return Path(os.environ["XDG_CACHE_HOME"])
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or "~/AppData/Local").expanduser()
    return Path("~/Library/Caches" if sys.platform == "darwin" else "~/.cache").expanduser()


def keep(content: bytes, path: Path) -> None:
    """Written beside its place and moved there whole; a cache that cannot be written is none."""
    beside = path.with_suffix(f".{os.getpid()}")
    with suppress(OSError, RuntimeError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(content)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
