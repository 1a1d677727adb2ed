"""TrivialAugment (Müller and Hutter, 2021): one change of a list, of a random strength out of 31, for each example.

List and strengths are those of the paper's wide space: shears up to 0.99, shifts up to 32 pixels, turns up to 135
degrees, colours up to a factor of 0.99, 8 to 2 bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from ...compiler.recipes import steps as s
from ..batches.draws import Draws
from ..batches.tensors import beside
from .base import apply, column
from .colour import gray, middle, stretched
from .place import mapped

LEVELS = 31

Change = Callable[[Tensor, Tensor], Tensor]
"""From examples and strengths from -1 to 1, (N,), to the changed examples."""


@apply.register
def trivial_augment(step: s.TrivialAugment, x: Tensor, draws: Draws) -> Tensor:
    which, level, sign = draws.uniform(3)
    chosen = (which * len(CHANGES)).long()
    strength = (level * LEVELS).floor() / (LEVELS - 1) * torch.where(sign < 0.5, -1.0, 1.0)
    found = x.clone()
    for number in chosen.unique().tolist():
        change, places = CHANGES[number]
        some = beside((chosen == number).nonzero()[:, 0], x)
        if places or x.is_floating_point():  # label maps go along with places and keep their values
            found[some] = change(x[some], strength[chosen == number])
    return found


def kept(x: Tensor, strength: Tensor) -> Tensor:
    return x


def linear(x: Tensor, rows: list[list[Tensor]]) -> Tensor:
    """Through the affine maps of these entries, black from outside."""
    return mapped(x, torch.stack([torch.stack(row, 1) for row in rows], 1), "linear", "zeros")


def shear_x(x: Tensor, strength: Tensor) -> Tensor:
    zero, one, lean = torch.zeros_like(strength), torch.ones_like(strength), 0.99 * strength
    return linear(x, [[one, lean * x.shape[-2] / x.shape[-1], zero], [zero, one, zero]])


def shear_y(x: Tensor, strength: Tensor) -> Tensor:
    zero, one, lean = torch.zeros_like(strength), torch.ones_like(strength), 0.99 * strength
    return linear(x, [[one, zero, zero], [lean * x.shape[-1] / x.shape[-2], one, zero]])


def shift_x(x: Tensor, strength: Tensor) -> Tensor:
    zero, one = torch.zeros_like(strength), torch.ones_like(strength)
    return linear(x, [[one, zero, 64 * strength / x.shape[-1]], [zero, one, zero]])


def shift_y(x: Tensor, strength: Tensor) -> Tensor:
    zero, one = torch.zeros_like(strength), torch.ones_like(strength)
    return linear(x, [[one, zero, zero], [zero, one, 64 * strength / x.shape[-2]]])


def turn(x: Tensor, strength: Tensor) -> Tensor:
    angle, zero = strength * math.radians(135), torch.zeros_like(strength)
    ratio = x.shape[-2] / x.shape[-1]
    return linear(x, [[angle.cos(), -angle.sin() * ratio, zero], [angle.sin() / ratio, angle.cos(), zero]])


def brightness(x: Tensor, strength: Tensor) -> Tensor:
    return (x * column(1 + 0.99 * strength, x)).clamp(0, 1)


def contrast(x: Tensor, strength: Tensor) -> Tensor:
    return stretched(x, middle(x), column(1 + 0.99 * strength, x))


def saturation(x: Tensor, strength: Tensor) -> Tensor:
    return stretched(x, gray(x), column(1 + 0.99 * strength, x))


def sharpness(x: Tensor, strength: Tensor) -> Tensor:
    """Away from the picture smoothed by a 3x3 window with 5 of 13 in its middle, or towards it; the border stays."""
    if min(x.shape[-2:]) < 3:
        return x
    window = torch.ones(3, 3)
    window[1, 1] = 5
    kernel = beside((window / window.sum()).to(x.dtype), x).expand(x.shape[1], 1, 3, 3)
    smooth = x.clone()
    smooth[..., 1:-1, 1:-1] = functional.conv2d(x, kernel, groups=x.shape[1])
    return stretched(x, smooth, column(1 + 0.99 * strength, x))


def posterized(x: Tensor, strength: Tensor) -> Tensor:
    """The highest 8 to 2 bits of eight."""
    dropped = column(2.0 ** (6 * strength.abs()).round(), x)
    return ((x * 255).round().div(dropped).floor() * dropped) / 255


def solarized(x: Tensor, strength: Tensor) -> Tensor:
    """What is brighter than a threshold is turned over."""
    return torch.where(x >= column(1 - strength.abs(), x), 1 - x, x)


def stretched_out(x: Tensor, strength: Tensor) -> Tensor:
    """Each channel from black to white."""
    low, high = x.amin((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)
    return torch.where(high > low, (x - low) / (high - low).clamp_min(1e-12), x)


def equalized(x: Tensor, strength: Tensor) -> Tensor:
    """Each channel with all of 256 levels equally often, as nearly as whole levels allow."""
    levels = (x * 255).round().long().flatten(2)
    ones = torch.ones(levels.shape, device=x.device)
    counts = torch.zeros(*levels.shape[:2], 256, device=x.device).scatter_add_(2, levels, ones)
    last = counts.gather(2, levels.amax(2, keepdim=True))
    step = ((counts.sum(2, keepdim=True) - last) / 255).floor()
    before = counts.cumsum(2) - counts
    table = ((before + (step / 2).floor()) / step.clamp_min(1)).floor().clamp(0, 255)
    found = table.gather(2, levels).view(x.shape) / 255
    return torch.where(step.unsqueeze(-1) > 0, found, x)


CHANGES: tuple[tuple[Change, bool], ...] = (
    (kept, False), (shear_x, True), (shear_y, True), (shift_x, True), (shift_y, True), (turn, True),
    (brightness, False), (saturation, False), (contrast, False), (sharpness, False), (posterized, False),
    (solarized, False), (stretched_out, False), (equalized, False),
)  # fmt: skip
"""The changes, and whether they move places."""
