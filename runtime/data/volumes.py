"""Volumes in files: of classes, or beside masks."""

from __future__ import annotations

import numpy as np

from ...compiler.recipes import data as rule
from .dataset import Array, DataError, Dataset
from .files import Files
from .masked import masked
from .opening import source
from .place import located
from .tree import class_folders
from .volume import VOLUMES, volume


class Volumes(Files):
    """(D, H, W, C) in the type of the file; of four axes the last is that of channels."""

    word = "volume"
    suffixes = VOLUMES

    def load(self, number: int) -> Array:
        found = volume(self.paths[number], self.name(number))
        if found.ndim == 3:
            found = found[..., None]
        if found.ndim != 4:
            raise DataError(f"{self.name(number)}: a volume has three axes, and a fourth of channels, found "
                            f"{'x'.join(map(str, found.shape))}")  # fmt: skip
        return found if found.dtype in (np.uint8, np.bool_) else found.astype(np.float32)


@source.register
def volumes(part: rule.Volumes, data: rule.Data, seed: int) -> Dataset:
    root = located(part.path, data)
    if not root.is_dir():
        raise DataError(f"{part.path}: a folder is expected, with a folder for each class")
    if part.masks is not None:
        return masked(root, part.masks, Volumes, data, seed)
    return class_folders(root, Volumes, data, seed)
