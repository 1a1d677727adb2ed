"""Moving pictures: frames in a folder, or an array."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np

from ...compiler.recipes import data as rule
from . import picture
from .dataset import Array, DataError, Dataset
from .files import Files
from .listing import counted, files, folders
from .looked import Stamp, stamp, whole
from .opening import source
from .place import located
from .tree import class_folders
from .volume import VOLUMES, volume


class Clips(Files):
    """(frames, height, width, 3) uint8: frames evenly over what there is, the same again where there are fewer."""

    word = "clip"
    suffixes = (".npy", ".npz")

    def __init__(
        self, paths: list[Path], root: Path | None = None, frames: int = 16, size: tuple[int, ...] = (112, 112)
    ) -> None:
        super().__init__(paths, root)
        self.frames, self.size = frames, size

    @classmethod
    def below(cls, folder: Path, others: Counter[str] | None = None) -> list[Path]:
        """Folders of frames, and arrays."""
        inner = [path for path in folders(folder) if files(path, picture.SUFFIXES)]
        return sorted([*inner, *files(folder, VOLUMES)])

    def stamp(self, number: int) -> Stamp | None:
        path = self.paths[number]
        return whole(counted(files(path, picture.SUFFIXES))) if path.is_dir() else stamp(path)

    @property
    def kind(self) -> str:
        return f"{super().kind}, {self.frames} frames of {self.size}"

    def load(self, number: int) -> Array:
        path = self.paths[number]
        return np.stack(self.of_folder(path) if path.is_dir() else self.of_array(path, self.name(number)))

    def of_folder(self, path: Path) -> list[Array]:
        """Frames in the order of the numbers in their names."""
        found = counted(files(path, picture.SUFFIXES))
        return [self.brought(picture.decoded(found[i], found[i])) for i in self.chosen(len(found))]

    def of_array(self, path: Path, name: str) -> list[Array]:
        found = volume(path, name)
        if found.ndim == 3:
            found = found[..., None]
        if found.ndim != 4 or found.dtype != np.uint8 or found.shape[-1] not in (1, 3):
            shape = "x".join(map(str, found.shape))
            raise DataError(f"{name}: a clip is (frames, height, width, 1 or 3) in bytes, found {shape} {found.dtype}")
        return [self.brought(found[i]) for i in self.chosen(len(found))]

    def chosen(self, count: int) -> list[int]:
        """Numbers of frames, the first and the last among them."""
        if not count:
            raise DataError("a clip without frames")
        places: list[int] = np.linspace(0, count - 1, self.frames).round().astype(int).tolist()
        return places

    def brought(self, frame: Array) -> Array:
        """In colour and of the size."""
        from PIL import Image

        image = Image.fromarray(frame[..., 0] if frame.shape[-1] == 1 else frame).convert("RGB")
        height, width = self.size
        return np.asarray(image if image.size == (width, height) else image.resize((width, height)))


@source.register
def clips(part: rule.Clips, data: rule.Data, seed: int) -> Dataset:
    root = located(part.path, data)
    if not root.is_dir():
        raise DataError(f"{part.path}: a folder is expected, with a folder for each class")
    size = part.size if len(part.size) == 2 else part.size * 2
    return class_folders(root, Clips, data, seed, partial(Clips, frames=part.frames, size=size))
