"""The block instances around a layer, read from the frames of its nodes."""

from __future__ import annotations

from .source import Frame

INSTANCES = frozenset({"block", "model"})

Chain = tuple[Frame, ...]


def is_instance(frame: Frame) -> bool:
    """Whether the frame is a level of its own: a block or a model inside another, with its own part of the path.

    A model that merely stands for another (`model A = B`) adds nothing to the path and is none. A shared block has the
    path of the `share` around it.
    """
    outer = frame.parent
    while outer is not None and outer.kind == "share":
        outer = outer.parent
    return frame.kind in INSTANCES and outer is not None and frame.path != outer.path


class Blocks:
    """Answers which block instances enclose a frame, outermost first; the model itself is none of them."""

    def __init__(self) -> None:
        self._known: dict[int, Chain] = {}
        self._rows: dict[int, Frame | None] = {}

    def around(self, frame: Frame) -> Chain:
        chain = self._known.get(id(frame))
        if chain is None:
            chain = self._known[id(frame)] = tuple(filter(is_instance, frame.outward()))[::-1]
        return chain

    def row(self, frame: Frame) -> Frame | None:
        """The outermost `sequential` around a frame, which is one row at any depth."""
        if id(frame) not in self._rows:
            found = [outer for outer in frame.outward() if outer.kind == "sequential"]
            self._rows[id(frame)] = found[-1] if found else None
        return self._rows[id(frame)]

    def folded(self, frame: Frame, depth: int | None) -> Frame | None:
        """The instance, or the `sequential`, that hides the frame where only `depth` levels of instances are shown;
        None where the frame is shown."""
        row, chain = self.row(frame), self.around(frame) if depth is not None else ()
        if depth is None or len(chain) < depth:
            return row
        return chain[depth - 1] if row is None or chain[depth - 1].depth < row.depth else row
