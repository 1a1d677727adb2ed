"""Files in folders: one folder for each class, perhaps below `train` and `val`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ...compiler.recipes.data import Data
from .classes import listed, numbered, require_classes
from .dataset import DataError, Dataset
from .examined import Examined
from .files import Files
from .listing import Suffixes, first_of, folders, seen
from .lot import About, Lot, dataset
from .sound import Sound, sound, together

TRAIN = ("train", "training")
HELD = ("val", "valid", "validation", "test", "testing")

Make = Callable[[list[Path], Path], Files]
"""From paths, and the folder below which they are named, to examples."""


class Tree(NamedTuple):
    """A folder of class folders: files that can be read, the name of the class of each, and what else lay there."""

    folder: Path
    classes: tuple[str, ...]
    examples: Files
    names: list[str]
    sound: Sound
    others: Counter[str]
    empty: tuple[str, ...] = ()
    """Classes without a file, which only data to measure on have."""

    def lot(self, classes: tuple[str, ...]) -> Lot:
        return Lot(self.examples, numbered(self.names, classes, self.folder))

    @property
    def remarks(self) -> tuple[str, ...]:
        """Of files that are left out by their names."""
        if not self.others:
            return ()
        kinds = listed([f"{count:,} {kind}" for kind, count in sorted(self.others.items())])
        return (f"not looked at, no {self.examples.word} by name or place in {self.folder}: {kinds}",)


def class_folders(root: Path, kind: type[Files], data: Data, seed: int, make: Make | None = None) -> Dataset:
    """A folder of class folders. DataError says what is missing."""
    learn, hold = parts(root, data, kind)
    found = [tree(part, root, kind, make or kind, data) for part in (learn, hold) if part is not None]
    classes = found[0].classes
    for one in found:
        require_sound(one)
    lots = [one.lot(classes) for one in found]
    require_classes(classes, lots[0].labels, learn, data)
    whole = together([one.sound for one in found])
    remarks = (*(text for one in found for text in one.remarks), *unused(root, learn, hold))
    shape = whole.shape if kind.any_size else whole.usual
    if not kind.any_size:
        remarks += whole.remarks
    remarks += whole.told
    about = About(root.resolve().name, classes, shape, whole.channels, "classes", whole.skipped, remarks)
    return dataset(about, data, seed, *lots)


def parts(root: Path, data: Data, kind: type[Files]) -> tuple[Path, Path | None]:
    """The folder to learn from and that to measure on, which may be missing. DataError where one is named in vain."""
    learn = root / data.train if data.train else to_learn(root, kind.suffixes) or root
    hold = root / data.test if data.test else first_of(root, HELD) if learn != root else None
    for part in (learn, hold):
        if part is not None and not part.is_dir():
            raise DataError(f"{part}: there is no such folder")
    return learn, hold


def to_learn(root: Path, suffixes: Suffixes) -> Path | None:
    """The sub-folder `train`, where there is one; not where it is a class of that name among others."""
    found = first_of(root, TRAIN)
    if found is None or first_of(root, HELD) is not None or not flat(found, suffixes):
        return found
    return None if any(flat(path, suffixes) for path in folders(root) if path != found) else found


def flat(folder: Path, suffixes: Suffixes) -> bool:
    """Whether examples lie in it, and no folders."""
    return not folders(folder) and any(seen(path) and path.name.lower().endswith(suffixes) for path in folder.iterdir())


def tree(folder: Path, root: Path, kind: type[Files], make: Make, data: Data) -> Tree:
    """The classes in alphabetical order and their files, also those in sub-folders, in one order on every system."""
    classes = tuple(path.name for path in folders(folder))
    others = Counter(beside(folder, kind))
    listing = {name: kind.below(folder / name, others) for name in classes}
    require_tree(folder, listing, kind, data)
    every = make([path for paths in listing.values() for path in paths], root)
    names = [name for name, paths in listing.items() for _ in paths]
    looked = sound(every, data, folder)
    examples = make([every.paths[number] for number in looked.good], root)
    empty = tuple(name for name, paths in listing.items() if not paths)
    return Tree(folder, classes, examples, [names[number] for number in looked.good], looked, others, empty)


def beside(folder: Path, kind: type[Files]) -> dict[str, int]:
    """Files that lie where only class folders are expected."""
    found = [p for p in folder.iterdir() if p.is_file() and seen(p) and p.name.lower().endswith(kind.suffixes)]
    return {f"{kind.word}{'s' * (len(found) != 1)} beside the class folders": len(found)} if found else {}


def require_tree(folder: Path, listing: dict[str, list[Path]], kind: type[Files], data: Data) -> None:
    """Class folders with files in them, to measure on in some of them. DataError says what is there instead."""
    measured = isinstance(data, Examined)
    if not listing:
        beside = len([p for p in folder.iterdir() if seen(p) and p.name.lower().endswith(kind.suffixes)])
        hint = (f", but {beside:,} {kind.word}{'s' * (beside != 1)}: put them into a folder for each class, or name "
                "their classes in a table, as `cnnc data` says of csv") if beside else ""  # fmt: skip
        raise DataError(f"{folder}: one folder for each class is expected here, found none{hint}")
    if len(listing) == 1 and not (measured and first_of(folder, HELD) is None):
        (name,) = listing
        below = [path.name for path in folders(folder / name)]
        hint = f"; did you mean {folder / name}, with {listed(below)}?" if len(below) > 1 else ""
        raise DataError(f"{folder}: two classes at least are expected, found only {name}{hint}")
    empty = [name for name, paths in listing.items() if not paths]
    if empty and (not measured or len(empty) == len(listing)):
        raise DataError(f"{folder}: no {kind.word} in {listed(empty)}: put some there, or take the folder away")


def require_sound(found: Tree) -> None:
    """Each class that has files has one that can be read. DataError with the reason where one has none."""
    there = {*found.names, *found.empty}
    lost = [name for name in found.classes if name not in there]
    if lost:
        first = next((said for said in found.sound.skipped if f"{lost[0]}{os.sep}" in said), "")
        why = f"; the first: {first}" if first else ""
        raise DataError(f"{found.folder}: no {found.examples.word} that can be read in {listed(lost)}{why}")


def unused(root: Path, learn: Path, hold: Path | None) -> tuple[str, ...]:
    """A remark on folders beside those that are taken whose names say that they are data, or that are classes."""
    if learn == root:
        found = first_of(root, TRAIN)
        return (f"{found.name} is a class among others here, not the part to learn from",) if found is not None else ()
    names = (*TRAIN, *HELD)
    left = [path.name for path in folders(root) if path.name.lower() in names and path not in (learn, hold)]
    return (f"not used now: {listed(left)} in {root}; held out is {hold.name if hold else 'nothing'}",) if left else ()
