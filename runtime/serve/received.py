"""Pictures that strangers send: looked at before they are unpacked."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from ..data import DataError
from ..data.dataset import Array
from ..data.picture import READING, plain, reason

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM")
"""What is opened; PIL knows many more, whose readers are less well kept."""

PIXELS = 40_000_000
"""Of the largest picture that is unpacked: a few kilobytes can hold gigabytes."""


class Sent(NamedTuple):
    """One file of a request."""

    name: str
    content: bytes


def unpacked(sent: Sent) -> Array:
    """(H, W, 1 or 3) uint8, upright. DataError says why it is refused."""
    try:
        with Image.open(io.BytesIO(sent.content), formats=FORMATS) as image:
            if image.width * image.height > PIXELS:
                raise DataError(
                    f"{sent.name}: {image.width:,} x {image.height:,} pixels are more than {PIXELS:,} together"
                )
            upright = ImageOps.exif_transpose(image)
            return np.atleast_3d(np.array(plain(upright)))
    except DataError:
        raise
    except Image.DecompressionBombError:
        raise DataError(f"{sent.name}: more than {PIXELS:,} pixels") from None
    except READING as error:
        raise DataError(f"{sent.name}: {reason(error, io.BytesIO(sent.content))}") from None
    except Exception:  # readers of broken files raise what they like
        raise DataError(f"{sent.name}: no picture that can be read") from None
