"""Examples beside masks of the same name: `images/a.jpg` and `masks/a.png`, perhaps below `train` and `val`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...compiler.recipes.data import Data
from .classes import listed
from .dataset import DataError, Dataset
from .files import Files
from .listing import first_of
from .lot import About, Lot, dataset
from .marks import Marks, Scale, scaled
from .sound import Sound, sound, text, together
from .tree import parts

EXAMPLES = ("images", "image", "imgs", "img", "pictures", "photos", "inputs", "volumes")
MASKS = ("masks", "mask", "labels", "label", "annotations", "segmentations", "gt")
"""Usual names of the two folders."""
ENDS = ("_mask", "_masks", "_seg", "_segmentation", "_label", "_labels", "_labelids", "_gt", "-mask", "-seg", "-label")
"""What names of masks have behind those of their examples."""


class Pairs(NamedTuple):
    """Examples and their masks, the shapes of the examples, and what is said of either."""

    examples: Files
    masks: list[Path]
    sound: Sound
    remarks: tuple[str, ...]


def masked(root: Path, masks: str, kind: type[Files], data: Data, seed: int) -> Dataset:
    """A folder of examples and a folder of masks. DataError where they do not fit together."""
    learn, hold = parts(root, data, kind)
    found = [pairs(part, masks, kind, root, data) for part in (learn, hold) if part is not None]
    marks = Marks([path for one in found for path in one.masks], root)
    scale = scaled(marks, names(root))
    lots = [lot(one, scale, root) for one in found]
    for one, it in zip(found, lots):
        require_sizes(one, it)
    whole = together([one.sound for one in found])
    remarks = (*(said for one in found for said in one.remarks), *scale.remarks, *whole.told)
    shape = whole.shape if kind.any_size else whole.usual
    about = About(root.resolve().name, scale.classes, shape, whole.channels, "masks", whole.skipped, remarks)
    return dataset(about, data, seed, *lots)


def lot(found: Pairs, scale: Scale, root: Path) -> Lot:
    return Lot(found.examples, np.zeros(len(found.masks), np.int64), Marks(found.masks, root, scale))


def names(root: Path) -> tuple[str, ...]:
    """The lines of `classes.txt`, where it is there."""
    path = root / "classes.txt"
    return tuple(line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()) if path.exists() else ()


# --- which mask belongs to which example ------------------------------------------------------------------------------


def pairs(folder: Path, masks: str, kind: type[Files], root: Path, data: Data) -> Pairs:
    """Both folders read, paired by name; examples that cannot be read are left out with their masks."""
    beside = folder / masks
    if not beside.is_dir():
        raise DataError(f"{beside}: there is no such folder of masks")
    among = first_of(folder, EXAMPLES) or folder
    examples = [path for path in kind.below(among) if beside not in path.parents]
    if not examples:
        raise DataError(f"{among}: there is no {kind.word}")
    by_name = unique(Marks.below(beside), lambda path: bare(name_of(path, beside)))
    stems = [bare(name_of(path, among)) for path in examples]
    alone = [str(path.relative_to(root)) for path, stem in zip(examples, stems) if stem not in by_name]
    if alone:
        raise DataError(f"{beside}: no mask for {len(alone):,} of {len(examples):,}: {listed(alone)}")
    every = kind(examples, root)
    looked = sound(every, data, among)
    kept = kind([examples[number] for number in looked.good], root)
    unused = len(by_name) - len(set(stems))
    remarks = (f"{unused:,} masks in {beside} belong to no {kind.word}",) if unused else ()
    return Pairs(kept, [by_name[stems[number]] for number in looked.good], looked, remarks)


def name_of(path: Path, folder: Path) -> str:
    """The path below the folder without ending, as of `a/b.nii.gz`."""
    below = path.relative_to(folder)
    return str(below.with_name(below.name.split(".")[0] if below.name.endswith(".gz") else below.stem)).lower()


def bare(name: str) -> str:
    """The name without what only masks have behind it."""
    end = next((end for end in ENDS if name.endswith(end)), "")
    return name[: len(name) - len(end)]


def unique(paths: list[Path], key: Callable[[Path], str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in paths:
        other = found.setdefault(key(path), path)
        if other is not path:
            raise DataError(f"{path}: {other.name} is a mask of the same name")
    return found


def require_sizes(found: Pairs, lot: Lot) -> None:
    """Each mask has the size of its example."""
    assert lot.masks is not None
    same = found.sound.shape
    for number in range(len(found.masks)):
        there = (same or found.examples.measured(number))[:-1]
        size = lot.masks.load(number).shape
        if size != there:
            raise DataError(f"{lot.masks.name(number)}: the mask is of {text(size)}, its example of {text(there)}")
