"""Paths: the labels of the enclosing instances joined by dots, then the own name."""

from __future__ import annotations


class Paths:
    """The names given in one instance: a label, or the kind with a running number (`conv1`, `bn1`, `basic2`)."""

    __slots__ = ("_counts", "_used", "prefix")

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._counts: dict[str, int] = {}
        self._used: set[str] = set()

    def join(self, name: str) -> str:
        return f"{self.prefix}.{name}" if self.prefix else name

    def auto(self, kind: str) -> str:
        """The next free `kind1`, `kind2`, ..."""
        count = self._counts.get(kind, 0) + 1
        while f"{kind}{count}" in self._used:
            count += 1
        self._counts[kind] = count
        self._used.add(f"{kind}{count}")
        return self.join(f"{kind}{count}")

    def named(self, name: str) -> str:
        """The name itself; with a running number from its second use on, as in the turns of a loop."""
        if name in self._used:
            stem = f"{name}_" if name[-1].isdigit() else name  # a second gpu1 is gpu1_2, not gpu12
            count = self._counts.get(name, 1) + 1
            while f"{stem}{count}" in self._used:
                count += 1
            self._counts[name] = count
            name = f"{stem}{count}"
        self._used.add(name)
        return self.join(name)

    def exact(self, path: str) -> str:
        """A path written as a string: taken as it is."""
        return self.join(path)
