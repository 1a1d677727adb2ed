"""ImageNet in folders as its archives are unpacked, and the small one with 200 of its classes."""

from __future__ import annotations

from pathlib import Path

from ...compiler.recipes.data import Data, ImageNet, TinyImageNet
from .classes import numbered
from .dataset import DataError, Dataset
from .files import Pictures
from .listing import folders
from .lot import About, Lot, dataset
from .opening import source
from .place import published, unfetched
from .sound import sound, together
from .tree import class_folders, tree

PLACES = ("imagenet", "ImageNet", "ILSVRC2012", "ILSVRC/Data/CLS-LOC")
TINY = ("tiny-imagenet-200", "tiny_imagenet")
ANNOTATIONS = "val_annotations.txt"


@source.register
def imagenet(part: ImageNet, data: Data, seed: int) -> Dataset:
    """Folders `train` and `val` with a folder for each of the 1,000 classes."""
    root = published(data, PLACES, ("train", "val"), unfetched)
    if not folders(root / "val"):
        raise DataError(f"{root / 'val'}: a folder for each class is expected, as in train; the archive of "
                        "validation pictures has them in one folder and must be sorted by class first")  # fmt: skip
    return class_folders(root, Pictures, data.changed(train="train", test="val"), seed)._replace(name="imagenet")


@source.register
def tiny_imagenet(part: TinyImageNet, data: Data, seed: int) -> Dataset:
    """`train` with class folders; `val` with one folder of pictures and a table of their classes."""
    root = published(data, TINY, ("train", f"val/{ANNOTATIONS}"), unfetched)
    found = tree(root / "train", root, Pictures, Pictures, data)
    names = annotated(root / "val" / ANNOTATIONS)
    every = Pictures([root / "val" / "images" / file for file in names], root)
    looked = sound(every, data, root / "val")
    paths = [every.paths[number] for number in looked.good]
    labels = numbered([names[path.name] for path in paths], found.classes, root / "val")
    whole = together([found.sound, looked])
    remarks = found.remarks + whole.told
    about = About("tiny_imagenet", found.classes, whole.shape, whole.channels, "classes", whole.skipped, remarks)
    return dataset(about, data, seed, found.lot(found.classes), Lot(Pictures(paths, root), labels))


def annotated(path: Path) -> dict[str, str]:
    """The class of each file; a box stands behind it."""
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines() if line.strip()]
    short = next((number for number, row in enumerate(rows, 1) if len(row) < 2), None)
    if short is not None:
        raise DataError(f"{path}:{short}: a file, its class and a box are expected, with tabs between them")
    return {row[0]: row[1] for row in rows}
