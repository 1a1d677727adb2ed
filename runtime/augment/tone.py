"""Steps that change values alike for all colours: for examples of any rank."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ...compiler.recipes import steps as s
from ...compiler.recipes.types import Numbers
from ..draws import Draws, between
from .base import apply

"""Mean and deviation of ImageNet's pictures per channel, as torchvision's models expect."""


@apply.register
def channel_shift(step: s.ChannelShift, x: Tensor, draws: Draws) -> Tensor:
    reach = step.shift / 255
    moves = between(draws.uniform(x.shape[1]), -reach, reach).T
    return (x + moves.to(x).view(len(x), -1, *[1] * (x.ndim - 2))).clamp(0, 1)


@apply.register
def noise(step: s.Noise, x: Tensor, draws: Draws) -> Tensor:
    return x + step.std * draws.normal(x[0].numel()).T.reshape(x.shape).to(x)


@apply.register
def erase(step: s.Erase, x: Tensor, draws: Draws) -> Tensor:
    """The rectangle becomes 0: the mean, where `normalize` went before."""
    height, width = x.shape[-2:]
    whether, area, ratio, down, right = draws.uniform(5)
    low, high = step.area[0], step.area[-1]
    pixels = between(area, low, high) * height * width
    shape = torch.exp(between(ratio, math.log(0.3), math.log(3.3)))
    wide, tall = (pixels * shape).sqrt().clamp(1, width), (pixels / shape).sqrt().clamp(1, height)
    top, left = (down * (height - tall)).round(), (right * (width - wide)).round()
    rows, columns = torch.arange(height).view(1, -1, 1), torch.arange(width).view(1, 1, -1)
    top, left, tall, wide = (n.view(-1, 1, 1) for n in (top, left, tall, wide))
    inside = (rows >= top) & (rows < top + tall) & (columns >= left) & (columns < left + wide)
    chosen = inside & (whether.view(-1, 1, 1) < step.share)
    return x.masked_fill(chosen[:, None].to(x.device), 0.0)


@apply.register
def histogram_match(step: s.HistogramMatch, x: Tensor, draws: Draws) -> Tensor:
    """The values of each channel in their order, taken from the example that was drawn beside it."""
    assert draws.others is not None
    ranks = x.flatten(2).argsort(2).argsort(2)
    return draws.others.to(x).flatten(2).sort(2).values.gather(2, ranks).view(x.shape)


def per_channel(numbers: Numbers, x: Tensor) -> Tensor:
    """One number or one per channel, ready to meet a batch; colour statistics are averaged for gray pictures."""
    values = x.new_tensor(numbers)
    if len(numbers) == 3 and x.shape[1] == 1:
        values = values.mean()
    return values.view(1, -1, *[1] * (x.ndim - 2))


@apply.register
def normalize(step: s.Normalize, x: Tensor, draws: Draws) -> Tensor:
    mean, std = step.statistics
    return (x - per_channel(mean, x)).div_(per_channel(std, x))


@apply.register
def standardize(step: s.Standardize, x: Tensor, draws: Draws) -> Tensor:
    axes = tuple(range(1, x.ndim))
    if step.center:
        x = x - x.mean(axes, keepdim=True)
    if step.scale:
        x = x / (torch.std(x, axes, keepdim=True) + 1e-6)
    return x
