"""What examples go through on their way to the network, as whole batches."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...compiler.recipes.steps import Erase, Noise, Step
from ..augment import apply, in_bytes, moves, sizing
from ..data import DataError
from ..devices.ranks import Positions
from .draws import Draws
from .stock import Wanted
from .tensors import in_unit

NOBODY = np.empty(0, np.int64)
"""The names of examples where nothing is drawn."""


class Made(NamedTuple):
    """Examples of one input (N, C, spatial...), the masks that go with them, and what they are without noise, where it
    is kept and differs."""

    x: Tensor
    mask: Tensor | None = None
    clean: Tensor | None = None


class Way(NamedTuple):
    """Steps, drawn by a seed, to what the network takes; `clean` keeps what examples are without noise and blanks."""

    steps: tuple[Step, ...]
    wanted: Wanted
    seed: int = 0
    clean: bool = False

    def gone(
        self, part: range, made: Made, epoch: int = 0, place: int = 0, names: Positions = NOBODY,
        others: Tensor | None = None,
    ) -> Made:  # fmt: skip
        """Examples of the input at a `place` after some of the steps. What is drawn hangs on their names."""
        x, mask, clean = made
        for number in part:
            step, draws = self.steps[number], Draws(self.seed, epoch, number + 100 * place, names, others)
            spoils = isinstance(step, (Noise, Erase))
            if self.clean and clean is None and spoils:
                clean = x
            mask = apply(step, mask, draws) if mask is not None and moves(step) else mask
            clean = changed(step, clean, draws) if clean is not None and not spoils else clean
            x = changed(step, x, draws)
        return Made(x, mask, clean)

    def ended(self, x: Tensor) -> Tensor:
        """Examples as the network takes them: brightness, layout. DataError where they have another size."""
        self.require_size(x)
        x = in_unit(x)
        x = x.mul(255) if self.wanted.to_255 else x
        return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x.contiguous()

    def require_size(self, x: Tensor) -> None:
        *sizes, channels = self.wanted.shape
        if x.shape[1:] == (channels, *sizes):
            return
        found, wanted = ("x".join(map(str, shape)) for shape in ((*x.shape[2:], x.shape[1]), self.wanted.shape))
        sized = any(map(sizing, self.steps))
        kind = "steps give pictures" if sized else "examples are"
        hint = f": end them with `center_crop {'x'.join(map(str, sizes))}`" if sized else ""
        raise DataError(f"the {kind} of {found}, the model takes {wanted}{hint}")


def changed(step: Step, x: Tensor, draws: Draws) -> Tensor:
    """Examples after a step; pictures stay bytes, a quarter of the same as numbers, as long as steps take them."""
    takes = in_bytes(step) and (x.ndim == 4 or not sizing(step))
    return apply(step, x if takes else in_unit(x), draws)
