"""Steps that set the size of pictures; of volumes and clips that of all slices, alike."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from ...compiler.recipes import steps as s
from ..batches.draws import Draws
from ..batches.tensors import IGNORED, beside, resized
from .base import apply, pair


@apply.register
def resize(step: s.Resize, x: Tensor, draws: Draws) -> Tensor:
    if step.one_size:
        assert step.size is not None
        return framed(x, *pair(step.size))
    height, width = x.shape[-2:]
    short, long = sides(step, *sorted((height, width)))
    return framed(x, *((short, long) if height < width else (long, short)))


def framed(x: Tensor, height: int, width: int) -> Tensor:
    """At another height and width."""
    if x.ndim == 4:
        return resized(x, height, width)
    slices = x.movedim(2, 1)
    found = resized(slices.flatten(0, 1), height, width)
    return found.view(*slices.shape[:2], *found.shape[1:]).movedim(1, 2)


def sides(step: s.Resize, short: int, long: int) -> tuple[int, int]:
    """The shorter and the longer side of a picture that keeps its shape, as torchvision rounds them."""
    if step.size is not None:
        short, long = step.size[0], step.size[0] * long // short
    if step.longest is not None and (step.size is None or long > step.longest):
        short, long = max(step.longest * short // long, 1), step.longest
    return short, long


def padded(x: Tensor, height: int, width: int) -> Tensor:
    """With zeros around it where it is smaller; around labels is what does not count."""
    more_y, more_x = max(height - x.shape[-2], 0), max(width - x.shape[-1], 0)
    if not more_x and not more_y:
        return x
    return around(x, (more_x // 2, more_x - more_x // 2, more_y // 2, more_y - more_y // 2))


def around(x: Tensor, sides: tuple[int, int, int, int]) -> Tensor:
    """Padded left, right, above and below."""
    return functional.pad(x, sides, value=IGNORED if x.is_signed() and not x.is_floating_point() else 0)


@apply.register
def center_crop(step: s.CenterCrop, x: Tensor, draws: Draws) -> Tensor:
    height, width = pair(step.size)
    x = padded(x, height, width)
    top, left = round((x.shape[-2] - height) / 2), round((x.shape[-1] - width) / 2)
    return x[..., top : top + height, left : left + width]


@apply.register
def crop(step: s.Crop, x: Tensor, draws: Draws) -> Tensor:
    height, width = pair(step.size)
    x = padded(around(x, (step.pad,) * 4), height, width)
    down, right = draws.uniform(2)
    tops = (down * (x.shape[-2] - height + 1)).long()
    lefts = (right * (x.shape[-1] - width + 1)).long()
    windows = x.unfold(-2, height, 1).unfold(-2, width, 1)  # (N, C, ..., tops, lefts, height, width)
    every, (top, left) = torch.arange(len(x)), (windows.ndim - 4, windows.ndim - 3)
    return windows.movedim((top, left), (1, 2))[tuple(beside(n, x) for n in (every, tops, lefts))]


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
        pieces.append(framed(one[..., top : top + tall, left : left + wide], *pair(step.size)))
    return torch.cat(pieces)
