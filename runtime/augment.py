"""What each step of `augment:` and `evaluate:` does to a batch, (N, C, H, W), values from 0 to 1."""

from __future__ import annotations

import math
from functools import singledispatch

import torch
from torch import Tensor
from torch.nn import functional

from ..compiler.recipes import steps as s
from ..compiler.recipes.types import Angles, Numbers, Shift
from .draws import Draws, between

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and deviation of ImageNet's pictures per channel, as torchvision's models expect."""

PRINCIPAL = (
    (-0.5675, 0.7192, 0.4009, 0.2175),
    (-0.5808, -0.0045, -0.8140, 0.0188),
    (-0.5836, -0.6948, 0.4203, 0.0045),
)
"""Directions (columns 0 to 2, per channel) and deviations (column 3, per direction) of ImageNet's colours."""

GRAY = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in gray (ITU-R BT.601)."""


@singledispatch
def apply(step: s.Step, x: Tensor, draws: Draws) -> Tensor:
    """The batch after one step."""
    raise NotImplementedError(step.word)


def runs(step: s.Step) -> bool:
    """Whether there is a rule for the step."""
    return apply.dispatch(type(step)) is not apply.dispatch(s.Step)


def sizing(step: s.Step) -> bool:
    """Whether the step brings pictures of any size to one size."""
    return isinstance(step, (s.Resize, s.CenterCrop, s.Crop, s.ResizedCrop))


def column(numbers: Tensor) -> Tensor:
    """One number per example, ready to meet (N, C, H, W)."""
    return numbers.view(-1, 1, 1, 1)


def spread(given: Numbers, around: float) -> tuple[float, float]:
    """`0.2` around 1 as (0.8, 1.2); two numbers as they are."""
    return (max(around - given[0], 0.0), around + given[0]) if len(given) == 1 else (given[0], given[1])


def pair(size: tuple[int, ...]) -> tuple[int, int]:
    return (size[0], size[-1])


# --- size -------------------------------------------------------------------------------------------------------------


def resized(x: Tensor, height: int, width: int) -> Tensor:
    """Bilinear, smoothed where it gets smaller."""
    if x.shape[-2:] == (height, width):
        return x
    smaller = height < x.shape[-2] or width < x.shape[-1]
    return functional.interpolate(x, (height, width), mode="bilinear", align_corners=False, antialias=smaller)


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
    area, ratio, down, right = draws.uniform(4)
    pixels = between(area, low, high) * height * width
    shape = torch.exp(between(ratio, math.log(step.ratio[0]), math.log(step.ratio[-1])))
    wide = (pixels * shape).sqrt().round().clamp(1, width).long()
    tall = (pixels / shape).sqrt().round().clamp(1, height).long()
    tops, lefts = (down * (height - tall + 1)).long(), (right * (width - wide + 1)).long()
    boxes = zip(tops.tolist(), lefts.tolist(), tall.tolist(), wide.tolist())
    size = pair(step.size)
    return torch.cat([resized(x[i : i + 1, :, t : t + h, q : q + w], *size) for i, (t, q, h, w) in enumerate(boxes)])


# --- place ------------------------------------------------------------------------------------------------------------


def angle(given: Angles, share: Tensor) -> Tensor:
    """Radians, from degrees up to this or from and to."""
    low, high = (-given[0], given[0]) if len(given) == 1 else (given[0], given[1])
    return between(share, math.radians(low), math.radians(high))


def moved(shift: Shift, size: int, share: Tensor) -> Tensor:
    """Half sides by which to move: the unit of `affine_grid`, whose picture runs from -1 to 1."""
    reach = 2 * shift.number / size if shift.unit == "px" else 2 * shift.number
    return between(share, -reach, reach)


@apply.register
def affine(step: s.Affine, x: Tensor, draws: Draws) -> Tensor:
    """One map from places of the result to places of the picture, around its middle, with one interpolation."""
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
    grid = functional.affine_grid(torch.stack(rows, 1).to(x), list(x.shape), align_corners=False)
    border = {"nearest": "border", "zeros": "zeros", "reflect": "reflection"}[step.fill]
    mode = {"linear": "bilinear", "nearest": "nearest"}[step.order]
    return functional.grid_sample(x, grid, mode=mode, padding_mode=border, align_corners=False)


def mirrored(x: Tensor, share: float, draws: Draws, axis: int) -> Tensor:
    chosen = draws.uniform(1)[0] < share
    return torch.where(column(chosen).to(x.device), x.flip(axis), x)


@apply.register
def hflip(step: s.HFlip, x: Tensor, draws: Draws) -> Tensor:
    return mirrored(x, step.share, draws, -1)


@apply.register
def vflip(step: s.VFlip, x: Tensor, draws: Draws) -> Tensor:
    return mirrored(x, step.share, draws, -2)


# --- values -----------------------------------------------------------------------------------------------------------


def gray(x: Tensor) -> Tensor:
    """(N, 1, H, W)"""
    if x.shape[1] == 1:
        return x
    return (x * x.new_tensor(GRAY).view(1, 3, 1, 1)).sum(1, keepdim=True)


def factors(given: Numbers, share: Tensor) -> Tensor:
    return column(between(share, *spread(given, 1.0)))


def stretched(x: Tensor, center: Tensor, factor: Tensor) -> Tensor:
    return (center + (x - center) * factor).clamp(0, 1)


@apply.register
def brightness(step: s.Brightness, x: Tensor, draws: Draws) -> Tensor:
    return (x * factors(step.factor, draws.uniform(1)[0])).clamp(0, 1)


@apply.register
def contrast(step: s.Contrast, x: Tensor, draws: Draws) -> Tensor:
    return stretched(x, gray(x).mean((1, 2, 3), keepdim=True), factors(step.factor, draws.uniform(1)[0]))


@apply.register
def saturation(step: s.Saturation, x: Tensor, draws: Draws) -> Tensor:
    return stretched(x, gray(x), factors(step.factor, draws.uniform(1)[0]))


@apply.register
def color_jitter(step: s.ColorJitter, x: Tensor, draws: Draws) -> Tensor:
    light, spread_, colour = draws.uniform(3)
    x = (x * factors(step.factor, light)).clamp(0, 1)
    x = stretched(x, gray(x).mean((1, 2, 3), keepdim=True), factors(step.factor, spread_))
    return stretched(x, gray(x), factors(step.factor, colour))


@apply.register
def lighting(step: s.Lighting, x: Tensor, draws: Draws) -> Tensor:
    if x.shape[1] != 3:
        return x
    table = torch.tensor(PRINCIPAL)
    amounts = draws.normal(3) * step.std * table[:, 3:]
    return x + (table[:, :3] @ amounts).T.reshape(-1, 3, 1, 1).to(x)


@apply.register
def channel_shift(step: s.ChannelShift, x: Tensor, draws: Draws) -> Tensor:
    reach = step.shift / 255
    moves = between(draws.uniform(x.shape[1]), -reach, reach).T.reshape(len(x), -1, 1, 1)
    return (x + moves).clamp(0, 1)


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


def per_channel(numbers: Numbers, x: Tensor) -> Tensor:
    """One number or one per channel, ready to meet (N, C, H, W); colour statistics are averaged for gray pictures."""
    values = x.new_tensor(numbers)
    if len(numbers) == 3 and x.shape[1] == 1:
        values = values.mean()
    return values.view(1, -1, 1, 1)


@apply.register
def normalize(step: s.Normalize, x: Tensor, draws: Draws) -> Tensor:
    mean, std = IMAGENET if isinstance(step.mean, str) else (step.mean, step.std or (1.0,))
    return (x - per_channel(mean, x)) / per_channel(std, x)


@apply.register
def standardize(step: s.Standardize, x: Tensor, draws: Draws) -> Tensor:
    if step.center:
        x = x - x.mean((1, 2, 3), keepdim=True)
    if step.scale:
        x = x / (x.std((1, 2, 3), keepdim=True) + 1e-6)
    return x
