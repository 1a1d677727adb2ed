"""What a run shows on a terminal: lines that stay above one that moves and is gone at the end."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import pty
import re
import struct
import termios

import pytest
from cnnc.runtime.jobs.stages import Stage
from cnnc.runtime.run import display
from cnnc.runtime.run.display import Live
from cnnc.runtime.training.position import Position

STAGE = Stage("", None, 50, 1, 4, 4, 8)  # type: ignore[arg-type]


class Terminal(io.StringIO):
    """A stream that says it is one."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def screen(written: str) -> list[str]:
    """The lines as a terminal shows them: what stands behind a carriage return is written over what was there."""
    shown = []
    for line in written.split("\n"):
        cells: list[str] = []
        for part in line.split("\r"):
            cells[: len(part)] = part
        shown.append("".join(cells).rstrip())
    return shown


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "RATE", 0)
    monkeypatch.setattr(display, "TOGETHER", 0)


def test_the_live_line_tells_of_the_epoch_and_leaves_nothing_behind() -> None:
    stream = Terminal()
    with Live(stream) as shown:
        shown.say("Tiny: classification")
        with shown.waiting("loading torch"):
            assert screen(stream.getvalue())[-1] == "loading torch"
        shown.begin(8, 2)
        at = Position(told="accuracy")
        for step in range(1, 4):
            at.step = at.stage_step = step
            at.seen, at.loss, at.score = 50 * step, 100.0, 25.0 * step
            shown.step(at, STAGE, 0.1)
        moving = screen(stream.getvalue())[-1]
        assert re.search(r"epoch 1/2 .* 3/4  loss 0\.6667  accuracy  50\.0 %  [\d,]+ images/s  \d\d:\d\d$", moving)
        row = {"epoch": 1, "loss": 0.5, "accuracy": 0.5, "lr": 0.1, "images_per_second": 100.0}
        shown.epoch(row, True)
        assert screen(stream.getvalue())[-1].startswith("epoch 1/2 ")
    lines = screen(stream.getvalue())
    assert lines[0] == "Tiny: classification"
    assert lines[1] == "epoch 1/2  loss 0.5000  accuracy  50.0 %  lr 1.0e-01  100 images/s  best"
    assert lines[2:] == [""]


def test_the_time_left_of_a_run_that_goes_on_is_reckoned_from_there() -> None:
    """6 of 8 steps were done before: the bar shows them, and they do not count as fast ones."""
    stream = Terminal()
    with Live(stream) as shown:
        shown.begin(8, 2)
        at = Position(told="accuracy", step=6, stage_step=6, seen=100, loss=1.0)
        shown.step(at, STAGE, 0.1)
        at.step = at.stage_step = 7
        shown.step(at, STAGE, 0.1)
        bar = re.search("█+", screen(stream.getvalue())[-1])
        assert bar is not None
        assert len(bar[0]) == 24 * 7 // 8


def all_of(terminal: int) -> str:
    """What was written to a terminal whose other end is closed: it arrives in pieces, and ends in an error."""
    pieces = []
    with contextlib.suppress(OSError), os.fdopen(terminal, "rb", buffering=0) as end:
        while piece := end.read(2**16):
            pieces.append(piece)
    return b"".join(pieces).decode()


@pytest.mark.parametrize("columns", [76, 80, 100, 200])
def test_the_bar_leaves_room_for_the_figures(columns: int) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with open(theirs, "w") as stream, Live(stream) as shown:
        shown.begin(8, 2)
        for step in (1, 2):
            at = Position(told="accuracy", step=step, stage_step=step, seen=50, loss=1.0)
            shown.step(at, STAGE, 0.1)
    written = all_of(ours)
    moving = [part for part in written.split("\r") if "epoch" in part]
    assert re.search(r"1/4  loss 0\.0200  accuracy   0\.0 %  (\d\d:\d\d|\?)$", moving[0].rstrip())
    assert re.search(r"images/s  \d\d:\d\d$", moving[1].rstrip())
    assert all(len(part.rstrip()) <= columns for part in moving)
