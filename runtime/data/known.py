"""What an array beside examples says of them: classes, tags, values or masks, told apart by its type and shape."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .classes import in_order, listed, numbered
from .dataset import Array, DataError, Held, Target
from .lot import Lot
from .marks import VOID


class Meaning(NamedTuple):
    """What is known, as a target of the protocol, and the names of its classes; the first has the number `first`."""

    target: Target
    classes: tuple[str, ...]
    first: int = 0
    remarks: tuple[str, ...] = ()


def meant(ys: Sequence[Array | None], shape: tuple[int, ...], said: tuple[str, ...], path: Path) -> Meaning:
    """What the arrays of all parts say together, of examples of a shape; `said` are names of classes."""
    there = [y for y in ys if y is not None]
    if not there:
        return Meaning("input", ())
    if len(there) < len(ys):
        raise DataError(f"{path}: of one part something is known, of the other nothing")
    every = np.concatenate([y.reshape(len(y), -1) if y.ndim < 3 else y for y in there])
    if every.ndim > 2:
        return of_masks(every, shape, said, path)
    return of_column(every[:, 0], said, path) if every.shape[1] == 1 else of_columns(every, said, path)


def of_masks(y: Array, shape: tuple[int, ...], said: tuple[str, ...], path: Path) -> Meaning:
    if y.shape[1:] not in (shape[:-1], (*shape[:-1], 1)):
        raise DataError(f"{path}: what is known is {y.shape[1:]} each, the examples are {shape}")
    if y.dtype != np.bool_ and not np.issubdtype(y.dtype, np.integer):
        raise DataError(f"{path}: masks hold whole numbers, found {y.dtype}")
    count = 2 if black_and_white(y) else 1 + int(y[y != VOID].max(initial=1))
    return Meaning("masks", named(count, said, path))


def black_and_white(y: Array) -> bool:
    return y.dtype == np.bool_ or bool(np.isin(y, (0, VOID)).all())


def of_column(y: Array, said: tuple[str, ...], path: Path) -> Meaning:
    """One number or name for each example."""
    if y.dtype.kind in "US":
        return Meaning("classes", in_order(map(str, y.tolist())))
    if y.dtype == np.bool_:
        return Meaning("classes", named(2, said, path))
    if not np.issubdtype(y.dtype, np.integer):
        return Meaning("values", said or ("value",), remarks=of_whole(y))
    there = [int(one) for one in np.unique(y)]
    if there[0] < 0:
        return Meaning("classes", in_order(map(str, there)))
    if there == list(range(1, len(there) + 1)) and len(there) > 1:
        told = f"classes are numbered from 1 to {len(there)} in the file"
        return Meaning("classes", said or tuple(map(str, there)), 1, (told,))
    if not said and len(there) <= there[-1]:
        missing, known = (
            listed([str(n) for n in range(there[-1] + 1) if (n in there) is which]) for which in (False, True)
        )
        raise DataError(
            f"{path}: no example in {missing}: classes are numbered from 0 or 1 without a gap, found {known}"
        )
    return Meaning("classes", named(1 + there[-1], said, path))


def of_whole(y: Array) -> tuple[str, ...]:
    """Whole numbers that are written as others are could be meant as classes."""
    if len(np.unique(y)) * 2 > len(y) or (y % 1).any():
        return ()
    return (f"what is known is of type {y.dtype} and taken as values: save whole numbers where these are classes",)


def of_columns(y: Array, said: tuple[str, ...], path: Path) -> Meaning:
    """Several numbers for each example; 0 and 1 are yes and no, and a class where there is one 1 in each row."""
    width = y.shape[1]
    if y.dtype.kind in "US":
        raise DataError(f"{path}: one name of a class is expected for each example, found {width}")
    if np.isin(y, (0, 1)).all():
        return Meaning("classes" if (y.sum(1) == 1).all() else "tags", named(width, said, path))
    return Meaning("values", said or tuple(f"value {i}" for i in range(width)))


def named(count: int, said: tuple[str, ...], path: Path) -> tuple[str, ...]:
    """The names of `count` classes, numbers where there are none."""
    if said and len(said) < count:
        raise DataError(f"{path}: {len(said)} names of classes, and {count} classes")
    return said or tuple(map(str, range(count)))


def lot(x: Array, y: Array | None, meaning: Meaning, path: Path) -> Lot:
    """Examples with labels or masks in the form of the protocol."""
    examples = Held(x, path.stem)
    if meaning.target != "masks" or y is None:
        return Lot(examples, labels(y, len(x), meaning, path))
    whole = y // VOID if black_and_white(y) and y.dtype != np.bool_ else y
    masks = whole.astype(np.uint8) if len(meaning.classes) < VOID else whole
    return Lot(examples, np.zeros(len(x), np.int64), Held(masks, f"{path.stem} masks"))


def labels(y: Array | None, count: int, meaning: Meaning, path: Path) -> Array:
    """(n,) int64 of classes, (n, width) float32 of tags and values."""
    if y is None:
        return np.zeros(count, np.int64)
    if meaning.target in ("tags", "values"):
        return np.asarray(y, np.float32).reshape(len(y), -1)
    if y.ndim == 2 and y.shape[1] > 1:
        return np.asarray(y.argmax(1), np.int64)
    flat = y.reshape(-1)
    if flat.dtype.kind in "US" or (flat.dtype.kind == "i" and flat.min(initial=0) < 0):
        return numbered(list(map(str, flat.tolist())), meaning.classes, path)
    return np.asarray(flat, np.int64) - meaning.first
