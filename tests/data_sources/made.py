"""Files of every format, made as those are that are published."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from cnnc.runtime.data import Dataset, open_data
from cnnc.runtime.data.opening import named
from numpy.typing import NDArray
from PIL import Image


def opened(text: object, **said: Any) -> Dataset:
    """What `--data TEXT` opens, with further arguments of `data`."""
    return open_data(named(str(text), None).changed(**said), seed=0)


def saved(path: Path, image: Image.Image, **how: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **how)
    return path


def drawn(*shape: int, seed: int = 0) -> NDArray[np.uint8]:
    """Bytes by chance."""
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def fill(folder: Path, count: int, size: tuple[int, int] = (6, 4), suffix: str = ".png") -> None:
    """Pictures of chance, (width, height)."""
    for number in range(count):
        pixels = drawn(size[1], size[0], 3, seed=number)
        saved(folder / f"{number:03}{suffix}", Image.fromarray(pixels))


def idx(path: Path, array: NDArray[np.uint8]) -> None:
    """The format of MNIST, by its description: magic number 0x0000, type 0x08, rank, sizes as big-endian int32."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(head + array.tobytes())
