"""Label maps beside outputs: the part an output sees, and what each place weighs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ...compiler.recipes.learning import Border


@dataclass(frozen=True)
class Maps:
    """What each place of an output weighs, for the losses that weigh places: wanted are the way and the sizes of the
    output. Where batches are made, since a GPU would wait for it."""

    wanted: tuple[tuple[Border, tuple[int, ...]], ...]

    def __call__(self, labels: Tensor) -> tuple[Tensor, ...]:
        """Of label maps (N, spatial...)."""
        return tuple(border_weights(said, within(labels, sizes, labels.ndim + 1)) for said, sizes in self.wanted)


def framed(target: Tensor, found: Tensor) -> Tensor:
    """The label map, or the map to be given back, for the places of an output."""
    return within(target, tuple(found.shape[2:]), found.ndim)


def within(target: Tensor, sizes: tuple[int, ...], rank: int) -> Tensor:
    """The map for an output of these spatial sizes and so many dimensions in all.

    An output of more than half the size sees the middle, as that of U-Net, whose convolutions have no border. A smaller
    one is coarser: of its places the nearest label counts.
    """
    there = target.shape[-len(sizes) :] if sizes else ()
    if not sizes or target.ndim < 1 + len(sizes) or there == sizes:
        return target
    if all(n <= m and 2 * n > m for n, m in zip(sizes, there)):
        for axis, (n, m) in enumerate(zip(sizes, there), target.ndim - len(sizes)):
            target = target.narrow(axis, (m - n) // 2, n)
        return target
    maps = target if target.ndim == rank else target[:, None]
    taken = functional.interpolate(maps.float(), sizes, mode="nearest-exact").to(target.dtype)
    return taken if target.ndim == rank else taken[:, 0]


def border_weights(said: Border, target: Tensor) -> Tensor:
    """Ronneberger et al. (2015), equation 2 with equal weights of the classes: 1 + w0 exp(-(d1 + d2)^2 / 2 sigma^2).

    d1 and d2 are the distances to the two nearest things: connected pieces of what is not background.
    """
    weights = [1 + said.w0 * nearness(one, said.sigma) for one in target.numpy()]
    return torch.from_numpy(np.stack(weights)).to(torch.float32)


def nearness(labels: NDArray[np.int64], sigma: float) -> NDArray[np.float64]:
    """exp(-(d1 + d2)^2 / 2 sigma^2) in the background, 0 on things and where there are not two."""
    from scipy import ndimage

    pieces, count = ndimage.label(labels > 0)
    if count < 2:
        return np.zeros(labels.shape)
    distances = np.stack([ndimage.distance_transform_edt(pieces != i + 1) for i in range(count)])
    first, second = np.partition(distances, 1, axis=0)[:2]
    return np.where(pieces == 0, np.exp(-((first + second) ** 2) / (2 * sigma**2)), 0.0)
