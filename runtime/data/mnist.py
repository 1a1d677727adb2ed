"""MNIST and Fashion-MNIST: gray pictures in the IDX format, also compressed."""

from __future__ import annotations

import gzip
import struct
from math import prod
from pathlib import Path

import numpy as np

from ...compiler.recipes.data import Data, FashionMnist, Mnist
from .dataset import Array, DataError, Dataset, Held
from .lot import About, Lot, dataset
from .opening import source
from .place import fetching, published

PARTS = (("train-images-idx3-ubyte", "train-labels-idx1-ubyte"), ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"))
CLOTHES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
BYTES = 0x08
"""The type of IDX that these sets have: unsigned bytes."""


@source.register
def mnist(part: Mnist, data: Data, seed: int) -> Dataset:
    return read("mnist", ("MNIST/raw", "mnist", "MNIST"), tuple(map(str, range(10))), "MNIST", data, seed)


@source.register
def fashion_mnist(part: FashionMnist, data: Data, seed: int) -> Dataset:
    folders = ("FashionMNIST/raw", "fashion_mnist", "FashionMNIST")
    return read("fashion_mnist", folders, CLOTHES, "FashionMNIST", data, seed)


def read(
    name: str, folders: tuple[str, ...], classes: tuple[str, ...], theirs: str, data: Data, seed: int
) -> Dataset:  # fmt: skip
    """Both parts as they are published: 60,000 to learn from, 10,000 held out."""
    folder = published(data, folders, tuple(file for part in PARTS for file in part), fetching(theirs))
    lots = [lot(f"{name}/{which}", folder, *files) for which, files in zip(("train", "test"), PARTS)]
    shape = (*lots[0].examples.load(0).shape,)
    return dataset(About(name, classes, shape, 1), data, seed, *lots)


def lot(name: str, folder: Path, pictures: str, labels: str) -> Lot:
    examples, known = idx(folder / pictures)[..., None], idx(folder / labels).astype(np.int64)
    if len(examples) != len(known):
        raise DataError(f"{folder}: {len(examples):,} pictures in {pictures}, {len(known):,} labels in {labels}")
    return Lot(Held(examples, name), known)


def idx(path: Path) -> Array:
    """An array in the IDX format (LeCun): two zeros, the type, the number of axes, their sizes, the bytes."""
    content = contents(path)
    zero, kind, rank = struct.unpack(">HBB", content[:4]) if len(content) >= 4 else (1, 0, 0)
    if zero or kind != BYTES or len(content) < 4 + 4 * rank:
        raise DataError(f"{path}: this is not the IDX format of unsigned bytes")
    sizes = struct.unpack(f">{rank}I", content[4 : 4 + 4 * rank])
    there, wanted = len(content) - 4 - 4 * rank, prod(sizes)
    if there != wanted:
        shape = "x".join(map(str, sizes))
        raise DataError(f"{path}: {shape} bytes are {wanted:,}, the file has {there:,}: it may be cut off")
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(sizes)


def contents(path: Path) -> bytes:
    """The bytes of a file, or of the same compressed."""
    packed = path.with_name(path.name + ".gz")
    try:
        return path.read_bytes() if path.exists() else gzip.decompress(packed.read_bytes())
    except (OSError, EOFError) as error:
        raise DataError(f"{path}: it cannot be read ({type(error).__name__}: {error})") from None
