"""Steps that move places: label maps go through them as well, and take the nearest of their numbers."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ...compiler.recipes import steps as s
from ...compiler.recipes.types import Shift
from ..batches.draws import Draws, between
from ..batches.tensors import beside
from .base import angle, apply, spread

BORDERS = {"nearest": "border", "zeros": "zeros", "reflect": "reflection"}
"""What comes in from outside: our words, and those of `grid_sample`."""


def sampled(x: Tensor, grid: Tensor, order: str = "linear", fill: str = "nearest") -> Tensor:
    """Values of a batch at the places of a grid; whole numbers are taken from the nearest place."""
    mode = "bilinear" if order == "linear" and x.is_floating_point() else "nearest"
    values = x if x.is_floating_point() else x.float()
    found = functional.grid_sample(values, grid.to(values), mode, BORDERS[fill], align_corners=False)
    return found if x.is_floating_point() else found.to(x.dtype)


def moved(shift: Shift, size: int, share: Tensor) -> Tensor:
    """Half sides by which to move: the unit of `affine_grid`, whose picture runs from -1 to 1."""
    reach = 2 * shift.number / size if shift.unit == "px" else 2 * shift.number
    return between(share, -reach, reach)


@apply.register
def affine(step: s.Affine, x: Tensor, draws: Draws) -> Tensor:
    """One map from places of the result to places of the picture, around its middle, with one interpolation.

    All slices of a volume are moved alike.
    """
    turn, lean, grow_x, grow_y, right, down = draws.uniform(6)
    low, high = spread(step.zoom, 1.0)
    rotation, shear = angle(step.rotation, turn), angle(step.shear, lean)
    wide, tall = (1 / between(share, max(low, 1e-3), high) for share in (grow_x, grow_y))
    height, width = x.shape[-2:]
    shifts = step.shift or (Shift(0.0),)
    left, up = moved(shifts[0], width, right), moved(shifts[-1], height, down)
    ratio = height / width
    rows = [
        torch.stack([rotation.cos() * wide, -(rotation + shear).sin() * tall * ratio, left], 1),
        torch.stack([rotation.sin() * wide / ratio, (rotation + shear).cos() * tall, up], 1),
    ]
    return mapped(x, torch.stack(rows, 1), step.order, step.fill)


def mapped(x: Tensor, maps: Tensor, order: str, fill: str) -> Tensor:
    """A batch through one affine map for each example, (N, 2, 3)."""
    flat = x.flatten(1, -3)
    grid = functional.affine_grid(beside(maps, x), list(flat.shape), align_corners=False)
    return sampled(flat, grid, order, fill).view(x.shape)


def mirrored(x: Tensor, share: float, draws: Draws, axis: int) -> Tensor:
    chosen = beside((draws.uniform(1)[0] < share).nonzero()[:, 0], x)
    found = x.clone()
    found[chosen] = x[chosen].flip(axis)
    return found


@apply.register
def hflip(step: s.HFlip, x: Tensor, draws: Draws) -> Tensor:
    return mirrored(x, step.share, draws, -1)


@apply.register
def vflip(step: s.VFlip, x: Tensor, draws: Draws) -> Tensor:
    return mirrored(x, step.share, draws, -2)


@apply.register
def elastic(step: s.Elastic, x: Tensor, draws: Draws) -> Tensor:
    """Displacements drawn on a coarse grid, and smooth between its points: bicubic in pictures, linear in volumes."""
    sizes = x.shape[2:]
    points = (step.grid * len(sizes))[: len(sizes)]
    count = len(sizes) * int(torch.tensor(points).prod())
    coarse = beside(draws.normal(count).T.reshape(-1, len(sizes), *points) * step.strength, x)
    mode = "bicubic" if len(sizes) == 2 else "trilinear"
    smooth = functional.interpolate(coarse, sizes, mode=mode, align_corners=True)
    half = beside(torch.tensor([2 / n for n in reversed(sizes)]), x)  # a grid counts x first, in half sides
    still = torch.eye(len(sizes), len(sizes) + 1, device=x.device).expand(len(x), -1, -1)
    grid = functional.affine_grid(still, [len(x), 1, *sizes], align_corners=False)
    return sampled(x, grid + smooth.movedim(1, -1) * half)
