"""One process at a time trains in a run folder. It holds a lock there, which the system takes back when it ends,
however that comes; on disks without locks the numbers of processes have to do, which say nothing of other machines."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import IO
from weakref import WeakSet

from ...compiler.diagnostics import UserError
from .state import read_state

LOCK = ".lock"
"""Names the process that holds it. One that was killed leaves it behind, where it means nothing."""


class Taken(UserError):
    """Another process trains in the folder."""


class Hold:
    """That this process trains in a folder; until `release`, or its end."""

    def __init__(self, path: Path, file: IO[str]) -> None:
        self.path, self.file = path, file
        HELD.add(self)
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()} {platform.node()}\n")
        file.flush()

    def release(self) -> None:
        with suppress(OSError):  # it may be gone with its folder
            self.path.unlink()
        self.file.close()


HELD: WeakSet[Hold] = WeakSet()


def let_go() -> None:
    """A process that was forked, to read examples, does not hold what the first one does."""
    for one in HELD:
        one.file.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=let_go)


def hold(folder: Path, *, new: bool = False) -> Hold:
    """Take a folder, which nobody else may have seen where it is `new`. Taken where another process has it."""
    path = folder / LOCK
    while True:
        file, made = opened(path)
        if file is None:
            continue
        try:
            sure = locked(file)
            if there(path, file):
                require_free(folder, file, known=made or not sure, new=new and not made and not sure)
                return Hold(path, file)
        except BaseException:
            file.close()
            raise
        file.close()  # whoever had it let go of it in between, and took the file away


def opened(path: Path) -> tuple[IO[str] | None, bool]:
    """The file of the lock, and whether it was made here; None where it went away in between."""
    with suppress(FileExistsError):
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666), "r+"), True
    with suppress(FileNotFoundError):
        return path.open("r+"), False
    return None, False


def locked(file: IO[str]) -> bool:
    """Whether this process has the lock; False where the disk or the system has none. Taken where another has it."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock

        flock(file, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        raise Taken(by(*named(file))) from None
    except (ImportError, OSError):
        return False
    return True


def there(path: Path, file: IO[str]) -> bool:
    """Whether the file still stands where it was opened."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    return False


def require_free(folder: Path, file: IO[str], *, known: bool, new: bool) -> None:
    """Taken where the lock does not tell, but the number of a process does."""
    if new:
        raise Taken(by(*named(file)))
    state = read_state(folder) if known else None
    if state is not None and state.now == "running" and state.machine == platform.node() and state.pid != os.getpid():
        raise Taken(by(state.pid, state.machine))


def named(file: IO[str]) -> tuple[int, str]:
    """The process that the file names, and its machine; 0 where it does not say it yet."""
    number, _, machine = file.read().strip().partition(" ")
    return (int(number), machine) if number.isdecimal() else (0, "")


def by(process: int, machine: str) -> str:
    """Who has it, and what can be done."""
    if process == os.getpid() and machine == platform.node():
        return "this process is training in it already"
    if not process:
        return "another process is training in it: wait for its end"
    here = machine == platform.node()
    where = "" if here else f" on {machine}"
    return (
        f"process {process}{where} is training in it: wait for its end, or let it save and leave with `kill {process}`"
    )
