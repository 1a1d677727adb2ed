"""What a network takes of a file: every weight found, in the right shape, or said why not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from ...compiler.ends import first_kernels, heads
from ...compiler.graph import Checked
from ...compiler.patterns import matching
from .held import Array, Arrays, Held, Sizes, WeightsError, sizes
from .report import SHOWN, Report
from .stored import Stored


class Fitted(NamedTuple):
    """The arrays for a network, by path, and how they were come by."""

    arrays: Arrays
    report: Report


def fit(
    checked: Checked, stored: Stored, *, part: str | None = None, partial: bool = False, adapt: bool = False
) -> Fitted:
    """The weights of `checked`, or of the part of it below a path; WeightsError names what does not fit.

    For a part the file may hold more than is asked for. `partial` leaves out what the file has not, and heads for
    another number of classes. `adapt` brings the first convolution to another number of channels. Shapes that differ
    otherwise are an error in any case.
    """
    work = Fitting(checked, stored, part)
    if adapt:
        work.adapt()
    if partial:
        work.leave_heads()
    misfits = [*work.misshapen(), *(() if partial else work.missing())]
    if part is None and not partial:
        misfits += work.unexpected()
    if misfits:
        raise WeightsError(told(checked, stored, misfits))
    return Fitted(Arrays(work.found), work.report())


class Fitting:
    """The weights that are asked for, those found so far, and the names in the file that nobody took."""

    def __init__(self, checked: Checked, stored: Stored, part: str | None) -> None:
        self.checked = checked
        self.stored = stored
        self.wanted = {path: tuple(checked.weights[path].shape) for path in wanted(checked, part)}
        names = renamed(stored.held, self.wanted, part)
        self.found = {path: stored.held[name] for path, name in names.items()}
        self.rest = [name for name in stored.held if name not in set(names.values())]
        self.adapted: list[str] = []
        self.begun: list[str] = []

    def adapt(self) -> None:
        """First convolutions of another number of channels: see `channels_adapted`."""
        for path in first_kernels(self.checked) & self.found.keys():
            held, shape = self.found[path], self.wanted[path]
            if held.shape != shape and without(held.shape, 1) == without(shape, 1):
                self.found[path] = channels_adapted(held, shape)
                self.adapted.append(f"{path}: {shape[1]} channels, {held.shape[1]} in the file")

    def leave_heads(self) -> None:
        """Heads whose number of outputs is another begin anew."""
        for path in sorted(heads(self.checked) & self.found.keys()):
            held, shape = self.found[path], self.wanted[path]
            if held.shape != shape and without(held.shape, 0) == without(shape, 0):
                del self.found[path]
                self.begun.append(f"{path}: {sizes(shape)} in the network, {sizes(held.shape)} in the file")

    def misshapen(self) -> Iterator[str]:
        for path, held in self.found.items():
            if held.shape != self.wanted[path]:
                yield f"{path}: {sizes(self.wanted[path])} in the network, {sizes(held.shape)} in the file"

    def missing(self) -> Iterator[str]:
        begun = {line.partition(":")[0] for line in self.begun}
        for path, shape in self.wanted.items():
            if path not in self.found and path not in begun:
                yield f"{path}: {sizes(shape)} in the network, missing in the file"

    def unexpected(self) -> Iterator[str]:
        for name in self.rest:
            yield f"{name}: {sizes(self.stored.held[name].shape)} in the file, unknown to the network"

    def report(self) -> Report:
        lines = (self.found, self.adapted, self.begun, self.missing(), self.unexpected(), self.stored.notes)
        return Report(self.stored.name, *map(tuple, lines))


def told(checked: Checked, stored: Stored, misfits: list[str]) -> str:
    more = [f"and {len(misfits) - SHOWN} more"] if len(misfits) > SHOWN else []
    lines = "".join(f"\n  {line}" for line in misfits[:SHOWN] + more)
    return f"`{stored.name}` does not hold the weights of `{checked.name}`:{lines}"


# --- names ------------------------------------------------------------------------------------------------------------


def wanted(checked: Checked, part: str | None) -> list[str]:
    """The weights of the network, or those that a pattern for a part of it means."""
    found = list(checked.weights) if part is None else matching(part, checked)
    if not found:
        raise WeightsError(f"`{checked.name}` has no weights below `{part}`")
    return found


def renamed(names: Iterable[str], wanted: Iterable[str], part: str | None) -> dict[str, str]:
    """For each path that is found its name in the file: the path itself, the path within the part, or the path behind
    a prefix that all names of the file share (`model.`)."""
    known = set(names)
    shared = shared_prefix(known)
    found = {path: name for path in wanted for name in (path, within(path, part)) if name in known}
    return found or {path: shared + path for path in wanted if shared + path in known}


def within(path: str, part: str | None) -> str:
    return path if part is None else path.removeprefix(f"{part}.")


def shared_prefix(names: set[str]) -> str:
    """The first component of the names, with its dot, where it is one for all."""
    first = {name.partition(".")[0] for name in names}
    return f"{first.pop()}." if len(first) == 1 else ""


# --- shapes -----------------------------------------------------------------------------------------------------------


def without(shape: Sizes, axis: int) -> Sizes:
    return shape[:axis] + shape[axis + 1 :]


def channels_adapted(held: Held, shape: Sizes) -> Held:
    """A kernel for another number of input channels, under which an input of equal channels gives the same values: the
    sum over all for one channel, else the channels in turn, scaled by the ratio of the numbers."""
    before, after = held.shape[1], shape[1]

    def read() -> Array:
        kernel = held.read()
        if after == 1:
            summed: Array = kernel.sum(axis=1, keepdims=True)
            return summed
        return np.take(kernel, np.arange(after) % before, axis=1) * (before / after)

    return Held(shape, read)
