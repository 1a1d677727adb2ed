"""Pascal VOC: pictures with a class at every place."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...compiler.recipes.data import Data, Voc
from .dataset import Dataset
from .files import Pictures
from .lot import About, Lot, dataset
from .marks import Marks
from .opening import source
from .place import fetching, published
from .sound import Sound, sound, together

CLASSES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
LISTS = ("ImageSets/Segmentation/train.txt", "ImageSets/Segmentation/val.txt")


@source.register
def voc(part: Voc, data: Data, seed: int) -> Dataset:
    """The pictures with masks, divided as published. Borders of things, 255, do not count."""
    folders = (f"VOCdevkit/VOC{part.year}", f"voc/VOC{part.year}", f"VOC{part.year}")
    root = published(data, folders, (*LISTS, "JPEGImages", "SegmentationClass"),
                     fetching("VOCSegmentation", {"year": part.year}))  # fmt: skip
    found = [listed(root, file, data) for file in LISTS]
    whole = together([looked for _, looked in found])
    about = About(f"voc{part.year}", CLASSES, whole.shape, whole.channels, "masks", whole.skipped, whole.told)
    return dataset(about, data, seed, *(lot for lot, _ in found))


def listed(root: Path, file: str, data: Data) -> tuple[Lot, Sound]:
    """The pictures that a list names, with their masks."""
    names = (root / file).read_text("utf-8").split()
    every = Pictures([root / "JPEGImages" / f"{name}.jpg" for name in names], root)
    looked = sound(every, data, root / file)
    paths = [every.paths[number] for number in looked.good]
    masks = [root / "SegmentationClass" / f"{path.stem}.png" for path in paths]
    marks = Marks(masks, root)
    sound(marks, data.changed(bad="fail"), root / file)
    return Lot(Pictures(paths, root), np.zeros(len(paths), np.int64), marks), looked
