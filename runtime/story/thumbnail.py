"""An example as a small picture, whatever its rank: a picture, a slice of a volume, the lines of a series."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..data.dataset import Array

SIDE = 112
"""Pixels of the longer side; less is enlarged without smoothing, so that pixels stay what they are."""

LINES = ((47, 111, 168), (180, 84, 26), (29, 130, 97), (120, 100, 166))
"""Colours of the channels of a series."""


def thumbnail(example: Array) -> bytes:
    """PNG of at most SIDE by SIDE; of what cannot be seen, an empty one."""
    made = picture(example)
    found = io.BytesIO()
    made.save(found, "png")
    return found.getvalue()


def picture(example: Array) -> Image.Image:
    """By rank: (H, W, C), the middle of (D, H, W, C), (T, C) as lines."""
    if example.ndim == 4:
        return picture(example[len(example) // 2])
    if example.ndim == 3:
        return at_size(Image.fromarray(pixels(example)))
    if example.ndim == 2 and example.dtype != np.bool_:
        return lines(example)
    return Image.new("L", (SIDE, SIDE), 255)


def pixels(example: Array) -> NDArray[np.uint8]:
    """Gray or RGB from 0 to 255; values beyond 0 and 1 are brought between, of many channels the first is shown."""
    shown = example if example.shape[-1] in (1, 3) else example[..., :1]
    if shown.dtype != np.uint8:
        low, high = min(float(shown.min(initial=0)), 0.0), max(float(shown.max(initial=0)), 1.0)
        shown = ((shown - low) / (high - low) * 255).round().astype(np.uint8)
    return shown[..., 0] if shown.shape[-1] == 1 else shown


def at_size(image: Image.Image) -> Image.Image:
    scale = SIDE / max(image.size)
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    return image.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS)


def lines(series: Array) -> Image.Image:
    """The channels over time; the first four."""
    made = Image.new("RGB", (SIDE, SIDE * 2 // 3), "white")
    draw = ImageDraw.Draw(made)
    values = np.asarray(series, np.float64)[:, : len(LINES)]
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    across = np.linspace(2, made.width - 3, len(values))
    for channel, colour in zip(values.T, LINES):
        down = (made.height - 5) * (1 - (channel - low) / ((high - low) or 1)) + 2
        points: Any = list(zip(across.tolist(), down.tolist()))
        draw.line(points, fill=colour, width=1)
    return made
