"""What a run shows: a live line on a terminal, plain lines in a pipe, little when asked to be quiet. Loads no torch."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from ..jobs.stages import Stage
    from ..training.position import Position, Row

RATE = 0.5
"""Seconds between two changes of the live line."""
TOGETHER = 1.0
"""Seconds within which lines of epochs are collected: each costs as much as a few steps of a small network."""


class Display:
    """Tells of epochs as plain lines; `Live` adds what moves."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.epochs = 0

    def __enter__(self) -> Display:
        return self

    def __exit__(self, *_: Any) -> None:
        return None

    def say(self, text: str) -> None:
        """A line that stays."""
        if not self.quiet:
            say(text)

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """Inside, something takes a while."""
        yield

    def begin(self, steps: int, epochs: int) -> None:
        """How long the run is."""
        self.epochs = epochs

    def step(self, position: Position, stage: Stage, lr: float) -> None:
        return None

    def epoch(self, row: Row, best: bool) -> None:
        self.say(line(row, self.epochs, best))


BAR, WIDEST = 24, 120
"""Columns of the bar at most, and of a terminal that does not say how many it has."""
WORD = "{desc}"
"""The live line where there is nothing to count, as tqdm writes it."""


class Live(Display):
    """A bar with the figures of the epoch under way, by tqdm."""

    def __init__(self, stream: TextIO | None = None) -> None:
        from tqdm import tqdm

        super().__init__()
        self.stream = stream or sys.stdout
        tqdm.set_lock(threading.RLock())  # its own is one of processes, which a run that is left at once would leak
        self.bar = tqdm(
            desc="starting", file=self.stream, leave=False, dynamic_ncols=True, mininterval=0, miniters=1,
            smoothing=0.1, bar_format=WORD,
        )  # fmt: skip
        self.drawn = self.told = 0.0
        self.lines: list[str] = []
        self.began: tuple[float, int] | None = None

    def __exit__(self, *_: Any) -> None:
        self.tell()
        self.bar.close()

    def say(self, text: str) -> None:
        self.lines.append(text)
        self.tell()

    def epoch(self, row: Row, best: bool) -> None:
        self.lines.append(line(row, self.epochs, best))
        if time.perf_counter() - self.told >= TOGETHER:
            self.tell()

    def tell(self) -> None:
        """Print the lines that wait."""
        if self.lines:
            with unheard(self.stream):
                self.bar.write("\n".join(self.lines), file=self.stream)
        self.lines.clear()
        self.told = time.perf_counter()

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        before = self.bar.bar_format
        self.bar.bar_format = WORD
        self.bar.set_description_str(text)
        yield
        self.bar.bar_format = before
        self.bar.set_description_str("starting")

    def begin(self, steps: int, epochs: int) -> None:
        super().begin(steps, epochs)
        self.bar.reset(steps)

    def step(self, position: Position, stage: Stage, lr: float) -> None:
        now = time.perf_counter()
        if self.began is None:
            self.began = now, position.step
            self.bar.initial = self.bar.n = position.step
        if now - self.drawn < RATE or not position.seen:
            return
        self.drawn = now
        if self.lines and now - self.told >= TOGETHER:
            self.tell()
        began, done = self.began
        rate = (position.step - done) * stage.batch / max(now - began, 1e-9)
        speed = f"  {rate:,.0f} images/s" if rate else ""
        told = f"loss {position.loss / position.seen:.4f}  {shown(position.told, position.score / position.seen)}"
        where = f"{position.stage_step % stage.per_epoch}/{stage.per_epoch}"
        before, behind = f"epoch {position.epoch + 1}/{self.epochs}", f"{where}  {told}{speed}"
        room = (self.bar.ncols or WIDEST) - len(f"{before}  {behind}  00:00:00")
        self.bar.bar_format = f"{before} {{bar:{max(min(room, BAR), 1)}}} {behind}  {{remaining}}"
        self.bar.update(position.step - self.bar.n)


def line(row: Row, epochs: int, best: bool) -> str:
    """`epoch  3/10  loss 0.2134  accuracy 93.2 %  held out: loss 0.1502  accuracy 96.9 %  1,234 images/s  best`"""
    phase = f"  {row['phase']}" if "phase" in row else ""
    parts = [f"epoch {row['epoch']:>{len(str(epochs))}}/{epochs}{phase}"]
    parts.append(figures(row, ""))
    if "val_loss" in row:
        parts.append(f"held out: {figures(row, 'val_')}")
    parts.append(f"lr {row['lr']:.1e}")
    parts.append(f"{row['images_per_second']:,.0f} images/s")
    return "  ".join([*parts, *(["best"] if best else [])])


TOLD = ("loss", "accuracy", "iou", "f1", "mae", "rmse")
"""The figures a line has room for."""


def figures(row: Row, prefix: str) -> str:
    """`loss 0.1502  accuracy  96.9 %`"""
    return "  ".join(shown(name, row[prefix + name]) for name in TOLD if prefix + name in row)


def shown(name: str, value: float) -> str:
    return f"accuracy {percent(value)}" if name == "accuracy" else f"{name} {value:.4f}"


def percent(share: float) -> str:
    return f"{100 * share:.1f} %".rjust(7)


def say(text: str) -> None:
    """Print a line."""
    with unheard(sys.stdout):
        print(text, flush=True)


@contextmanager
def unheard(stream: TextIO) -> Iterator[None]:
    """Inside, a reader that has gone (`| head`), or a terminal, does not end the run: it goes on in silence."""
    try:
        yield
    except OSError as error:
        hush(stream)
        reason = (error.strerror or str(error)).lower()
        try:
            sys.stderr.write(f"cnnc: nobody reads what is said here any more ({reason}): the run goes on in silence\n")
        except OSError:
            hush(sys.stderr)


def hush(stream: TextIO) -> None:
    """What is written to it goes nowhere from now on."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def display(quiet: bool, progress: bool) -> Display:
    """Live on a terminal, unless it is not wanted."""
    wanted = progress and not quiet and sys.stdout.isatty()
    return Live() if wanted else Display(quiet)
