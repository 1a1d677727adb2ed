"""Where a run stands: running, finished, interrupted or failed; `state.json` of its folder. Loads no torch."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .run_folder import RunFolder

KNOWN = ("running", "finished", "interrupted", "failed")


@dataclass
class State:
    """`seconds` are those of all starts together; `pid` and `machine` tell whether a running one still is."""

    what: str
    began: str
    ended: str | None = None
    seconds: float = 0.0
    error: str | None = None
    pid: int = 0
    machine: str = ""

    @property
    def now(self) -> str:
        """As `what`; one that was killed without a word, on this machine, is interrupted."""
        gone = self.what == "running" and self.machine == platform.node() and not alive(self.pid)
        return "interrupted" if gone else self.what


@dataclass
class Course:
    """What the one who follows a run sets before it ends."""

    interrupted: bool = False
    begun: bool = False
    """Whether the first step was reached: what fails before it leaves no folder behind."""


@contextmanager
def following(folder: RunFolder) -> Iterator[Course]:
    """Inside, the run is running; afterwards its folder says how it ended, also where that was by an exception."""
    before = read_state(folder.path)
    began = datetime.now(UTC)
    state = State("running", before.began if before else stamp(began), pid=os.getpid(), machine=platform.node())
    folder.write_json(folder.state, asdict(state))
    course = Course()
    try:
        yield course
        state.what = "interrupted" if course.interrupted else "finished"
    except BaseException as error:
        state.what = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        state.error = (str(error) or type(error).__name__).splitlines()[0]
        raise
    finally:
        ended = datetime.now(UTC)
        state.ended = stamp(ended)
        state.seconds = round((before.seconds if before else 0.0) + (ended - began).total_seconds(), 1)
        folder.write_json(folder.state, asdict(state))
        if state.error is not None and not course.begun and before is None and folder.written:
            from .run_folder import discard

            discard(folder)


def read_state(folder: Path) -> State | None:
    """What the folder says of itself; None where it says nothing that can be read."""
    try:
        return State(**json.loads((folder / "state.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def alive(pid: int) -> bool:
    """Whether a process of this machine is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        return True
    return True
