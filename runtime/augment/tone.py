"""Steps that change values alike for all colours: for examples of any rank."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ...compiler.recipes import steps as s
from ...compiler.recipes.types import Numbers
from ..batches.draws import Draws, between
from ..batches.tensors import beside, in_unit
from .base import apply


@apply.register
def channel_shift(step: s.ChannelShift, x: Tensor, draws: Draws) -> Tensor:
    reach = step.shift / 255
    moves = between(draws.uniform(x.shape[1]), -reach, reach).T
    return (x + beside(moves, x).view(len(x), -1, *[1] * (x.ndim - 2))).clamp(0, 1)


@apply.register
def noise(step: s.Noise, x: Tensor, draws: Draws) -> Tensor:
    return x + step.std * draws.normal(x[0].numel()).T.reshape(x.shape).to(x)


@apply.register
def erase(step: s.Erase, x: Tensor, draws: Draws) -> Tensor:
    """The rectangle becomes 0: the mean, where `normalize` went before."""
    height, width = x.shape[-2:]
    whether, area, ratio, down, right = beside(draws.uniform(5), x)
    low, high = step.area[0], step.area[-1]
    pixels = between(area, low, high) * height * width
    shape = torch.exp(between(ratio, math.log(0.3), math.log(3.3)))
    wide, tall = (pixels * shape).sqrt().clamp(1, width), (pixels / shape).sqrt().clamp(1, height)
    top, left = (down * (height - tall)).round(), (right * (width - wide)).round()
    rows = torch.arange(height, device=x.device).view(1, -1, 1)
    columns = torch.arange(width, device=x.device).view(1, 1, -1)
    top, left, tall, wide = (n.view(-1, 1, 1) for n in (top, left, tall, wide))
    inside = (rows >= top) & (rows < top + tall) & (columns >= left) & (columns < left + wide)
    chosen = inside & (whether.view(-1, 1, 1) < step.share)
    return x.masked_fill(chosen[:, None], 0.0)


@apply.register
def histogram_match(step: s.HistogramMatch, x: Tensor, draws: Draws) -> Tensor:
    """The values of each channel in their order, taken from the example that was drawn beside it."""
    assert draws.others is not None
    ranks = x.flatten(2).argsort(2).argsort(2)
    return draws.others.to(x).flatten(2).sort(2).values.gather(2, ranks).view(x.shape)


def per_channel(numbers: Numbers, x: Tensor) -> Tensor:
    """One number or one per channel, (1,) or (C,); colour statistics are averaged for gray pictures."""
    values = beside(torch.tensor(numbers), x)
    return values.mean()[None] if len(numbers) == 3 and x.shape[1] == 1 else values


@apply.register
def normalize(step: s.Normalize, x: Tensor, draws: Draws) -> Tensor:
    """Of bytes as well, which need not become brightness before. Where channels are last in memory whole rows are taken
    at once: the few channels of one place alone are slow."""
    scale = 255 if x.dtype == torch.uint8 else 1
    x = x if x.dtype == torch.uint8 else in_unit(x)
    mean, std = (scale * per_channel(numbers, x) for numbers in step.statistics)
    last = x.movedim(1, -1)
    if x.ndim > 2 and last.is_contiguous():
        *_, width, channels = last.shape
        rows = scaled(last.flatten(-2), *(n.expand(channels).repeat(width) for n in (mean, std)))
        return rows.view(last.shape).movedim(-1, 1)
    return scaled(x, *(n.view(1, -1, *[1] * (x.ndim - 2)) for n in (mean, std)))


def scaled(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """The given stays what it is."""
    own = x.float()
    return (own - mean if own is x else own.sub_(mean)).div_(std)


@apply.register
def standardize(step: s.Standardize, x: Tensor, draws: Draws) -> Tensor:
    assert not step.zca, "what was measured is missing"
    return of_samples(step.changed(per="sample"), x)


def of_samples(step: s.Standardize, x: Tensor) -> Tensor:
    """Each sample for itself, where that is asked."""
    if step.per == "data":
        return x
    axes = tuple(range(1, x.ndim))
    if step.center:
        x = x - x.mean(axes, keepdim=True)
    if step.scale:
        x = x / (torch.std(x, axes, keepdim=True) + 1e-6)
    return x
