"""The block instances around a layer, read from the frames of its nodes."""

from __future__ import annotations

from .source import Frame

INSTANCES = frozenset({"block", "model"})

Chain = tuple[Frame, ...]


class Blocks:
    """Answers which block instances enclose a frame, outermost first; the model itself is none of them.

    An instance that adds nothing to the path (`model A = B`, a model standing for another) is no level of its own.
    """

    def __init__(self) -> None:
        self._known: dict[int, Chain] = {}

    def around(self, frame: Frame) -> Chain:
        chain = self._known.get(id(frame))
        if chain is None:
            found: list[Frame] = []
            for outer in frame.outward():
                if outer.kind in INSTANCES and outer.parent is not None and outer.path != outer.parent.path:
                    found.append(outer)
            chain = self._known[id(frame)] = tuple(reversed(found))
        return chain

    def folded(self, frame: Frame, depth: int | None) -> Frame | None:
        """The instance that hides the frame where only `depth` levels are shown; None where the frame is shown."""
        if depth is None:
            return None
        chain = self.around(frame)
        return chain[depth - 1] if len(chain) >= depth else None
