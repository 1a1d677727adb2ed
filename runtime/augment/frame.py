"""Steps that set the size of pictures."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from ...compiler.recipes import steps as s
from ..draws import Draws
from ..tensors import resized
from .base import apply, pair


@apply.register
def resize(step: s.Resize, x: Tensor, draws: Draws) -> Tensor:
    if len(step.size) == 2:
        return resized(x, *pair(step.size))
    height, width = x.shape[-2:]
    short, side = min(height, width), step.size[0]
    return resized(x, side * height // short, side * width // short)


def padded(x: Tensor, height: int, width: int) -> Tensor:
    """With zeros around it where it is smaller."""
    more_y, more_x = max(height - x.shape[-2], 0), max(width - x.shape[-1], 0)
    if not more_x and not more_y:
        return x
    return functional.pad(x, (more_x // 2, more_x - more_x // 2, more_y // 2, more_y - more_y // 2))


@apply.register
def center_crop(step: s.CenterCrop, x: Tensor, draws: Draws) -> Tensor:
    height, width = pair(step.size)
    x = padded(x, height, width)
    top, left = round((x.shape[-2] - height) / 2), round((x.shape[-1] - width) / 2)
    return x[..., top : top + height, left : left + width]


@apply.register
def crop(step: s.Crop, x: Tensor, draws: Draws) -> Tensor:
    height, width = pair(step.size)
    x = padded(functional.pad(x, (step.pad,) * 4), height, width)
    down, right = draws.uniform(2)
    tops = (down * (x.shape[-2] - height + 1)).long().tolist()
    lefts = (right * (x.shape[-1] - width + 1)).long().tolist()
    return torch.stack([one[:, t : t + height, q : q + width] for one, t, q in zip(x, tops, lefts)])


@apply.register
def resized_crop(step: s.ResizedCrop, x: Tensor, draws: Draws) -> Tensor:
    """Area and logarithm of the ratio are uniform; what does not fit is cut to the picture."""
    height, width = x.shape[-2:]
    low, high = (step.area[0], step.area[-1]) if len(step.area) > 1 else (step.area[0], 1.0)
    flattest, widest = math.log(step.ratio[0]), math.log(step.ratio[-1])
    pieces = []
    for one, (area, ratio, down, right) in zip(torch.split(x, 1), draws.shares(4)):
        pixels = (low + (high - low) * area) * height * width
        shape = math.exp(flattest + (widest - flattest) * ratio)
        wide = min(max(round(math.sqrt(pixels * shape)), 1), width)
        tall = min(max(round(math.sqrt(pixels / shape)), 1), height)
        top, left = int(down * (height - tall + 1)), int(right * (width - wide + 1))
        pieces.append(resized(one[..., top : top + tall, left : left + wide], *pair(step.size)))
    return torch.cat(pieces)
