"""Arrays in NumPy's .npz: examples of any rank, and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from zipfile import is_zipfile

import numpy as np

from ...compiler.recipes.data import Data, Npz
from .classes import require_classes
from .dataset import Array, DataError, Dataset
from .known import lot, meant
from .lot import About, dataset
from .opening import source
from .partner import partner
from .place import located

EXAMPLES = ("x", "images", "image", "data", "inputs", "features", "examples", "arr_0")
KNOWN = ("y", "labels", "label", "targets", "target", "masks", "mask", "arr_1")
NAMES = ("classes", "class_names", "label_names", "names")
LEARN = ("", "_train", "train_", "_training", "training_")
HOLD = ("_val", "val_", "_valid", "valid_", "_test", "test_", "_validation", "validation_")
"""Names of arrays, in any case of letters, and what stands around them: `x_train`, `test_images`."""
STRETCH = 1024
"""Examples that are looked through for what is no number at a time."""
SIDE = 8
"""Of the smallest examples that could be pictures without an axis of channels."""


class Pair(NamedTuple):
    """Examples (n, ...) and what is known of them, (n, ...)."""

    x: Array
    y: Array | None


@source.register
def npz(part: Npz, data: Data, seed: int) -> Dataset:
    path = located(part.path, data)
    arrays = read(path)
    learn = require_pair(pair(arrays, LEARN), path, arrays)
    hold = pair(arrays, HOLD)
    beside = partner(path, data)
    if hold is not None:
        require_pair(hold, path, arrays)
    elif beside is not None:
        hold = require_pair(pair(read(beside), (*HOLD, *LEARN)), beside, arrays)
    said = next((tuple(map(str, np.atleast_1d(arrays[name]))) for name in NAMES if name in arrays), ())
    several = [one for one in (learn, hold) if one is not None]
    for one in several:
        require_numbers(one, path)
    examples = [shaped(one.x, part.gray, path) for one in several]
    meaning = meant([one.y for one in several], examples[0].shape[1:], said, path)
    lots = [lot(x, one.y, meaning, path) for x, one in zip(examples, several)]
    if examples[0].shape[1:] != examples[-1].shape[1:]:
        raise DataError(f"{path}: examples to learn from are {examples[0].shape[1:]}, to measure on "
                        f"{examples[-1].shape[1:]}")  # fmt: skip
    if meaning.target == "classes":
        require_classes(meaning.classes, lots[0].labels, path, data)
    shape = examples[0].shape[1:]
    remarks = (*told_of(learn.x, examples[0], part.gray), *meaning.remarks)
    about = About(path.stem, meaning.classes, shape, shape[-1], meaning.target, (), remarks)
    return dataset(about, data, seed, *lots)


# --- the arrays of the file -------------------------------------------------------------------------------------------


def read(path: Path) -> dict[str, Array]:
    """All arrays by their names in small letters. Nothing pickled is unpacked."""
    try:
        if path.stat().st_size and not is_zipfile(path) and not is_npy(path):
            raise DataError(
                f"{path}: no arrays that can be read: this is no file that `np.savez` wrote, or a part of one"
            )
        with np.load(path, allow_pickle=False) as found:
            if not isinstance(found, Mapping):
                raise DataError(f"{path}: several arrays with names are expected, as `np.savez` writes them")
            return {name.lower(): unpickled(found, name, path) for name in found}
    except DataError:
        raise
    except Exception as error:  # numpy and zipfile raise what they like for broken files
        raise DataError(f"{path}: no arrays that can be read ({type(error).__name__}: {error})") from None


def is_npy(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(6) == b"\x93NUMPY"


def unpickled(found: Mapping[str, Array], name: str, path: Path) -> Array:
    """An array of numbers or strings."""
    try:
        return found[name]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        raise DataError(f"{path}: no arrays that can be read: `{name}` holds objects of Python, which are not "
                        f"unpacked: save numbers or strings, as in `np.array({name}.tolist())`") from None  # fmt: skip


def pair(arrays: dict[str, Array], around: tuple[str, ...]) -> Pair | None:
    """The examples, and what is known of them, under the first names that are there."""
    for affix in around:
        x = first(arrays, EXAMPLES, affix)
        if x is not None:
            return Pair(x, first(arrays, KNOWN, affix))
    return None


def first(arrays: dict[str, Array], names: tuple[str, ...], affix: str) -> Array | None:
    spelled = (f"{affix}{name}" if affix.endswith("_") else f"{name}{affix}" for name in names)
    return next((arrays[name] for name in spelled if name in arrays), None)


def require_pair(found: Pair | None, path: Path, arrays: dict[str, Array]) -> Pair:
    if found is None:
        there = ", ".join(arrays) or "nothing"
        raise DataError(f"{path}: `x_train` and `y_train`, or `x` and `y`, are expected, found {there}")
    for array, what in ((found.x, "the examples"), (found.y, "what is known of them")):
        if array is not None and not array.ndim:
            raise DataError(f"{path}: {what} must be an array with an entry for each example, found only `{array}`")
    if found.y is not None and len(found.x) != len(found.y):
        raise DataError(f"{path}: {len(found.x):,} examples, and {len(found.y):,} that are known")
    return found


def require_numbers(found: Pair, path: Path) -> None:
    """Examples, at least one, and nothing in them or known of them that is no number."""
    if not len(found.x):
        raise DataError(f"{path}: there is no example: {found.x.shape}")
    for array, what in ((found.x, "holds values that are no numbers"), (found.y, "has a label that is no number")):
        if array is None or not np.issubdtype(array.dtype, np.inexact):
            continue
        bad = infinite(array)
        if bad:
            more = f", and {len(bad) - 1:,} more do" if len(bad) > 1 else ""
            raise DataError(f"{path}: `{path.stem}/{bad[0]}` {what}{more}")


def infinite(array: Array) -> list[int]:
    """The numbers of the examples that hold what is no number."""
    parts = ((first, array[first : first + STRETCH]) for first in range(0, len(array), STRETCH))
    return [first + int(n) for first, part in parts
            for n in np.flatnonzero(~np.isfinite(part).reshape(len(part), -1).all(1))]  # fmt: skip


def told_of(x: Array, made: Array, gray: bool) -> list[str]:
    """What was made of examples that could have been meant in another way."""
    if gray:
        return []
    if channels_first(x.shape):
        return ["channels, which come first in the file, are moved behind height and width"]
    if x.ndim == 3 and np.issubdtype(x.dtype, np.floating) and min(x.shape[1:]) >= SIDE:
        wide, long = x.shape[2], x.shape[1]
        return [f"examples of {long}x{wide} are series of {wide} channels: say `gray=true` where they are pictures"]
    if made.dtype != x.dtype and x.dtype.kind in "iu":
        return [f"{x.dtype} is taken as {'brightness from 0 to 255' if made.dtype == np.uint8 else 'measured values'}"]
    return []


def shaped(x: Array, gray: bool, path: Path) -> Array:
    """(n, spatial..., channels); bytes without channels are gray pictures."""
    if not (np.issubdtype(x.dtype, np.number) or x.dtype == np.bool_) or np.iscomplexobj(x):
        raise DataError(f"{path}: examples are numbers, found {x.dtype}")
    if x.dtype.kind in "iu" and x.dtype != np.uint8 and x.ndim > 2 + (not gray):
        x = x.astype(np.uint8 if x.min() >= 0 and x.max() <= 255 else np.float32)
    if x.dtype in (np.float64, np.float16):
        x = x.astype(np.float32)
    if gray or (x.ndim == 3 and x.dtype == np.uint8):
        return x[..., None]
    if x.ndim < 2:
        raise DataError(f"{path}: examples are (n, ..., channels), found {x.shape}")
    return np.ascontiguousarray(np.moveaxis(x, 1, -1)) if channels_first(x.shape) else x


def channels_first(shape: tuple[int, ...]) -> bool:
    """Whether these are pictures as PyTorch has them, (n, 1 or 3, height, width)."""
    return len(shape) == 4 and shape[1] in (1, 3) and min(shape[2:]) > 4
