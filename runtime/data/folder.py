"""Pictures in folders: one folder for each class, perhaps below `train` and `val`."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...compiler.recipes import data as rule
from .dataset import Array, DataError, Dataset, Split, divided, split
from .opening import source

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")
TRAIN = ("train", "training")
HELD = ("val", "valid", "validation", "test")
SHARE = 0.8


class Folder:
    """Picture files, decoded when they are asked for."""

    def __init__(self, paths: list[Path], root: Path | None = None) -> None:
        self.paths = paths
        self.root = root

    def __len__(self) -> int:
        return len(self.paths)

    def load(self, number: int) -> Array:
        return decoded(self.paths[number])

    def name(self, number: int) -> str:
        path = self.paths[number]
        return str(path if self.root is None else path.relative_to(self.root))


def decoded(path: str | Path) -> Array:
    """A picture file as (height, width, 1 or 3) uint8, upright. DataError where it cannot be read."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image)
            return np.atleast_3d(np.array(plain(upright)))
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: no picture that can be read ({type(error).__name__})") from None


def plain(image: Any) -> Any:
    """Gray or RGB: palettes and CMYK converted, 16 bits scaled to 8, what is transparent laid on white."""
    from PIL import Image

    if image.mode.startswith(("I", "F")):
        values = np.asarray(image, np.float64)
        top = 65535.0 if image.mode.startswith("I") else max(float(values.max()), 1.0)
        return Image.fromarray((values.clip(0, top) * (255 / top)).round().astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        seen = image.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(white, seen).convert("L" if image.mode in ("LA", "La") else "RGB")
    if image.mode in ("1", "L"):
        return image.convert("L")
    return image.convert("RGB")


class Listed(NamedTuple):
    """The picture files of a folder of class folders."""

    classes: tuple[str, ...]
    paths: list[Path]
    labels: list[int]


def listed(folder: Path) -> Listed:
    """The classes in alphabetical order and their files, also those in sub-folders, in one order on every system."""
    classes = sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    paths: list[Path] = []
    labels: list[int] = []
    for label, name in enumerate(classes):
        for path in sorted(files(folder / name)):
            paths.append(path)
            labels.append(label)
    return Listed(tuple(classes), paths, labels)


def files(folder: Path) -> list[Path]:
    """The picture files below a folder."""
    return [
        Path(at) / name
        for at, _, names in os.walk(folder)
        for name in names
        if name.lower().endswith(SUFFIXES) and not name.startswith(".")
    ]


@source.register
def folder(part: rule.Folder, data: rule.Data, seed: int) -> Dataset:
    return open_folder(part.path, data.train, data.test, data.split, seed)


def open_folder(
    path: str, train: str | None, held: str | None, share: float | None, seed: int, channels: int | None = None
) -> Dataset:
    """A folder of class folders. DataError says what is missing."""
    root = Path(path)
    if not root.is_dir():
        raise DataError(f"{path}: there is no such folder; `--data` takes a folder of class folders, or `digits`")
    learn = root / train if train else next((root / n for n in TRAIN if (root / n).is_dir()), root)
    hold = root / held if held else next((root / n for n in HELD if (root / n).is_dir()), None)
    if learn == root:
        hold = root / held if held else None
    for part in (learn, hold):
        if part is not None and not part.is_dir():
            raise DataError(f"{part}: there is no such folder")
    first = sound(listed(learn), learn)
    require_classes(first.listed, learn)
    if hold is None:
        return one_piece(root, first, share, seed)
    second = sound(aligned(listed(hold), first.listed.classes, hold), hold)
    if not second.listed.paths:
        raise DataError(f"{hold}: there is no picture to measure on")
    parts = whole(first, root), whole(second, root)
    return Dataset(root.name, first.listed.classes, *parts, None, first.channels, first.skipped + second.skipped)


def one_piece(root: Path, found: Sound, share: float | None, seed: int) -> Dataset:
    """Divided by class, 80 % to learn from where nothing else is asked for."""
    labels = np.asarray(found.listed.labels, np.int64)
    pictures = Folder(found.listed.paths, root)
    learn, hold = divided(labels, SHARE if share is None else share, seed)
    if not len(hold):
        raise DataError(f"{root}: too few pictures to hold some out: each class needs two")
    parts = split(pictures, labels, learn), split(pictures, labels, hold)
    return Dataset(root.name, found.listed.classes, *parts, None, found.channels, found.skipped)


def whole(found: Sound, root: Path) -> Split:
    labels = np.asarray(found.listed.labels, np.int64)
    return split(Folder(found.listed.paths, root), labels, np.arange(len(labels)))


def require_classes(found: Listed, folder: Path) -> None:
    if not found.classes:
        raise DataError(f"{folder}: one folder for each class is expected here, found none")
    counts = np.bincount(np.asarray(found.labels, np.int64), minlength=len(found.classes))
    empty = [name for name, count in zip(found.classes, counts) if not count]
    if empty:
        raise DataError(f"{folder}: no picture in {', '.join(empty[:5])}")
    if len(found.classes) < 2:
        raise DataError(f"{folder}: two classes at least are expected, found only {found.classes[0]}")


def aligned(found: Listed, classes: tuple[str, ...], folder: Path) -> Listed:
    """The held-out files with the labels of the classes learned; a class that was not learned is an error."""
    strange = [name for name in found.classes if name not in classes]
    if strange:
        raise DataError(f"{folder}: {', '.join(strange[:5])} is not among the classes to learn")
    labels = [classes.index(found.classes[label]) for label in found.labels]
    return Listed(classes, found.paths, labels)


# --- files that are no pictures ---------------------------------------------------------------------------------------


class Sound(NamedTuple):
    """The files that begin like pictures, the most channels met, and the names of the others."""

    listed: Listed
    channels: int
    skipped: tuple[str, ...]


def sound(found: Listed, folder: Path) -> Sound:
    """Look into each file; those that cannot be decoded are left out and named."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        channels = list(pool.map(looked_into, found.paths))
    keep = [i for i, n in enumerate(channels) if n]
    skipped = tuple(str(found.paths[i].relative_to(folder)) for i, n in enumerate(channels) if not n)
    kept = Listed(found.classes, [found.paths[i] for i in keep], [found.labels[i] for i in keep])
    return Sound(kept, max(channels, default=0), skipped)


def sound_files(split: Split) -> tuple[Split, tuple[str, ...]]:
    """The pictures of a split that can be decoded, and the names of the others."""
    good = [i for i, number in enumerate(split.numbers) if readable(split, int(number))]
    bad = sorted(set(range(len(split))) - set(good))
    return split.at(good), tuple(split.examples.name(int(split.numbers[i])) for i in bad)


def readable(split: Split, number: int) -> bool:
    try:
        split.examples.load(number)
    except DataError:
        return False
    return True


def looked_into(path: Path) -> int:
    """The channels of a picture file, 0 where it is none."""
    try:
        return int(decoded(path).shape[-1])
    except DataError:
        return 0
