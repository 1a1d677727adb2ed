"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from errno import EISDIR
from os import strerror
from pathlib import Path


def replace(path: Path, data: bytes) -> None:
    """Write a file beside `path` and move it there, so that a crash leaves the old one or the new one."""
    if path.is_dir():
        raise IsADirectoryError(EISDIR, strerror(EISDIR), str(path))
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:  # which names the file beside it
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        os.close(handle)
        flushed(Path(name), data)
        os.chmod(name, 0o666 & ~umask())
        os.replace(name, path)
        sync_folder(path.parent)
    except OSError as error:  # a disk that is full names nothing
        os.unlink(name)
        raise OSError(error.errno, error.strerror, str(path)) from None
    except BaseException:
        os.unlink(name)
        raise


def flushed(path: Path, data: bytes) -> None:
    """Write a file down to the disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Let new names last; where folders cannot be opened, as on Windows, they do without."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def umask() -> int:
    """The process's file mode mask, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
