"""The shape of one example: spatial sizes first, channels last, without the batch; an open size is None."""

from __future__ import annotations

from collections.abc import Iterable


class Shape(tuple[int | None, ...]):
    """Such as 224x224x3, ?x?x3, 1014x70 or, for a vector, 1000."""

    __slots__ = ()

    def __new__(cls, sizes: Iterable[int | None]) -> Shape:
        return super().__new__(cls, sizes)

    @property
    def spatial(self) -> tuple[int | None, ...]:
        return self[:-1]

    @property
    def channels(self) -> int | None:
        return self[-1]

    @property
    def rank(self) -> int:
        """Number of spatial dimensions: 2 for a picture, 0 for a vector."""
        return len(self) - 1

    @property
    def size(self) -> int | None:
        """Number of values, None where a size is open."""
        return product(self)

    @property
    def area(self) -> int | None:
        """Number of places: the product of the spatial sizes."""
        return product(self.spatial)

    def __str__(self) -> str:
        return "x".join("?" if n is None else str(n) for n in self)

    def __repr__(self) -> str:
        return f"Shape({self})"


def product(sizes: Iterable[int | None]) -> int | None:
    """All sizes multiplied, None where one is open."""
    total = 1
    for size in sizes:
        if size is None:
            return None
        total *= size
    return total


def total(counts: Iterable[int | None]) -> int | None:
    """The sum, None where a count is not known because a size is open."""
    known = 0
    for count in counts:
        if count is None:
            return None
        known += count
    return known
