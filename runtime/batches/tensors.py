"""From arrays as data sets hold them, (spatial..., channels), to tensors, (1, channels, spatial...).

Pictures are tensors of bytes until something asks for their brightness. Label maps are tensors of whole numbers, but
never of bytes: whatever moves places takes the nearest of them instead of a mean.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..data import DataError
from ..data.dataset import Array

GRAY = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in gray (ITU-R BT.601)."""
IGNORED = -1
"""The label of places that do not count."""
MODES = {1: "linear", 2: "bilinear", 3: "trilinear"}
"""Names of linear interpolation by the number of spatial dimensions."""


def as_tensor(example: Array) -> Tensor:
    """(1, C, spatial...) of the same type; a copy where an example is read-only, channels last in memory."""
    own = example if example.flags.writeable else example.copy()
    return torch.from_numpy(np.moveaxis(own, -1, 0))[None]


def as_labels(mask: Array, places: int) -> Tensor:
    """(1, 1, spatial...) of whole numbers from a mask of so many spatial dimensions, with or without a channel.

    `IGNORED` where bytes are 255 or a number is below 0.
    """
    if mask.dtype != np.bool_ and not np.issubdtype(mask.dtype, np.integer):
        raise DataError(f"masks hold whole numbers, found {mask.dtype}")
    whole = mask.reshape(mask.shape[:places]).astype(np.int16 if mask.dtype.itemsize == 1 else np.int32)
    if mask.dtype == np.uint8:
        whole[whole == 255] = IGNORED
    return torch.from_numpy(whole)[None, None].clamp_min(IGNORED)


def beside(numbers: Tensor, x: Tensor) -> Tensor:
    """Numbers of the CPU on the device of a batch; nobody waits until they are there."""
    return numbers.to(x.device, non_blocking=True)


def in_unit(x: Tensor) -> Tensor:
    """Brightness from 0 to 1, marks as 0 and 1; other numbers as they are."""
    if x.dtype == torch.uint8:
        return x.float().div_(255)
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
    if not x.is_floating_point() and (x.dtype != torch.uint8 or x.ndim != 4):
        return functional.interpolate(x.float(), sizes, mode="nearest-exact").to(x.dtype)
    if x.dtype == torch.uint8 and x.device.type != "cpu":  # GPUs have no kernels for it
        return resized(x.float(), *sizes).round_().to(torch.uint8)
    smaller = x.ndim == 4 and (sizes[0] < x.shape[-2] or sizes[1] < x.shape[-1])
    return functional.interpolate(x, sizes, mode=MODES[len(sizes)], align_corners=False, antialias=smaller)
