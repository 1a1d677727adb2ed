"""`standardize zca=true`, with what a run measured for it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ...compiler.recipes.steps import Standardize, Step
from ..batches.draws import Draws
from ..data import DataError
from .base import apply
from .tone import of_samples


def whitens(step: Step) -> bool:
    """Whether the step asks for it."""
    return isinstance(step, Standardize) and step.zca


class Whitening(NamedTuple):
    """What `standardize zca=true` measured: a mean per channel, and a matrix of all values, channels first."""

    mean: Tensor
    matrix: Tensor


class Whitened(Standardize):
    """`standardize zca=true` with what was measured for it."""

    def __init__(self, step: Standardize, found: Whitening) -> None:
        super().__init__(**step.__dict__)
        self.__dict__["found"] = {torch.device("cpu"): found}

    def on(self, device: torch.device) -> Whitening:
        """What was measured, brought to a device once."""
        found: dict[torch.device, Whitening] = self.__dict__["found"]
        if device not in found:
            found[device] = Whitening(*(value.to(device) for value in found[torch.device("cpu")]))
        return found[device]


@apply.register
def whitened(step: Whitened, x: Tensor, draws: Draws) -> Tensor:
    mean, matrix = step.on(x.device)
    values = (of_samples(step, x) - mean.view(-1, *[1] * (x.ndim - 2))).flatten(1)
    if values.shape[1] != len(matrix):
        raise DataError(f"`standardize zca=true` measured examples of {len(matrix):,} values, not {values.shape[1]:,}")
    return (values @ matrix).view(x.shape)


def measured_by(steps: tuple[Step, ...], found: Whitening | None) -> tuple[Step, ...]:
    """The steps with what was measured for them."""
    return tuple(
        Whitened(step, found) if found is not None and isinstance(step, Standardize) and step.zca else step
        for step in steps
    )
