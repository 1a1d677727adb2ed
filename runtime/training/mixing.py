"""mixup (Zhang et al., 2017) and cutmix (Yun et al., 2019), drawn anew for each step from (seed, step)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ...compiler.recipes.course import Mix
from ..batches import keyed
from ..batches.tensors import beside


def mixed(mix: Mix, x: Tensor, y: Tensor, classes: int, seed: int, step: int) -> tuple[Tensor, Tensor]:
    """The batch mixed with itself in another order, and its labels as (N, classes) of probabilities."""
    draw = keyed.generator(seed, keyed.MIX, step)
    kinds = [name for name in ("mixup", "cutmix") if getattr(mix, name) > 0]
    labels = functional.one_hot(y, classes).float()
    if not kinds:
        return x, labels
    kind = kinds[int(draw.integers(len(kinds)))]
    alpha = getattr(mix, kind)
    share = float(draw.beta(alpha, alpha))
    order = beside(torch.from_numpy(draw.permutation(len(x))), x)
    if kind == "mixup":
        return share * x + (1 - share) * x[order], share * labels + (1 - share) * labels[order]
    height, width = x.shape[-2:]
    tall, wide = round(height * (1 - share) ** 0.5), round(width * (1 - share) ** 0.5)
    top, left = int(draw.integers(height - tall + 1)), int(draw.integers(width - wide + 1))
    x = x.clone()
    x[..., top : top + tall, left : left + wide] = x[order][..., top : top + tall, left : left + wide]
    share = 1 - tall * wide / (height * width)
    return x, share * labels + (1 - share) * labels[order]
