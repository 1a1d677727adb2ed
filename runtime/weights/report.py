"""What came of loading weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

SHOWN = 5
"""How many paths of one kind a report spells out."""


class Report(NamedTuple):
    """Which weights of a network a file filled, and how; lines are `path: what`.

    `adapted` were brought to the network's shape, `begun` are heads of other classes that begin anew, `missing` are not
    in the file, `unexpected` not in the network.
    """

    source: str
    loaded: tuple[str, ...]
    adapted: tuple[str, ...] = ()
    begun: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every weight of the network has its numbers."""
        return not (self.begun or self.missing)

    def as_dict(self) -> dict[str, Any]:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in self._asdict().items()}

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> Iterator[str]:
        counts = [f"{len(self.loaded)} weights loaded"]
        counts += [f"{len(lines)} {word}" for word, lines in self.kinds() if lines]
        yield f"{self.source}: {', '.join(counts)}"
        for word, lines in self.kinds():
            yield from (f"  {word}: {line}" for line in shown(lines))
        yield from (f"  note: {note}" for note in self.notes)

    def kinds(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        yield "adapted", self.adapted
        yield "begin anew", self.begun
        yield "missing", self.missing
        yield "not in the network", self.unexpected


def shown(lines: tuple[str, ...]) -> Iterator[str]:
    """The first of many lines, and how many more there are."""
    yield from lines[:SHOWN]
    if len(lines) > SHOWN:
        yield f"and {len(lines) - SHOWN} more"
