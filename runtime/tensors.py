"""From arrays as data sets hold them, (spatial..., channels), to tensors, (1, channels, spatial...).

Label maps are tensors of whole numbers: whatever moves places takes the nearest of them instead of a mean.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .data import DataError
from .data.dataset import Array

GRAY = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in gray (ITU-R BT.601)."""
MODES = {1: "linear", 2: "bilinear", 3: "trilinear"}
"""Names of linear interpolation by the number of spatial dimensions."""


def as_tensor(example: Array) -> Tensor:
    """(1, C, spatial...) of the same type; a copy, since an example may be read-only."""
    return torch.from_numpy(np.array(np.moveaxis(example, -1, 0), order="C"))[None]


def as_labels(mask: Array, places: int) -> Tensor:
    """(1, 1, spatial...) of whole numbers from a mask of so many spatial dimensions, with or without a channel."""
    whole = mask.astype(np.uint8) if mask.dtype == np.bool_ else mask
    if not np.issubdtype(whole.dtype, np.integer):
        raise DataError(f"masks hold whole numbers, found {mask.dtype}")
    return torch.from_numpy(np.array(whole.reshape(whole.shape[:places]), order="C"))[None, None]


def in_unit(x: Tensor) -> Tensor:
    """Brightness from 0 to 1, marks as 0 and 1; other numbers as they are."""
    if x.dtype == torch.uint8:
        return x.float().div(255)
    return x.float() if x.is_floating_point() or x.dtype == torch.bool else x


def with_channels(x: Tensor, channels: int) -> Tensor:
    """Pictures with this number of channels: gray repeated, colours weighed into gray. DataError for other changes."""
    found = x.shape[1]
    if found == channels:
        return x
    if x.ndim != 4 or {found, channels} != {1, 3}:
        kind = "pictures" if x.ndim == 4 else "examples"
        raise DataError(f"the {kind} have {found} channels, the model takes {channels}")
    if channels == 3:
        return x.expand(-1, channels, -1, -1)
    mixed = (x.float() * torch.tensor(GRAY).view(1, 3, 1, 1)).sum(1, keepdim=True)
    return mixed.round().to(torch.uint8) if x.dtype == torch.uint8 else mixed


def resized(x: Tensor, *sizes: int) -> Tensor:
    """Brought to the spatial sizes by linear interpolation, pictures smoothed where they get smaller."""
    if x.shape[2:] == sizes or x.ndim == 2:
        return x
    if not x.is_floating_point():
        return functional.interpolate(x.float(), sizes, mode="nearest-exact").to(x.dtype)
    smaller = x.ndim == 4 and (sizes[0] < x.shape[-2] or sizes[1] < x.shape[-1])
    return functional.interpolate(x, sizes, mode=MODES[len(sizes)], align_corners=False, antialias=smaller)
