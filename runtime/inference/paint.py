"""Masks as pictures: a PNG whose pixels are class numbers, with a palette so that people see them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def colours() -> list[int]:
    """256 colours far from each other, red, green and blue in turn: those of PASCAL VOC, 0 is black.

    The bits of the number are dealt out in turn to red, green and blue, the lowest becoming the highest.
    """
    places = ((number, channel) for number in range(256) for channel in range(3))
    return [sum(((n >> (3 * bit + channel)) & 1) << (7 - bit) for bit in range(8)) for n, channel in places]


def colour(number: int) -> str:
    """That of a class, as HTML writes it: #rrggbb."""
    return "#" + bytes(colours()[3 * number : 3 * number + 3]).hex()


def as_picture(mask: NDArray[np.uint8]) -> Image.Image:
    """(H, W) of class numbers as a picture with a palette."""
    made = Image.fromarray(mask)
    made.putpalette(colours())
    return made


def saved(mask: NDArray[np.uint8], folder: Path, name: str) -> Path:
    """Write `<name>.png` into a folder; numbered where another picture of this name was written."""
    stem, number = Path(name).stem, 1
    path = folder / f"{stem}.png"
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.png"
    as_picture(mask).save(path)
    return path
