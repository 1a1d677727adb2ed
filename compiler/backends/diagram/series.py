"""Neighbours that are alike, if not equal -> one part: for models whose outermost level alone overflows a page."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from .tree import Box, Part


def alike(root: Box) -> Box:
    """The model with runs of calls of one block put together."""
    return root.holding(tuple(_alike(root.parts)))


def stretched(root: Box, limit: int) -> Box:
    """The model cut into stretches of layers, fewer than `limit`."""
    return root.holding(tuple(_stretches(root.parts, -(-len(root.parts) // (limit * 3 // 4)))))


def _alike(parts: tuple[Part, ...]) -> Iterator[Part]:
    """Runs of calls of one block, and of turns of one loop, become a series."""
    run: list[Box] = []
    for part in parts:
        if run and not (isinstance(part, Box) and _kin(part) == _kin(run[0])):
            yield _series(run)
            run = []
        if isinstance(part, Box) and _kin(part):
            run.append(part)
        else:
            yield part
    if run:
        yield _series(run)


def _kin(box: Box) -> Hashable:
    """What boxes of one series have in common; nothing for a repeated stretch."""
    return box.frame.span if box.kind == "loop" and box.frame else box.title


def _series(run: list[Box]) -> Box:
    if len(run) == 1:
        return run[0]
    first, last = run[0], run[-1]
    times = sum(box.times for box in run)
    return Box("series", first.name, tuple(run), path=first.path, last=last.last, times=times, frame=first.frame)


def _stretches(parts: tuple[Part, ...], length: int) -> Iterator[Part]:
    """Inputs stay by themselves, the rest is cut into stretches of `length` parts."""
    for at in range(0, len(parts), length):
        stretch = parts[at : at + length]
        while stretch and stretch[0].nodes[0].op.word == "input":
            yield stretch[0]
            stretch = stretch[1:]
        if stretch:
            yield stretch[0] if len(stretch) == 1 else Box("series", "", stretch)
