"""A picture file as an array, and the reason where it cannot be one. PIL loads with the first."""

from __future__ import annotations

import io
import struct
import warnings
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .dataset import Array, DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")
PIXELS = 178_956_970
"""Of the largest picture that is read, half a gigabyte in RGB; PIL's own limit."""
ORIENTATION, TURNED = 0x0112, (5, 6, 7, 8)
"""The tag of EXIF, and its values by which height and width change places."""

File = str | Path | BinaryIO


def decoded(file: File, name: object = None) -> Array:
    """A picture as (height, width, 1 or 3) uint8, upright. DataError with `name` where it cannot be read."""
    try:
        with opened(file) as image:
            return np.atleast_3d(np.array(plain(upright(image))))
    except READING as error:
        raise DataError(f"{name or file}: {reason(error, file)}") from None


def measured(file: File, name: object = None) -> tuple[int, int, int]:
    """Height, width and channels of what `decoded` gives; the whole file is read, a JPEG in an eighth of its size."""
    try:
        with opened(file) as image:
            width, height = image.size
            turned = image.getexif().get(ORIENTATION, 1) in TURNED
            if image.format == "JPEG":
                image.draft(None, (1, 1))
            image.load()
            channels = len(plain(image).getbands())
    except READING as error:
        raise DataError(f"{name or file}: {reason(error, file)}") from None
    return (width, height, channels) if turned else (height, width, channels)


def upright(image: Any) -> Any:
    """The picture turned as its EXIF says."""
    from PIL import ImageOps

    return image if image.getexif().get(ORIENTATION, 1) == 1 else ImageOps.exif_transpose(image)


class Huge(Exception):
    """A picture of more pixels than are read."""


class NoFile(Exception):
    """A folder, a pipe or a device."""


class Beyond(DataError):
    """A picture of numbers that are no brightness."""


READING = (OSError, ValueError, SyntaxError, EOFError, IndexError, struct.error, Huge, NoFile, Beyond)
"""What PIL raises for files that are broken."""


def opened(file: File) -> Any:
    """The picture before it is decoded."""
    from PIL import Image

    quiet()
    content = io.BytesIO(content_of(Path(file))) if isinstance(file, (str, Path)) else file
    try:
        image = Image.open(content)  # read at once: PIL itself reads in small pieces, each a turn for other threads
    except Image.DecompressionBombError:
        raise Huge(f"more than {PIXELS:,} pixels") from None
    if image.width * image.height > PIXELS:
        raise Huge(f"{image.height:,} x {image.width:,} pixels are more than {PIXELS:,}")
    return image


def content_of(path: Path) -> bytes:
    """The bytes of a file; pipes and devices, at which one could wait forever, are none."""
    if path.exists() and not path.is_file():
        raise NoFile
    return path.read_bytes()


@cache
def quiet() -> None:
    """Large pictures are read without a word up to the limit; PIL warns from half of it."""
    from PIL import Image

    warnings.simplefilter("ignore", Image.DecompressionBombWarning)


def reason(error: Exception, file: File) -> str:
    """Why a file could not be read."""
    from PIL import UnidentifiedImageError

    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, PermissionError):
        return "it may not be read: its permissions forbid it"
    if isinstance(error, NoFile):
        return "this is no file"
    if empty(file):
        return "the file is empty"
    if isinstance(error, (Huge, Beyond)):
        return str(error)
    if isinstance(error, UnidentifiedImageError):
        return "no picture that can be read"
    cut = isinstance(error, EOFError) or "truncated" in str(error) or "Truncated" in str(error)
    return "the picture ends too early" if cut else f"the picture is broken ({error})"


def empty(file: File) -> bool:
    if isinstance(file, (str, Path)):
        return Path(file).stat().st_size == 0
    return file.seek(0, 2) == 0


def plain(image: Any) -> Any:
    """Gray or RGB: palettes and CMYK converted, 16 bits and floats scaled to 8, what is transparent laid on white."""
    from PIL import Image

    if image.mode.startswith(("I", "F")):
        return Image.fromarray(brightness(np.asarray(image, np.float64), image.mode.startswith("I")))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        seen = image.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(white, seen).convert("L" if image.mode in ("LA", "La") else "RGB")
    wanted = "L" if image.mode in ("1", "L") else "RGB"
    return image if image.mode == wanted else image.convert(wanted)


def brightness(values: Array, whole: bool) -> Array:
    """Bytes from whole numbers of 0 to 65535, or from floats of 0 to 1: one scale for all pictures, whatever is in one.

    Beyond where others are found, and where none are.
    """
    top, slack = (65535, 0.0) if whole else (1, 1e-3)  # floats of other programs may be rounded
    if not ((values >= -slack) & (values <= top + slack)).all():
        kind = "whole numbers" if whole else "floats"
        there = f"{values.min():g} to {values.max():g}" if np.isfinite(values).all() else "values that are no numbers"
        raise Beyond(f"a picture of {kind} holds brightness from 0 to {top}, this one {there}: bring all pictures to "
                     "that scale, or put measured values together into an .npz")  # fmt: skip
    return np.asarray((values.clip(0, top) * (255 / top)).round(), np.uint8)
