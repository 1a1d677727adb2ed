"""Steps that change the colours of pictures; gray ones keep what only colours have."""

from __future__ import annotations

import torch
from torch import Tensor

from ...compiler.recipes import steps as s
from ...compiler.recipes.types import Numbers
from ..batches.draws import Draws, between
from ..batches.tensors import GRAY, beside
from .base import apply, column, spread

PRINCIPAL = (
    (-0.5675, 0.7192, 0.4009, 0.2175),
    (-0.5808, -0.0045, -0.8140, 0.0188),
    (-0.5836, -0.6948, 0.4203, 0.0045),
)
"""Directions (columns 0 to 2, per channel) and deviations (column 3, per direction) of ImageNet's colours."""


def gray(x: Tensor) -> Tensor:
    """(N, 1, spatial...)"""
    if x.shape[1] != 3:
        return x.mean(1, keepdim=True) if x.shape[1] > 1 else x
    return (x * beside(torch.tensor(GRAY, dtype=x.dtype), x).view(1, 3, *[1] * (x.ndim - 2))).sum(1, keepdim=True)


def middle(x: Tensor) -> Tensor:
    """The mean brightness of each example."""
    return gray(x).mean(tuple(range(1, x.ndim)), keepdim=True)


def factors(given: Numbers, share: Tensor, x: Tensor) -> Tensor:
    return column(between(share, *spread(given, 1.0)), x)


def stretched(x: Tensor, center: Tensor, factor: Tensor) -> Tensor:
    return (center + (x - center) * factor).clamp(0, 1)


@apply.register
def brightness(step: s.Brightness, x: Tensor, draws: Draws) -> Tensor:
    return (x * factors(step.factor, draws.uniform(1)[0], x)).clamp(0, 1)


@apply.register
def contrast(step: s.Contrast, x: Tensor, draws: Draws) -> Tensor:
    return stretched(x, middle(x), factors(step.factor, draws.uniform(1)[0], x))


@apply.register
def saturation(step: s.Saturation, x: Tensor, draws: Draws) -> Tensor:
    return stretched(x, gray(x), factors(step.factor, draws.uniform(1)[0], x))


@apply.register
def color_jitter(step: s.ColorJitter, x: Tensor, draws: Draws) -> Tensor:
    light, spread_, colour = draws.uniform(3)
    x = (x * factors(step.factor, light, x)).clamp(0, 1)
    x = stretched(x, middle(x), factors(step.factor, spread_, x))
    return stretched(x, gray(x), factors(step.factor, colour, x))


@apply.register
def lighting(step: s.Lighting, x: Tensor, draws: Draws) -> Tensor:
    if x.shape[1] != 3:
        return x
    table = torch.tensor(PRINCIPAL)
    amounts = draws.normal(3) * step.std * table[:, 3:]
    return x + beside((table[:, :3] @ amounts).T, x).reshape(-1, 3, 1, 1)


@apply.register
def exposure(step: s.Exposure, x: Tensor, draws: Draws) -> Tensor:
    """The value of HSV is the brightest colour: all three are scaled, no further than to 1."""
    size, way = draws.uniform(2)
    factor = between(size, 1.0, step.factor)
    factor = column(torch.where(way < 0.5, factor, 1 / factor), x)
    return x * torch.minimum(factor, 1 / x.amax(1, keepdim=True).clamp_min(1e-6))


@apply.register
def hue(step: s.Hue, x: Tensor, draws: Draws) -> Tensor:
    if x.shape[1] != 3:
        return x
    turn = between(draws.uniform(1)[0], -step.turn, step.turn)
    return turned(x, column(turn, x)[:, 0])


def turned(x: Tensor, turn: Tensor) -> Tensor:
    """Pictures with their hues moved on by a part of the circle, (N, 1, 1); value and saturation stay."""
    most, least = x.amax(1), x.amin(1)
    chroma = most - least
    red, green, blue = x.unbind(1)
    safe = chroma.clamp_min(1e-12)
    others = torch.where(most == green, 2 + (blue - red) / safe, 4 + (red - green) / safe)
    sextant = torch.where(most == red, (green - blue) / safe, others)
    angle = (sextant + 6 * turn) % 6
    ramps = [(angle + n) % 6 for n in (5.0, 3.0, 1.0)]
    return torch.stack([most - chroma * torch.minimum(k, 4 - k).clamp(0, 1) for k in ramps], 1)
