"""Masks in files: which values stand for which classes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import picture
from .dataset import Array, DataError
from .files import Files
from .lossy import lossy
from .volume import VOLUMES, volume

VOID = 255
"""The value of places that do not count, in masks of several classes."""
MANY = 64
"""Values in masks of classes at most; more come from blurred edges."""
SURE = 0.9
"""Share of places that must be near black or white where masks are blurred ones of two classes."""
NO_NUMBERS = "blurs class numbers: save masks as PNG"

Bins = NDArray[np.int64]


class Scale(NamedTuple):
    """What the values of masks mean: `table[value]` is the class, (256,) uint8."""

    table: NDArray[np.uint8]
    classes: tuple[str, ...]
    remarks: tuple[str, ...] = ()


class Marks(Files):
    """(spatial...) uint8: the number of the class at every place, 255 where it does not count."""

    word = "mask"
    suffixes = (*picture.SUFFIXES, *VOLUMES)

    def __init__(self, paths: list[Path], root: Path | None = None, scale: Scale | None = None) -> None:
        super().__init__(paths, root)
        self.scale = scale

    def load(self, number: int) -> Array:
        found = values(self.paths[number], self.name(number))
        return found if self.scale is None else self.scale.table[found]


def values(path: Path, name: str) -> NDArray[np.uint8]:
    """What the file holds: whole numbers up to 255; palettes by index, never by colour."""
    found = volume(path, name) if path.name.lower().endswith(VOLUMES) else drawn(path, name)
    if not found.size or found.min() < 0 or found.max() > VOID or not np.array_equal(found, found.astype(np.uint8)):
        raise DataError(f"{name}: masks hold whole numbers from 0 to 255, found {found.min():g} to {found.max():g}")
    return found.astype(np.uint8)


def drawn(path: Path, name: str) -> Array:
    """A mask that is a picture, (H, W)."""
    try:
        with picture.opened(path) as image:
            found = np.asarray(image)
    except picture.READING as error:
        raise DataError(f"{name}: {picture.reason(error, path)}") from None
    if found.ndim == 3:
        colours = found[..., :3] if found.shape[-1] > 2 else found[..., :1]
        if (colours != colours[..., :1]).any():
            kind = lossy(path)
            if kind is not None:
                raise DataError(f"{name}: {kind} {NO_NUMBERS}")
            raise DataError(f"{name}: masks hold numbers of classes, as gray values or a palette; this one has colours")
        found = colours[..., 0]
    return found


# --- what the values mean ---------------------------------------------------------------------------------------------


def scaled(marks: Marks, names: tuple[str, ...]) -> Scale:
    """The meaning of the values that all masks hold together. DataError where they cannot be classes."""
    bins = counted(marks)
    there = [int(value) for value in np.flatnonzero(bins)]
    if set(there) <= {0, VOID}:
        return two(bins, there, names)
    found = blurred(marks)
    if found is not None:
        return of_blurred(bins, found, names)
    if len(there) > MANY:
        return two(bins, there, names)
    classes = [value for value in there if value != VOID]
    table = np.full(256, VOID, np.uint8)
    if max(classes) < 2 * len(classes) + 1 or max(classes) < len(names):
        table[: max(classes) + 1] = np.arange(max(classes) + 1)
        return Scale(table, named(max(classes) + 1, names))
    table[there] = np.arange(len(there))
    told = ", ".join(map(str, there))
    return Scale(table, named(len(there), names), (f"masks hold the values {told}: classes in this order",))


def two(bins: Bins, there: list[int], names: tuple[str, ...]) -> Scale:
    """Black and white: background and foreground."""
    table = (np.arange(256) >= 128).astype(np.uint8)
    classes = named(2, names or ("background", "foreground"))
    if len(there) <= 2:
        return Scale(table, classes)
    if not near_ends(bins):
        raise DataError(f"masks hold {len(there)} values: too many for classes; JPEG makes such of clean edges")
    return Scale(table, classes, (f"masks hold {len(there)} gray values: from 128 on is {classes[1]}",))


def near_ends(bins: Bins) -> bool:
    """Whether nearly all places are near black or white."""
    return bool((bins[:9].sum() + bins[-9:].sum()) / bins.sum() >= SURE)


class Blurred(NamedTuple):
    """A mask whose values are not those that were drawn, and the format that blurred them."""

    name: str
    kind: str


def blurred(marks: Marks) -> Blurred | None:
    """The first such mask."""
    pictures = ((number, path) for number, path in enumerate(marks.paths) if not path.name.lower().endswith(VOLUMES))
    found = ((number, lossy(path)) for number, path in pictures)
    return next((Blurred(marks.name(number), kind) for number, kind in found if kind), None)


def of_blurred(bins: Bins, found: Blurred, names: tuple[str, ...]) -> Scale:
    """Black and white can still be told apart; numbers of classes cannot, and DataError says so."""
    both = bool(bins[:9].any() and bins[-9:].any())
    if not both or not near_ends(bins) or len(names) > 2:
        raise DataError(f"{found.name}: {found.kind} {NO_NUMBERS}")
    there = [int(value) for value in np.flatnonzero(bins)]
    scale = two(bins, there, names)
    told = f"masks are kept as {found.kind}, and {found.kind} {NO_NUMBERS}"
    return scale._replace(remarks=(f"{told}; now from 128 on is {scale.classes[1]}",))


def counted(marks: Marks) -> Bins:
    """How often each value is there."""
    with ThreadPoolExecutor(4) as pool:
        bins = pool.map(lambda n: np.bincount(marks.load(n).reshape(-1), minlength=256), range(len(marks)))
        return reduce(np.add, bins)


def named(count: int, names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of classes: numbers where there are none."""
    if not names:
        return tuple(map(str, range(count)))
    if len(names) < count:
        raise DataError(f"classes.txt names {len(names)} classes, the masks have {count}")
    return names
