"""Sets of many classes with few examples each, for networks that tell whether two are alike: Omniglot, faces."""

from __future__ import annotations

from pathlib import Path

from ...compiler.recipes.data import Data, Faces, Omniglot
from .classes import numbered
from .dataset import Dataset
from .files import Pictures
from .lot import About, Lot, dataset
from .opening import source
from .place import fetching, located, published
from .sound import Sound, sound, together
from .tree import class_folders

LFW = ("lfw-py/lfw-deepfunneled", "lfw-py/lfw_funneled", "lfw-py/lfw", "lfw-deepfunneled", "lfw_funneled", "lfw")
PARTS = ("images_background", "images_evaluation")

Drawn = tuple[Pictures, list[str], Sound]
"""Pictures, the character of each, and what is said of files."""


@source.register
def omniglot(part: Omniglot, data: Data, seed: int) -> Dataset:
    """With `sample=` 30 alphabets to learn from and 20 others held out, as published; else all, divided by class."""
    root = published(data, ("omniglot-py", "omniglot"), PARTS,
                     fetching("Omniglot", {"background": True}, {"background": False}))  # fmt: skip
    found = [characters(root, name, data) for name in PARTS]
    if data.sample is None:
        found = [joined(found, root)]
    classes = tuple(dict.fromkeys(name for _, names, _ in found for name in names))
    lots = [Lot(pictures, numbered(names, classes, root)) for pictures, names, _ in found]
    whole = together([looked for *_, looked in found])
    about = About("omniglot", classes, whole.shape, whole.channels, "classes", whole.skipped, whole.told)
    return dataset(about, data, seed, *lots)


def joined(found: list[Drawn], root: Path) -> Drawn:
    pictures = Pictures([path for one, _, _ in found for path in one.paths], root)
    return pictures, [name for _, names, _ in found for name in names], together([looked for *_, looked in found])


def characters(root: Path, part: str, data: Data) -> Drawn:
    """The pictures of a part, and the character of each: `Greek/character01`."""
    every = Pictures(Pictures.below(root / part), root)
    looked = sound(every, data, root / part)
    paths = [every.paths[number] for number in looked.good]
    return Pictures(paths, root), ["/".join(path.parts[-3:-1]) for path in paths], looked


@source.register
def faces(part: Faces, data: Data, seed: int) -> Dataset:
    """A folder for each person: Labeled Faces in the Wild (Huang et al., 2007), or one's own."""
    if part.name != "lfw":
        return class_folders(located(part.name, data), Pictures, data, seed)
    root = published(data, LFW, (".",), fetching("LFWPeople", {"split": "train"}))
    return class_folders(root, Pictures, data, seed)._replace(name="lfw")
